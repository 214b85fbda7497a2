#!/usr/bin/env node
/* test_restarts.mjs - a clip across restarts with other encoder settings is right on both sides of each border. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BareVideo, missingFor } from "./bare_video.mjs";
import { Recorder } from "./recorder.mjs";
import { check, note, runTests } from "./tap.mjs";

/* Without CABAC and with one reference frame, then profiles that have both; and other qualities. */
const SETTINGS = [
  { preset: "medium", quality: 18 }, { preset: "ultrafast", quality: 40 }, { preset: "slow", quality: 30 },
];
const RUN_MS = 4000, FRAME_MS = 1000 / 30;

const recorder = new Recorder(), players = [];
let failed = 1;
try {
  await recorder.start();
  let begun = null;
  for (const record of SETTINGS) {
    await recorder.waitTaken(RUN_MS, begun);
    await recorder.command("restart_recorderd", record);
    begun = recorder.frames().at(-1).ms;
  }
  await recorder.waitOnDisk(await recorder.waitTaken(RUN_MS, begun) - 1000);
  const frames = recorder.frames();
  const from = Math.ceil(frames[0].ms / 1000), to = Math.floor(frames.at(-1).ms / 1000) - 1;
  const path = `/footage?from=${from}&to=${to}`, { headers } = await fetch(recorder.url + path);
  const start = 1000 * headers.get("X-Clip-Start");
  const shown = frames.filter(({ ms }) => ms >= start - 0.3 && ms < to * 1000);
  const starts = (await recorder.json("/recordings")).map((file) => Date.parse(file.start)).sort((a, b) => a - b);
  const borders = starts.map((begin) => shown.findIndex(({ ms }) => ms >= begin - 1)).filter((at) => at > 0);
  const looks = [3, ...borders.flatMap((at) => [at - 2, at - 1, at, at + 1, at + 20]), shown.length - 3];

  const tests = [["ffmpeg: every frame is right", async () => {
    const file = join(recorder.folder, "restarts.mp4");
    writeFileSync(file, Buffer.from(await (await fetch(recorder.url + path)).arrayBuffer()));
    const numbers = (await recorder.command("clip_frames", file)).map(([, number]) => number);
    const wrong = shown.findIndex(({ number }, at) => numbers[at] !== number);
    check(numbers.length === shown.length && wrong < 0,
      `${numbers.length} frames, not ${shown.length}; frame ${wrong} is wrong; borders at ${borders}`);
  }]];
  for (const kind of ["chrome", "firefox"]) {
    const why = await missingFor(kind);
    tests.push([`${kind}: the pictures around each border are right${why ? ` # SKIP ${why}` : ""}`, async () => {
      if (why) return;
      const player = new BareVideo(kind, recorder);
      players.push(player);
      await player.start();
      await player.open(path);
      check(borders.length >= SETTINGS.length, `${borders.length} borders`);
      for (const at of looks) {
        const number = await player.seek((shown[at].ms - start + FRAME_MS / 2) / 1000);
        const wanted = shown[at].number;
        check(number === wanted, `frame ${at} is number ${number}, not ${wanted}; borders at ${borders}`);
      }
      await player.stop();
    }]);
  }
  failed = await runTests(tests);
} catch (error) {
  console.log("Bail out! the recorder does not start");
  note(error.stack);
} finally {
  for (const player of players) await player.stop();
  await recorder.stop();
}
process.exitCode = failed ? 1 : 0;
