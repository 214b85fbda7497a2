#!/usr/bin/env node
/* test_hls.mjs - /playlist.m3u8 played by hls.js: times, discontinuities and pictures, over segments and gaps and up to now. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { BareVideo, missingFor } from "./bare_video.mjs";
import { Recorder } from "./recorder.mjs";
import { check, note, runTests, waitFor } from "./tap.mjs";

const FRAME_MS = 1000 / 30, GAP_MS = 3000, ENTRY_MAX_S = 6, BEHIND_MS = 12000;

/* hls.js on the page's <video>; window.hls and window.levels (its lists) stand there afterwards. Runs in the browser. */
function attach(source, url) {
  window.eval(source);
  window.hls = new window.Hls({ liveSyncDurationCount: 1, maxBufferLength: 60 });
  window.troubles = [];
  window.hls.on("hlsError", (_, { type, details, fatal }) => window.troubles.push(`${type} ${details} ${fatal}`));
  window.hls.loadSource(url);
  window.hls.attachMedia(document.querySelector("video"));
}

/* What hls.js knows of the list. Runs in the browser. */
const listed = () => {
  const details = window.hls.levels[0]?.details;
  return details && { live: details.live, target: details.targetduration, troubles: window.troubles, entries: details.fragments.map(
    ({ start, duration, programDateTime, cc, relurl }) => ({ start, duration, at: programDateTime, cc, file: relurl })) };
};

class Player extends BareVideo {
  async play(path) {
    await this.open();
    const source = readFileSync(createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js"), "utf8");
    await this.page.evaluate(attach, source, this.recorder.url + path);
    await waitFor(() => this.page.evaluate(() => document.querySelector("video").readyState >= 2), "the list plays");
  }

  list() {
    return this.page.evaluate(listed);
  }

  /* Goes to a moment by the list's dates and gives the number that stands there. */
  async seekTo(ms) {
    const { entries } = await this.list();
    const entry = entries.findLast(({ at }) => at <= ms);
    return this.seek(entry.start + (ms - entry.at) / 1000);
  }
}

async function makeArchive(recorder) {
  await recorder.taken(5000);
  await recorder.onDisk(await recorder.taken(14000, await recorder.makeGap(GAP_MS))); // over a border of two segments
}

function hlsTests(recorder, player) {
  return [
    ["a past range has its dates, a discontinuity at each file, and the right picture at any time", async () => {
      const frames = recorder.frames(), from = Math.ceil(frames[0].ms / 1000), to = Math.floor(frames.at(-1).ms / 1000) - 1;
      await player.play(`/playlist.m3u8?from=${from}&to=${to}`);
      const { live, entries, target, troubles } = await player.list();
      check(!live && entries.every(({ duration }) => duration <= target && duration <= ENTRY_MAX_S), JSON.stringify(entries));
      const files = [...new Set(entries.map(({ file }) => file))];
      check(files.length >= 3 && entries.at(-1).cc === files.length - 1, `${files.length} files, ${entries.at(-1).cc} discontinuities`);
      for (const { at } of entries) {
        const near = Math.min(...frames.map(({ ms }) => Math.abs(ms - at)));
        check(near < 1.5, `an entry begins ${near} ms from any frame`);
      }
      const shown = frames.filter(({ ms }) => ms >= entries[0].at - 1 && ms < to * 1000);
      const gap = shown.findIndex(({ ms }, at) => at > 0 && ms - shown[at - 1].ms > GAP_MS / 2);
      for (const at of [2, gap - 2, gap + 2, gap + 61, shown.length - 8, Math.floor(gap / 2), gap + 200]) {
        const seen = await player.seekTo(shown[at].ms + FRAME_MS / 2);
        check(seen === shown[at].number, `at frame ${at} number ${seen} stands, not ${shown[at].number}; the gap is at ${gap}`);
      }
      check(troubles.every((one) => !one.endsWith("true")), troubles.join(", "));
    }],

    ["a range that ends now goes on", async () => {
      await player.play(`/playlist.m3u8?from=${Math.floor(recorder.frames().at(-1).ms / 1000) - 9}`);
      const first = await player.list();
      check(first.live, "the list has an end");
      const entries = await waitFor(async () => {
        const now = (await player.list()).entries;
        return now.length > first.entries.length + 1 && Date.now() - now.at(-1).at < BEHIND_MS && now;
      }, "the list grows, and keeps up");
      check(entries[0].at === first.entries[0].at && entries[0].file === first.entries[0].file, "its beginning has changed");
      const frame = recorder.frames().findLast(({ ms }) => ms <= entries.at(-1).at + 1000);
      const moment = frame.ms + FRAME_MS / 2, seen = await player.seekTo(moment);
      check(seen === frame.number, `number ${seen} stands, not ${frame.number}`);
    }],
  ];
}

const why = await missingFor("chrome") ?? await import("hls.js").then(() => null, () => "hls.js is not installed (make deps)");
if (why) {
  console.log(`1..0 # SKIP ${why}`);
} else {
  const recorder = new Recorder(), player = new Player("chrome", recorder);
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all([makeArchive(recorder), player.start()]);
    failed = await runTests(hlsTests(recorder, player));
  } catch (error) {
    console.log("Bail out! the recorder or the browser does not start");
    note(error.stack);
  } finally {
    await player.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
