#!/usr/bin/env node
/* test_line_modules.mjs - what the page asks for over a line that does not carry everything. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTests } from "./tap.mjs";

/* A copy of www/ that tells node what a browser knows anyway: the scripts are modules. */
const copy = mkdtempSync(join(tmpdir(), "recorder-www."));
cpSync(new URL("../../www/", import.meta.url), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const { LineRate } = await import(join(copy, "line-rate.js"));
const { VideoLine } = await import(join(copy, "video-line.js"));
rmSync(copy, { recursive: true });

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;

/*
 * Small pictures over a line that carries so many per second and holds up to two more, for so long. Returns how
 * late, in milliseconds, the last picture came. The camera's clock is `ahead`.
 */
function watchOver(rate, carried, seconds, now, ahead) {
  const until = now + 1000 * seconds;
  let free = now, due = now, late = 0;
  for (let began = rate.begin(now) ?? now; free < until;) {
    const arrives = Math.max(free, due) + 1000 / carried;
    late = arrives - due;
    if (rate.take(due + ahead, arrives)) rate.begin(began = due = arrives);
    free = arrives;
    due = Math.max(due + 1000 / rate.fps, arrives - 3000 / carried, began); // what does not fit is left out
  }
  return late;
}

/*
 * Live video of 10 frames per second, over a line that carries so many times its bits, until then. A key frame comes
 * each second and takes a tenth of the bits. Returns what was asked for, {at, keyframes}, and the oldest frame, in
 * seconds, once the line has been asked for what it carries.
 */
function watchVideo(line, carried, from, until, started = 5) {
  const asked = [];
  let free = from, frame = Math.ceil(from / 100), oldest = 0;
  const begin = () => {
    asked.push({ at: free, keyframes: line.keyframes });
    line.begin(free);
    frame = 10 * Math.floor(free / SECOND); // the newest key frame
  };
  for (begin(); free < until; frame += line.keyframes ? 10 : 1) {
    const bits = line.keyframes ? SECOND / 10 : 100;
    free = Math.max(free, frame * 100) + bits / carried;
    if (free > from + started * SECOND) oldest = Math.max(oldest, free / SECOND - frame / 10);
    if (line.take(frame / 10 - 1000, free)) begin();
  }
  return { asked, oldest };
}

const failed = await runTests([
  ["small pictures come as often as the line carries, and are new", () => {
    for (const ahead of [0, 9 * HOUR, -9 * HOUR]) {
      const rate = new LineRate(10);
      watchOver(rate, 40, 60, 0, ahead);
      assert.equal(rate.fps, 10);
      assert.ok(watchOver(rate, 3, 25, MINUTE, ahead) < 700);
      assert.ok(rate.fps < 3, `${rate.fps} per second`);
      watchOver(rate, 40, 120, 2 * MINUTE, ahead);
      assert.equal(rate.fps, 10);
    }
  }],

  ["a picture that the camera repeats says nothing about the line", () => {
    const rate = new LineRate(10);
    rate.begin(0);
    for (let now = 0; now < MINUTE; now += SECOND) assert.ok(!rate.take(5, now));
    assert.equal(rate.fps, 10);
  }],

  ["a line that carries the video gets every frame in one stream", () => {
    const { asked, oldest } = watchVideo(new VideoLine(), 1.2, 1700, 10 * MINUTE, 10);
    assert.deepEqual(asked, [{ at: 1700, keyframes: false }]);
    assert.ok(oldest < 0.5, `${oldest} s`);
  }],

  ["a line that does not carry it gets key frames only, and every frame is tried less and less often", () => {
    const { asked } = watchVideo(new VideoLine(), 0.4, 0, 20 * MINUTE);
    const tries = asked.filter(({ keyframes }, at) => !keyframes && at > 0 && asked[at - 1].keyframes);
    assert.ok(asked[2].keyframes && asked[2].at < 20 * SECOND, JSON.stringify(asked));
    assert.ok(tries.length > 2 && tries.length < 8, JSON.stringify(tries));
    const pauses = tries.slice(1).map(({ at }, before) => at - tries[before].at);
    for (let at = 1; at < pauses.length; at++) assert.ok(pauses[at] >= pauses[at - 1], pauses);
  }],

  ["no picture over such a line is older than a few seconds, whatever it carries", () => {
    for (const carried of [0.25, 0.5, 0.8, 0.95]) {
      const { oldest } = watchVideo(new VideoLine(), carried, 0, 10 * MINUTE);
      assert.ok(oldest < 6, `${oldest} s where ${carried} of the bits are carried`);
    }
  }],

  ["a line that was slow once gets every frame again", () => {
    const line = new VideoLine();
    watchVideo(line, 0.4, 0, MINUTE);
    const { asked } = watchVideo(line, 3, MINUTE, 20 * MINUTE);
    assert.equal(asked.at(-1).keyframes, false);
    assert.ok(asked.at(-1).at < 3 * MINUTE, JSON.stringify(asked));
  }],

  ["a computer that is busy for a moment changes nothing", () => {
    const line = new VideoLine();
    line.begin(0);
    for (let frame = 0; frame < 600; frame++) {
      const busy = frame % 100 < 10 ? 1000 : 0;
      assert.ok(!line.take(frame / 10, frame * 100 + busy));
    }
    assert.equal(line.keyframes, false);
  }],
]);
process.exitCode = failed ? 1 : 0;
