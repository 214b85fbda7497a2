#!/usr/bin/env node
/* test_motion_modules.mjs - the parts of the page that show motion and gaps and need no browser: areas, names, sums. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTests, waitFor } from "./tap.mjs";

/* A copy of www/ that tells node what a browser knows anyway: the scripts are modules. */
const copy = mkdtempSync(join(tmpdir(), "recorder-www."));
cpSync(new URL("../../www/", import.meta.url), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const load = (name) => import(join(copy, name));

const { path } = await load("api.js");
const { addressOf, readAddress } = await load("address.js");
const { areaBetween, fitArea, moveArea, resizeArea } = await load("area-box.js");
const { coverageOf, coverageText } = await load("coverage.js");
const { cleanName, excludedText, freeName, iniLine, mergeExcluded, readExcluded } = await load("excluded-areas.js");
const { hidesText } = await load("excluded-list.js");
const { heatColour, heatShare } = await load("heat-map.js");
const { Latest } = await load("latest.js");
const { cornersOf } = await load("masked-parts.js");
const { motionMessage } = await load("motion-panel.js");
const { areaText, MotionQuestion, parseArea } = await load("motion-question.js");
const { barHeight, drawMotion } = await load("motion-strip.js");
const { widen } = await load("moving-periods.js");
const { fitPicture } = await load("picture-box.js");
const { Playable } = await load("playable.js");
const { TimeScale } = await load("time-scale.js");
rmSync(copy, { recursive: true });

const SECOND = 1000;
const near = (area, wanted) => {
  for (const name of Object.keys(wanted)) assert.ok(Math.abs(area[name] - wanted[name]) < 1e-9, JSON.stringify(area));
};
const part = (name, x, lifted = false) => ({ name, x, y: 0.1, width: 0.2, height: 0.3, lifted });

/* [colour, from, to] of what is filled in the strip, in seconds. */
function drawn(motion, now, from, to) {
  const scale = new TimeScale(), filled = [];
  scale.width = (to - from) / SECOND * 10;
  scale.show(from, to);
  const fillRect = (left, top, width) => filled.push([context.fillStyle, left / 10, (left + width) / 10]);
  const context = { fillRect };
  const ink = { unknown: "unknown", lane: "still", faint: "faint", clear: "clear", strong: "strong" };
  drawMotion(context, scale, ink, { motion, now }, 0, 28);
  return filled.map(([colour, left, right]) => [colour, Math.max(0, left), Math.min(right, scale.width / 10)]);
}

const failed = await runTests([
  ["what is missing of a period is counted, and only all of it is 100 %", () => {
    const gaps = [{ from: 0, to: 10, cause: "disk" }, { from: 3600 * SECOND, to: 3900 * SECOND, cause: "schedule" }];
    const text = (from, to) =>
      coverageText(coverageOf({ from: 0, to: 36000 * SECOND, gaps }, { from, to: to * SECOND }));
    assert.deepEqual([text(-SECOND, 36000), text(5, 3600), text(7200 * SECOND, 72000)],
      ["99.1 %, 2 gaps, 5 min 00 s", "99.9 %, 1 gap, 5 ms", "100 %, no gaps"]);
  }],

  ["what is masked is outlined, as a rectangle or a polygon", () => {
    assert.deepEqual(cornersOf("0.25,0.5,0.5,0.125"), [[0.25, 0.5], [0.75, 0.5], [0.75, 0.625], [0.25, 0.625]]);
    assert.deepEqual(cornersOf("0,0,1,0,.5,1"), [[0, 0], [1, 0], [0.5, 1]]);
    for (const text of ["", "a,b,c,d", "0,0,1", "0,0,1,1,1"]) assert.equal(cornersOf(text), null);
  }],

  ["a question has the names of the API, and what is not asked for is left out", () => {
    const question = new MotionQuestion();
    assert.equal(path("/events", question.query), "/events");
    question.set({ area: part("", 0.25), excluded: [part("a", 0.8), part("b", 0.5, true)], strength: "clear" });
    const address = path("/events", question.query);
    assert.equal(decodeURIComponent(address), "/events?area=0.25,0.1,0.2,0.3&not=0.8,0.1,0.2,0.3&strength=clear");
    question.set({ excluded: [part("a", 0.8), part("b", 0.5)] });
    assert.equal(path("/motion", { not: question.query.not }).match(/not=/g).length, 2);
  }],

  ["an area that cannot be is none", () => {
    assert.equal(areaText(parseArea("0.1,0.2,0.3,0.4")), "0.1,0.2,0.3,0.4");
    for (const text of ["", null, "1,2,3", "0,0,0,1", "0.5,0,0.6,1", "-0.1,0,1,1", "a,b,c,d", "0,0,,1", "0,0,1,1,1"]) {
      assert.equal(parseArea(text), null, text);
    }
  }],

  ["parts that do not count are in the address by name, and a link merges with what is remembered", () => {
    const excluded = readExcluded("Tree,0.8,0.1,0.2,0.3;nonsense;,0,0,2,2");
    assert.deepEqual(excluded, [part("Tree", 0.8)]);
    const motion = { area: null, excluded: [part("Bäume/Weg & Tor", 0.8), part("b", 0.5, true)], strength: "faint",
      only: false, heat: false };
    const address = addressOf({ camera: null, at: null, range: null, zoom: null, speed: 1, motion });
    assert.deepEqual(readAddress(address).motion.excluded, [part("Bäume/Weg & Tor", 0.8)]);
    assert.equal(addressOf({ at: null, speed: 1, motion: { ...motion, excluded: [part("b", 0.5, true)] } }), "#not=");
    assert.deepEqual(readAddress("#not=").motion.excluded, [], "all of them are lifted");
    assert.equal(readAddress("#").motion.excluded, null, "the address does not say");
    assert.deepEqual(mergeExcluded(excluded, [part("Tree", 0.8, true), part("Road", 0.1)]),
      [part("Tree", 0.8), part("Road", 0.1, true)]);
    assert.equal(excludedText([part("a", 0.8), part("b", 0.5, true)]), "a,0.8,0.1,0.2,0.3");
    assert.equal(freeName([part("Part 1", 0), part("Part 3", 0)]), "Part 2");
    assert.equal(cleanName(" a,b;c\n[x] = #1 "), "a b c [x] 1");
  }],

  ["recorder.ini gets the parts that apply, separated by blanks", () => assert.equal(
    iniLine([part("a", 0.8), part("b", 0.5, true), part("c", 0.25)]), "not = 0.8,0.1,0.2,0.3 0.25,0.1,0.2,0.3")],

  ["what the parts hide is counted, and not if there are more than are counted", () => {
    const count = (number, more = false) => ({ count: number, more });
    assert.equal(hidesText({ all: count(260), faint: count(46) }, "faint"), "hides 214 of 260 events");
    assert.equal(hidesText({ all: count(1000, true), faint: count(46) }, "faint"), "leaves 46 of 1000+ events");
    assert.equal(hidesText({ all: null, faint: count(46) }, "faint"), "");
    assert.equal(hidesText(null, "faint"), "");
  }],

  ["a rectangle stays inside the picture and large enough to be held, from whichever corner it is dragged", () => {
    near(areaBetween({ x: 0.6, y: 0.7 }, { x: 0.2, y: 0.1 }), { x: 0.2, y: 0.1, width: 0.4, height: 0.6 });
    near(moveArea(part("", 0.7), 0.5, -0.5), { x: 0.8, y: 0, width: 0.2, height: 0.3 });
    near(resizeArea(part("", 0.7), "se", { x: 0.8, y: 1 }), { x: 0.7, y: 0.1, width: 0.1, height: 0.9 });
    near(resizeArea(part("", 0.7), "w", { x: 0.95, y: 0 }), { x: 0.9 - 1 / 64, y: 0.1, width: 1 / 64, height: 0.3 });
    near(fitArea({ x: 1, y: 1, width: 0, height: 0 }), { x: 1 - 1 / 64, y: 1 - 1 / 36 });
    assert.deepEqual(fitPicture({ width: 4, height: 3 }, { width: 1600, height: 900 }),
      { left: 200, top: 0, width: 1200, height: 900 });
    assert.deepEqual(fitPicture({ width: 16, height: 9 }, { width: 800, height: 900 }),
      { left: 0, top: 225, width: 800, height: 450 });
  }],

  ["the strip is hatched until it is known that nothing moved, and has nothing of the future", () => {
    const motion = { range: null, covered: [], steps: [], stepMs: SECOND };
    assert.deepEqual(drawn(motion, 8 * SECOND, 0, 10 * SECOND), [["unknown", 0, 8]]);
    Object.assign(motion, { range: { from: 0, to: 8 * SECOND }, covered: [{ from: 0, to: 6 * SECOND }] });
    motion.steps = [{ at: 0, known: 1, moving: 0, cells: 0, strongest: "none" },
      { at: SECOND, known: 1, moving: 1, cells: 8, strongest: "clear" },
      { at: 7 * SECOND, known: 0, moving: null, cells: null, strongest: null }];
    assert.deepEqual(drawn(motion, 8 * SECOND, 0, 10 * SECOND),
      [["unknown", 0, 8], ["still", 0, 6], ["clear", 1, 2]]);
    motion.stepMs = 5 * SECOND;
    assert.deepEqual(drawn(motion, 4 * SECOND, 0, 10 * SECOND).at(-1), ["clear", 1, 4], "a step that is not over");
    assert.ok(barHeight(1) > 0 && barHeight(20) > barHeight(1) && barHeight(576) === 1);
  }],

  ["the heat map goes from seldom to most often", () => {
    assert.deepEqual([heatShare(0, 100), heatShare(100, 100)], [0, 1]);
    assert.deepEqual([heatColour(0), heatColour(1)], [[60, 60, 220, 0.3], [235, 60, 40, 0.8]]);
  }],

  ["a sentence says why nothing is known, and only then", () => {
    const steps = { problem: null, range: { from: 0, to: 1 }, covered: [{ from: 0, to: 1 }] };
    const empty = { ...steps, covered: [] }, info = (state, error) => ({ motion: { state, error } });
    assert.equal(motionMessage(info("running"), steps), "");
    assert.match(motionMessage(info("running"), empty), /not known what moved in this period/);
    assert.match(motionMessage(info("off"), empty), /not known.*enabled = yes.*\[motion\]/);
    assert.match(motionMessage(info("failing", "it was killed"), steps), /it was killed/);
    assert.match(motionMessage(null, { ...empty, problem: new Error("no answer") }), /no answer/);
  }],

  ["of the work that waits only the newest is done, and work that is ended leaves nothing behind", async () => {
    const done = [], latest = new Latest();
    let finish;
    const job = (name) => () => new Promise((resolve) => {
      finish = () => resolve(done.push(name));
    });
    for (const name of ["first", "second", "third"]) latest.run(job(name));
    finish();
    await waitFor(() => done.length === 1, "the first is done");
    await waitFor(() => finish && (finish(), done.length === 2), "so is the newest");
    assert.deepEqual(done, ["first", "third"]);
    latest.run(job("fourth"));
    latest.abort();
    latest.run(async () => done.push("fifth"));
    await waitFor(() => done.includes("fifth"), "work goes on after an end");
  }],

  ["playback of only what moved cuts what is recorded to the events, and says what it leaves out", () => {
    const events = [{ from: 10, to: 12 }, { from: 14, to: 20 }, { from: 95, to: 125 }];
    const seconds = ({ from, to }) => ({ from: from * SECOND, to: to * SECOND });
    const periods = widen(events.map(seconds));
    assert.deepEqual(periods, [{ from: 8, to: 23 }, { from: 93, to: 128 }].map(seconds));
    const spans = [{ from: 0, to: 100 }, { from: 110, to: 200 }].map(seconds), gap = seconds({ from: 100, to: 110 });
    const find = (test) => (ms) => spans.find((span) => test(span, ms)) ?? null;
    const archive = {
      spans, to: 200 * SECOND, gapAt: (ms) => (ms >= gap.from && ms < gap.to ? gap : null),
      spanAt: find(({ from, to }, ms) => from <= ms && ms < to), spanAfter: find(({ from }, ms) => from > ms),
      spanBefore: (ms) => spans.findLast(({ to }) => to <= ms) ?? null,
    };
    const playable = new Playable({ name: null, status: {}, now: () => 200 * SECOND }, archive);
    playable.only = {
      at: (ms) => periods.find(({ from, to }) => from <= ms && ms < to) ?? null,
      after: (ms) => periods.find(({ from }) => from > ms) ?? null,
      before: (ms) => periods.findLast(({ to }) => to <= ms) ?? null,
    };
    const span = (found) => found && [found.from / SECOND, found.to / SECOND];
    assert.deepEqual(span(playable.spanAt(10 * SECOND)), [8, 23]);
    assert.equal(playable.spanAt(50 * SECOND), null);
    assert.deepEqual(span(playable.recordedAt(50 * SECOND)), [0, 100]);
    assert.deepEqual(span(playable.spanAfter(23 * SECOND)), [93, 100]);
    assert.deepEqual(span(playable.spanAfter(100 * SECOND)), [110, 128], "the rest of an event after a gap");
    assert.equal(playable.spanAfter(128 * SECOND), null);
    assert.deepEqual(span(playable.spanBefore(93 * SECOND)), [8, 23]);
    assert.ok(playable.gapAt(50 * SECOND).still && !playable.gapAt(105 * SECOND).still);
    assert.ok(playable.hasAny(40 * SECOND, 50 * SECOND), "what is recorded counts for a selection");
  }],
]);
process.exitCode = failed ? 1 : 0;
