#!/usr/bin/env node
/* test_hls.mjs - hls.js plays /playlist.m3u8: times, discontinuities and pictures, across segments and gaps. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { BareVideo, missingFor } from "./bare_video.mjs";
import { Recorder } from "./recorder.mjs";
import { check, note, runTests, waitFor } from "./tap.mjs";

const FRAME_MS = 1000 / 30, GAP_MS = 3000, SEGMENT_MAX_S = 6, BEHIND_MS = 12000;

/* Runs in the browser. Attaches hls.js to the page's <video> as window.hls; window.errors are what it reports. */
function attach(source, url) {
  window.eval(source);
  window.hls = new window.Hls({ liveSyncDurationCount: 1, maxBufferLength: 60 });
  window.errors = [];
  window.hls.on("hlsError", (_, { type, details, fatal }) => window.errors.push(`${type} ${details} ${fatal}`));
  window.hls.loadSource(url);
  window.hls.attachMedia(document.querySelector("video"));
}

/* Runs in the browser. The playlist as hls.js has read it. */
function readPlaylist() {
  const details = window.hls.levels[0]?.details;
  const readSegment = ({ start, duration, programDateTime, cc, relurl }) =>
    ({ start, duration, at: programDateTime, cc, file: relurl });
  if (!details) return null;
  const { live, targetduration: target, fragments } = details;
  return { live, target, errors: window.errors, segments: fragments.map(readSegment) };
}

/* Runs in the browser. What hls.js does with low-latency HLS, and what is seen of it. */
function readLive() {
  const video = document.querySelector("video"), { partTarget = 0, partList = [] } = window.hls.levels[0]?.details ?? {};
  video.muted = true;
  if (video.paused) video.play();
  const loaded = performance.getEntriesByType("resource").filter(({ name }) => /live\.mp4.*part=/.test(name)).length;
  return { partTarget, parts: partList?.length, loaded, latency: window.hls.latency, errors: window.errors };
}

class HlsPlayer extends BareVideo {
  async play(path) {
    await this.open();
    const source = readFileSync(createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js"), "utf8");
    await this.page.evaluate(attach, source, this.recorder.url + path);
    const plays = () => this.page.evaluate(() => document.querySelector("video").readyState >= 2);
    await waitFor(plays, "the playlist plays");
  }

  playlist() {
    return this.page.evaluate(readPlaylist);
  }

  /* Seeks to a wall time by the dates of the playlist. Resolves to the number of the frame that is shown there. */
  async seekTo(ms) {
    const { segments } = await this.playlist();
    const segment = segments.findLast(({ at }) => at <= ms);
    return this.seek(segment.start + (ms - segment.at) / 1000);
  }
}

async function makeArchive(recorder) {
  await recorder.waitTaken(5000);
  await recorder.waitOnDisk(await recorder.waitTaken(14000, await recorder.makeGap(GAP_MS))); // across two segments
}

function hlsTests(recorder, player) {
  return [
    ["a range in the past has dates, a discontinuity at each file, and the right picture at any time", async () => {
      const frames = recorder.frames();
      const from = Math.ceil(frames[0].ms / 1000), to = Math.floor(frames.at(-1).ms / 1000) - 1;
      await player.play(`/playlist.m3u8?from=${from}&to=${to}`);
      const { live, segments, target, errors } = await player.playlist();
      const short = segments.every(({ duration }) => duration <= target && duration <= SEGMENT_MAX_S);
      check(!live && short, JSON.stringify(segments));
      const files = new Set(segments.map(({ file }) => file)).size;
      check(files >= 3 && segments.at(-1).cc === files - 1, `${files} files, ${segments.at(-1).cc} discontinuities`);
      for (const { at } of segments) {
        const near = Math.min(...frames.map(({ ms }) => Math.abs(ms - at)));
        check(near < 1.5, `a segment begins ${near} ms from any frame`);
      }
      const shown = frames.filter(({ ms }) => ms >= segments[0].at - 1 && ms < to * 1000);
      const gap = shown.findIndex(({ ms }, at) => at > 0 && ms - shown[at - 1].ms > GAP_MS / 2);
      for (const at of [2, gap - 2, gap + 2, gap + 61, shown.length - 8, Math.floor(gap / 2), gap + 200]) {
        const number = await player.seekTo(shown[at].ms + FRAME_MS / 2), wanted = shown[at].number;
        check(number === wanted, `frame ${at} is number ${number}, not ${wanted}; the gap is at ${gap}`);
      }
      check(errors.every((error) => !error.endsWith("true")), errors.join(", "));
    }],

    ["a range that ends now goes on", async () => {
      await player.play(`/playlist.m3u8?from=${Math.floor(recorder.frames().at(-1).ms / 1000) - 9}`);
      const first = await player.playlist();
      check(first.live, "the playlist has an end");
      const segments = await waitFor(async () => {
        const { segments: now } = await player.playlist();
        return now.length > first.segments.length + 1 && Date.now() - now.at(-1).at < BEHIND_MS && now;
      }, "the playlist grows and keeps up");
      const same = segments[0].at === first.segments[0].at && segments[0].file === first.segments[0].file;
      check(same, "its beginning has changed");
      const frame = recorder.frames().findLast(({ ms }) => ms <= segments.at(-1).at + 500); // within the last segment that is listed
      const number = await player.seekTo(frame.ms + FRAME_MS / 2);
      check(number === frame.number, `number ${number} is shown, not ${frame.number}`);
    }],

    ["low-latency HLS of the live video plays by parts, some parts behind the camera", async () => {
      await player.play("/live.m3u8");
      const live = await waitFor(async () => {
        const now = await player.page.evaluate(readLive);
        return now.loaded >= 5 && now.latency > 0 && now.latency < 3 * now.partTarget + 2 && now;
      }, "parts are loaded, and it is near the edge");
      check(live.partTarget === 0.42 && live.parts >= 4, JSON.stringify(live));
      check(live.errors.every((error) => !error.endsWith("true")), live.errors.join(", "));
    }],
  ];
}

const hlsMissing = () => import("hls.js").then(() => null, () => "hls.js is not installed (make deps)");
const why = await missingFor("chrome") ?? await hlsMissing();
if (why) {
  console.log(`1..0 # SKIP ${why}`);
} else {
  const recorder = new Recorder(), player = new HlsPlayer("chrome", recorder);
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
