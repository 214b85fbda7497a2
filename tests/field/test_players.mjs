#!/usr/bin/env node
/*
 * test_players.mjs - players of web pages (video.js, Shaka Player, hls.js) play a playlist from beginning to end:
 * across segments, a gap, and a change of the picture's size.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BareVideo, missingFor, readNumber } from "../browser/bare_video.mjs";
import { Recorder } from "../browser/recorder.mjs";
import { check, note, runTests, sleep, waitFor } from "../browser/tap.mjs";

const RATE = 2, GAP_MS = 3000, PART_FRAMES = 20, END_FRAMES = 15;

const script = (path) => fileURLToPath(new URL(path, import.meta.url));

/* Each has a function that runs in the browser, with the video and the URL of the playlist. */
const PLAYERS = {
  "video.js": [script("node_modules/video.js/dist/video.min.js"), (video, url) => {
    const player = window.videojs(video, { html5: { vhs: { overrideNative: true } } });
    player.on("error", () => window.errors.push(player.error().message));
    player.src({ src: url, type: "application/x-mpegURL" });
  }],
  "Shaka Player": [script("node_modules/shaka-player/dist/shaka-player.compiled.js"), async (video, url) => {
    window.shaka.polyfill.installAll();
    const player = new window.shaka.Player();
    const report = (error) => window.errors.push(`shaka ${error.code} ${error.data}`);
    player.addEventListener("error", ({ detail }) => report(detail));
    await player.attach(video);
    await player.load(url, 0).catch(report);
  }],
  "hls.js": [script("../browser/node_modules/hls.js/dist/hls.min.js"), (video, url) => {
    const player = new window.Hls();
    player.on("hlsError", (_, { details, fatal }) => fatal && window.errors.push(details));
    player.loadSource(url);
    player.attachMedia(video);
  }],
};

/* Runs in the browser. Plays to the end; window.shown gets the number of each picture that the browser paints. */
function playToEnd(read, begin, source, url, rate) {
  window.eval(source);
  window.shown = [];
  window.errors = [];
  const video = document.querySelector("video"), number = window.eval(`(${read})`);
  video.muted = true;
  video.requestVideoFrameCallback(function look() {
    window.shown.push(number("video"));
    video.requestVideoFrameCallback(look);
  });
  video.addEventListener("canplay", () => {
    video.playbackRate = rate;
    video.play();
  }, { once: true });
  return window.eval(`(${begin})`)(video, url);
}

/* Runs in the browser. */
function look() {
  const { ended, paused, currentTime: at, duration, readyState, buffered } = document.querySelector("video");
  const ranges = Array.from({ length: buffered.length }, (_, range) => [buffered.start(range), buffered.end(range)]);
  return { ended, paused, at, duration, readyState, ranges, errors: window.errors, shown: window.shown };
}

/* Position of each number that was shown among the frames; throws at one that does not follow the one before. */
function positions(frames, shown) {
  let at = 0;
  return shown.map((number) => {
    at = frames.findIndex((frame, place) => place >= at && frame.number === number);
    check(at >= 0, `number ${number} is out of order after ${at} of ${frames.length}: ${shown}`);
    return at;
  });
}

async function makeArchive(recorder) {
  await recorder.waitTaken(5000);
  await recorder.waitOnDisk(await recorder.waitTaken(12000, await recorder.makeGap(GAP_MS))); // across two segments
  const sizeAt = recorder.frames().length;
  await recorder.command("stop_recorderd");
  await sleep(GAP_MS); // the length of the gap is what the test is about
  await recorder.command("change_size", 160, 90);
  const first = await waitFor(() => recorder.frames()[sizeAt + 40], "frames of another size");
  await recorder.waitOnDisk(await recorder.waitTaken(6000, first.ms));
  await recorder.command("stop_recorderd"); // the archive stays as it is
}

/* The first frame of each part: the beginning, after the gap, after the change of size. */
function partsOf(frames) {
  return frames.flatMap(({ ms }, at) => (at === 0 || ms - frames[at - 1].ms > GAP_MS / 2 ? [at] : []));
}

function playerTest(recorder, player, name, [file, begin]) {
  return [`${name} plays across segments, a gap and a change of size (${player.kind})`, async () => {
    const all = recorder.frames(), from = Math.ceil(all[0].ms / 1000), to = Math.floor(all.at(-1).ms / 1000);
    const frames = all.filter(({ ms }) => ms >= from * 1000), parts = partsOf(frames);
    const end = frames.findLastIndex(({ ms }) => ms < to * 1000);
    check(parts.length === 3, `${parts.length} parts`);
    await player.open();
    const url = `${recorder.url}/playlist.m3u8?from=${from}&to=${to}`, source = readFileSync(file, "utf8");
    await player.page.evaluate(playToEnd, String(readNumber), String(begin), source, url, RATE);
    let now;
    const isOver = async () => {
      now = await player.page.evaluate(look);
      return now.ended || now.errors.length > 0;
    };
    await waitFor(isOver, () => `the end, from ${JSON.stringify(now)}`);
    const { shown, errors } = now;
    check(errors.length === 0, errors.join("; "));
    const seen = positions(frames, shown);
    for (const [part, at] of parts.entries()) {
      const count = seen.filter((place) => place >= at && place < (parts[part + 1] ?? Infinity)).length;
      check(count >= PART_FRAMES, `${count} pictures of part ${part}: ${shown}`);
    }
    check(seen.at(-1) > end - END_FRAMES && seen.at(-1) <= end, `it ends ${end - seen.at(-1)} frames early`);
  }];
}

const why = await missingFor("chrome");
if (why) {
  console.log(`1..0 # SKIP ${why}`);
} else {
  const recorder = new Recorder(), browsers = [];
  for (const kind of ["chrome", "firefox"]) if (!await missingFor(kind)) browsers.push(new BareVideo(kind, recorder));
  const installed = Object.entries(PLAYERS).filter(([, [file]]) => existsSync(file));
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all([makeArchive(recorder), ...browsers.map((browser) => browser.start())]);
    failed = await runTests(browsers.flatMap((browser) =>
      installed.map(([name, player]) => playerTest(recorder, browser, name, player))));
  } catch (error) {
    console.log("Bail out! the recorder or a browser does not start");
    note(error.stack);
  } finally {
    for (const browser of browsers) await browser.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
