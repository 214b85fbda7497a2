#!/usr/bin/env node
/* test_modules.mjs - the parts of the page that need no browser: times, addresses, the archive, the player. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clipHeader, cutStream, endlessAnswer, FakeRecorder, FakeTab, FakeVideo, part, videoEvent, videoFrame, videoInit,
} from "./module_fakes.mjs";
import { runTests, waitFor } from "./tap.mjs";

const PHRASES = new URL("../unit/shared/time_phrases.tsv", import.meta.url), PHRASES_MIN = 60;
const WWW = new URL("../../www/", import.meta.url), WWW_BYTES = 500000;

process.env.TZ = "Europe/Berlin";
/* A copy of www/ that tells node what a browser knows anyway: the scripts are modules. */
const copy = mkdtempSync(join(tmpdir(), "recorder-www."));
cpSync(WWW, copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const load = (name) => import(join(copy, name));

const time = await load("time.js");
const { parseTime, readTime, TIME_ERRORS } = await load("time-parse.js");
const { compareMonths, firstWeekday, monthAfter, recordedIn, weeksOf } = await load("calendar-days.js");
const { zoneText } = await load("time-zone.js");
const { addressOf, readAddress } = await load("address.js");
const { itemAfter, itemAt, itemBefore, spliceTail } = await load("archive.js");
const { TimeScale } = await load("time-scale.js");
const { drawTimeline } = await load("timeline-draw.js");
const { frameAt } = await load("frame-times.js");
const { fitTiles } = await load("grid.js");
const { CONNECTIONS, LiveHub } = await load("live-hub.js");
const { readParts } = await load("multipart.js");
const { readVideo } = await load("mp4-stream.js");
const { Camera, describe } = await load("camera.js");
const { ClipVideo } = await load("clip-video.js");
const { Player } = await load("player.js");
const { figures, storeText } = await load("health.js");
rmSync(copy, { recursive: true });

/* The texts that drawing on a canvas of that width shows, {text, x}. */
function drawnTexts(scale, model) {
  const texts = [], ignore = () => {};
  const context = new Proxy({ measureText: (text) => ({ width: 7 * text.length }) }, {
    get: (target, name) => target[name] ?? (name === "fillText" ? (text, x) => texts.push({ text, x }) : ignore),
  });
  const nothing = { spans: [], gaps: [], segments: [], memory: null, range: null, now: null };
  drawTimeline(context, 1, scale, {}, { ...nothing, ...model });
  return texts;
}

const { HOUR, MINUTE, SECOND } = time;
const utc = Date.parse;
const labels = (from, to, step) =>
  time.ticksBetween(utc(from), utc(to), step).map((at) => time.formatTick(at, step));

const failed = await runTests([
  ["the repeated hour is on the timeline twice, with different labels", () => assert.deepEqual(
    labels("2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z", HOUR), ["02:00 (+02:00)", "02:00 (+01:00)", "03:00"])],

  ["the hour that spring skips has no label", () => assert.deepEqual(
    labels("2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z", HOUR), ["01:00", "03:00", "04:00", "05:00"])],

  ["days of 23 and 25 hours begin at midnight", () => {
    assert.deepEqual(labels("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", 12 * HOUR),
      ["Sun 29 Mar", "12:00", "Mon 30 Mar", "12:00"]);
    assert.deepEqual(labels("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z", 12 * HOUR),
      ["Sun 25 Oct", "12:00", "Mon 26 Oct", "12:00"]);
  }],

  ["times are read in every form", () => {
    const now = utc("2026-05-17T12:00:00Z"), parse = (text) => parseTime(text, now);
    const read = (text) => new Date(parse(text)).toISOString();
    assert.equal(read("10:23"), "2026-05-17T08:23:00.000Z");
    assert.equal(read("23:59:59.5"), "2026-05-16T21:59:59.500Z");
    assert.equal(read("2026-05-17 10:23:00.120"), "2026-05-17T08:23:00.120Z");
    assert.equal(read("2026-05-17T10:23:00Z"), "2026-05-17T10:23:00.000Z");
    assert.equal(read("2026-05-17T10:23:00-0330"), "2026-05-17T13:53:00.000Z");
    assert.equal(read("20260517_102300_250"), "2026-05-17T08:23:00.250Z");
    assert.equal(read("-90s"), "2026-05-17T11:58:30.000Z");
    const invalids = ["", "soon", "25:00", "10:61", "2026-02-30 10:00", "2026-13-01 10:00", "10.30"];
    for (const invalid of [...invalids, "-99999999999d", "-30000d"]) {
      assert.ok(Number.isNaN(parse(invalid)), invalid);
    }
  }],

  ["each phrase of the table has the meaning that it has for the API", () => {
    const zone = process.env.TZ, errorOf = (text) => Object.keys(TIME_ERRORS).find((name) => TIME_ERRORS[name] === text);
    let now = 0, phrases = 0;
    for (const line of readFileSync(PHRASES, "utf8").split("\n")) {
      if (line.startsWith("@")) [process.env.TZ, now] = line.slice(2).split(" ").map((word, at) => (at ? utc(word) : word));
      if (!line || /^[#@]/.test(line)) continue;
      const [side, text, meaning] = line.split("\t"), alone = side === "from" || side === "to";
      const { ms, error } = readTime(text, now, alone ? side : "to", alone ? null : utc(side));
      const got = error ? errorOf(error) : new Date(Math.floor(ms)).toISOString();
      assert.equal(got, meaning, `${side} "${text}" in ${process.env.TZ}`);
      phrases++;
    }
    process.env.TZ = zone;
    assert.ok(phrases >= PHRASES_MIN, `${phrases} phrases`);
  }],

  ["a month of the calendar has whole weeks, and days of 23 and 25 hours", () => {
    const days = (month, start) => weeksOf({ year: 2026, month }, start).map((week) => week.map(({ date }) => date.day));
    assert.deepEqual(days(11, 1).at(0), [26, 27, 28, 29, 30, 31, 1]);
    assert.deepEqual(days(11, 1).at(-1), [30, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(days(11, 0).at(0), [1, 2, 3, 4, 5, 6, 7]);
    const hours = (month, day) => weeksOf({ year: 2026, month }, 1).flat()
      .filter(({ date, outside }) => date.day === day && !outside).map(({ from, to }) => (to - from) / HOUR);
    assert.deepEqual([hours(3, 29), hours(10, 25), hours(11, 30)], [[23], [25], [24]]);
    assert.deepEqual([firstWeekday("en-GB"), firstWeekday("en-US")], [1, 0]);
    assert.deepEqual(monthAfter({ year: 2026, month: 1 }, -1), { year: 2025, month: 12 });
    assert.ok(compareMonths({ year: 2025, month: 12 }, { year: 2026, month: 1 }) < 0);
  }],

  ["a day of the calendar counts what is recorded of it, once", () => {
    const day = { from: 0, to: 24 * HOUR };
    const spans = [{ from: -HOUR, to: HOUR }, { from: 2 * HOUR, to: 3 * HOUR }, { from: 23 * HOUR, to: 30 * HOUR }];
    assert.equal(recordedIn(spans, day), 3 * HOUR);
    assert.equal(recordedIn([{ from: -HOUR, to: 99 * HOUR }, { from: 0, to: HOUR }], day), 24 * HOUR);
    assert.equal(recordedIn([], day), 0);
  }],

  ["the page says whose time zone its times are in, and that of the recorder if that is another one", () => {
    const winter = utc("2026-11-30T10:00:00Z"), info = (text) => ({ memory: { to: text } });
    const says = (from, text) => zoneText(from, winter, text && info(text));
    assert.equal(says(winter - HOUR, null), "Times in UTC+1, of this device");
    assert.equal(says(winter - HOUR, "2026-11-30T11:00:00.000+01:00"), "Times in UTC+1, of this device");
    assert.equal(says(utc("2026-10-20T10:00:00Z"), null), "Times in UTC+2, then UTC+1, of this device");
    assert.equal(says(winter, "2026-11-30T15:45:00.000+05:45"), "Times in UTC+1, of this device; the recorder has UTC+5:45");
    assert.deepEqual([0, -210, 330].map((minutes) => time.formatZone(minutes * MINUTE)), ["UTC", "UTC-3:30", "UTC+5:30"]);
  }],

  ["times have every form that the API takes, with the same meaning", () => {
    const now = utc("2026-05-17T12:00:00.700Z");
    const read = (text, side) => new Date(Math.floor(parseTime(text, now, side))).toISOString();
    assert.equal(read("1779006180"), "2026-05-17T08:23:00.000Z");
    assert.equal(read("1779006180.250456789"), "2026-05-17T08:23:00.250Z");
    assert.equal(read("2026-05-17T10:23:00.123456789+02:00"), "2026-05-17T08:23:00.123Z");
    for (const zone of ["+02:00", "+0200", "+02", " 02:00", " 0200", " 02", ""]) {
      assert.equal(read(`2026-05-17t10:23:00${zone}`), "2026-05-17T08:23:00.000Z", zone);
    }
    assert.equal(read("2026-05-17T10:23:00-0330"), "2026-05-17T13:53:00.000Z");
    assert.equal(read("20260517_102300_250"), "2026-05-17T08:23:00.250Z");
    assert.equal(read("now"), "2026-05-17T12:00:00.700Z");
    assert.equal(read("-0.5s"), "2026-05-17T11:59:59.500Z", "counted from the whole second");
    assert.equal(read("-1.5h"), "2026-05-17T10:30:00.000Z");
    assert.equal(read("-1d"), "2026-05-16T12:00:00.000Z");
    assert.equal(read("20261025_023000", "from"), "2026-10-25T00:30:00.000Z");
    assert.equal(read("20261025_023000", "to"), "2026-10-25T01:30:00.000Z");
    const outside = ["20260329_023000", "2026-03-29T02:30:00", "1779006180000", "7289654400", "-99999d"];
    const malformed = ["20260517", "2026-02-29", "2026-05-17T10:23:60", "2026-05-17T10:23:00+24:00",
      "2026-05-17T10:23:00+02:60", "2026-05-17T10:23:00.", "-5"];
    for (const invalid of [...outside, ...malformed]) assert.ok(Number.isNaN(parseTime(invalid, now)), invalid);
    assert.equal(readAddress("#t=1779006180.25").at, utc("2026-05-17T08:23:00.250Z"));
    assert.equal(readAddress("#t=2026-05-17T10:23:00%2B02").at, utc("2026-05-17T08:23:00Z"));
    assert.deepEqual(readAddress("#from=20261025_023000&to=20261025_023000").range,
      { from: utc("2026-10-25T00:30:00Z"), to: utc("2026-10-25T01:30:00Z") });
  }],

  ["a time that was formatted is parsed to the same time, in the repeated hour too", () => {
    for (const ms of [utc("2026-10-25T00:30:00.120Z"), utc("2026-10-25T01:30:00.120Z"), utc("2026-01-01T00:00:00Z")]) {
      assert.equal(parseTime(time.formatField(ms), 0), ms);
      assert.equal(parseTime(time.formatIso(ms), 0), ms);
    }
  }],

  ["lengths and sizes are readable", () => {
    assert.deepEqual([850, 18 * SECOND, 125 * SECOND, 192 * MINUTE, 51 * HOUR].map(time.formatLength),
      ["850 ms", "18.0 s", "2 min 05 s", "3 h 12 min", "2 d 3 h"]);
    assert.deepEqual([0, 999, 1000, 1234567, 80.4e9].map(time.formatBytes),
      ["0 B", "999 B", "1.0 KB", "1.2 MB", "80.4 GB"]);
  }],

  ["of a camera whose footage comes from the store the page says so, and how old it is", () => {
    const text = "From the store, 6 s old.", newest = "2026-05-17T08:23:10.000Z";
    const info = { state: "remote", source: "store", camera: "door", remote: { newest, age_seconds: 6, text } };
    const { title, detail, live, records } = describe(info, null);
    assert.equal(title, "From the store");
    assert.ok(detail.startsWith(text), detail);
    assert.ok(!live && !records);
    const rows = figures(info, { segments: [{ size: 2e9 }] });
    assert.deepEqual(rows.map(([label]) => label), ["Footage", "Newest", "In the store"]);
    assert.equal(rows[0][1], text);
    assert.equal(rows[2][1], "2.0 GB");
  }],

  ["the health panel says what is in the store, how far behind that is and what is wrong", () => {
    const at = (second) => `2026-05-17T08:23:${second}.000Z`;
    const says = (store, recording = {}) => storeText({
      store: store && { state: "shipping", until: at("10"), waiting_segments: 0, deleted_unshipped: 0, ...store },
      memory: { to: at("16") }, recording: { state: "recording", indexed_until: at("15"), ...recording },
    });
    assert.equal(says({}), "6.0 s behind");
    assert.equal(says({ until: at("15") }, { state: "off" }), "all shipped");
    assert.equal(says({}, { state: "off" }), "5.0 s behind");
    assert.equal(says({ waiting_segments: 1, waiting_bytes: 2e9 }), "6.0 s behind, 1 recording (2.0 GB) to go");
    assert.match(says({ state: "failing", error: "the store is full", failing_since: at("09") }),
      /^the store is full, since .*, 6\.0 s behind$/);
    assert.equal(says({ state: "down", until: null }), "recorder-ship is not running, nothing is known to be there");
    assert.equal(says({ state: "unknown" }), "unknown, 6.0 s behind");
    assert.equal(says({ deleted_unshipped: 2 }), "6.0 s behind, 2 recordings deleted unshipped");
    assert.equal(says(null), "none: recordings are only here");
    assert.equal(says(undefined), "unknown", "a recorder that does not say it");
  }],

  ["an address holds the state, and an invalid time in it is reported", () => {
    const at = utc("2026-05-17T08:23:00.120Z"), range = { from: 1e12, to: 1e12 + 5000 };
    const area = { x: 0.25, y: 0, width: 0.5, height: 1 };
    const excluded = [{ name: "Bäume & Straße", x: 0.8, y: 0.1, width: 0.2, height: 0.3, lifted: false }];
    const motion = { area, excluded, strength: "clear", only: true, heat: true };
    const state = { camera: "yard", at, range, zoom: HOUR, view: at - 5 * MINUTE, speed: 2, motion };
    const { invalid, ...read } = readAddress(addressOf(state));
    assert.deepEqual([read, invalid], [state, null]);
    const between = readAddress(addressOf({ ...state, at: at + 0.4 }));
    assert.equal(between.at, at + 1, "not before the frame that begins there");
    assert.equal(readAddress("#t=2026-05-17T10:23:00").at, utc("2026-05-17T08:23:00Z"));
    assert.equal(readAddress("#t=yesterday%ZZ&zoom=-5&speed=x").invalid, "");
    assert.equal(readAddress("#t=tomorrow").invalid, "tomorrow");
    assert.equal(readAddress("#view=tomorrow").invalid, "tomorrow");
    assert.deepEqual(readAddress("#from=2026-05-17%2010:23&to=10:25").range,
      { from: utc("2026-05-17T08:23:00Z"), to: utc("2026-05-17T08:25:00Z") });
    assert.equal(readAddress("#t=-99999999999d").invalid, "-99999999999d");
    assert.deepEqual(readAddress("#zoom=1e308&speed=Infinity"), readAddress(""));
  }],

  ["the end of a list of spans is replaced, and a divided span becomes one again", () => {
    const known = [{ from: 0, to: 10 }, { from: 20, to: 50 }];
    assert.deepEqual(spliceTail(known, [{ from: 30, to: 60 }], 30), [{ from: 0, to: 10 }, { from: 20, to: 60 }]);
    assert.deepEqual(spliceTail(known, [{ from: 45, to: 60 }], 30),
      [{ from: 0, to: 10 }, { from: 20, to: 30 }, { from: 45, to: 60 }]);
    assert.deepEqual(spliceTail(known, [{ from: 5, to: 60 }], -Infinity), [{ from: 5, to: 60 }]);
    assert.deepEqual([itemAt(known, 10), itemAt(known, 20), itemAt(known, 50)], [null, known[1], null]);
  }],

  ["the span at, after and before a time is found even if the clock was set back", () => {
    const known = [{ from: 50, to: 90 }, { from: 10, to: 20 }, { from: 30, to: 60 }, { from: 100, to: 110 }];
    const numbers = (find, times) => times.map((ms) => known.indexOf(find(known, ms)));
    assert.deepEqual(numbers(itemAt, [5, 10, 25, 40, 55, 70, 95]), [-1, 1, -1, 2, 2, 0, -1]);
    assert.deepEqual(numbers(itemAfter, [5, 10, 25, 40, 55, 100]), [1, 2, 2, 0, 3, -1]);
    assert.deepEqual(numbers(itemBefore, [5, 20, 60, 95, 200]), [-1, 1, 2, 0, 3]);
  }],

  ["zooming keeps the time under the pointer", () => {
    const scale = new TimeScale();
    scale.width = 1000;
    scale.show(0, HOUR);
    const under = scale.time(300);
    scale.zoom(0.1, 300);
    assert.ok(Math.abs(scale.time(300) - under) < 1e-6 && Math.abs(scale.length - HOUR / 10) < 1e-6);
  }],

  ["the timeline is drawn with its hours, and with the time of the playhead inside", () => {
    const scale = new TimeScale(), at = utc("2026-05-17T08:00:00Z");
    scale.width = 1000;
    scale.show(at, at + 4 * HOUR + MINUTE);
    const texts = drawnTexts(scale, { playhead: at, hover: null });
    for (const hour of ["11:00", "12:00", "13:00"]) assert.ok(texts.some(({ text }) => text === hour), hour);
    assert.ok(texts.every(({ text, x }) => x + 7 * text.length <= 1000), "a text is cut off");
    const playhead = texts.find(({ text }) => text === "10:00:00");
    assert.ok(playhead.x >= 0, `the time of the playhead is at ${playhead.x}`);
    const beside = drawnTexts(scale, { playhead: at + 2 * HOUR - 5 * MINUTE, hover: null }).map(({ text }) => text);
    assert.ok(beside.includes("11:55:00") && beside.includes("11:00"), "the playhead's label, and one far from it");
    assert.ok(!beside.includes("12:00"), "a label is cut by that of the playhead");
  }],

  [`the page's files are at most ${WWW_BYTES / 1000} KB, and all of its scripts are requested at once`, () => {
    const names = readdirSync(WWW), index = readFileSync(new URL("index.html", WWW), "utf8");
    const bytes = names.reduce((sum, name) => sum + statSync(new URL(name, WWW)).size, 0);
    assert.ok(bytes <= WWW_BYTES, `${bytes} bytes`);
    for (const name of names.filter((one) => one.endsWith(".js"))) assert.ok(index.includes(`"${name}"`), name);
  }],

  ["tiles are as large as possible, and all of them fit", () => {
    assert.deepEqual(fitTiles(1, 1600, 900), { columns: 1, width: 1600 });
    assert.deepEqual(fitTiles(4, 1606, 906), { columns: 2, width: 800 });
    assert.deepEqual(fitTiles(2, 400, 900), { columns: 1, width: 400 });
    for (const count of [3, 7, 12, 25]) {
      const { columns, width } = fitTiles(count, 1416, 834), rows = Math.ceil(count / columns);
      const fit = columns * (width + 6) - 6 <= 1416 && rows * (width * 9 / 16 + 6) - 6 <= 834;
      assert.ok(fit && width > 150, `${count}: ${columns} of ${width}`);
    }
  }],

  ["a late answer does not set the page's clock wrong", async () => {
    const { now: realNow } = Date, AHEAD = 5 * SECOND;
    let now = utc("2026-05-17T12:00:00Z"), takes = 0;
    Date.now = () => now;
    globalThis.document = { hidden: false };
    globalThis.fetch = async () => {
      const given = Response.json({ state: "streaming", memory: { to: new Date(now + AHEAD).toISOString() } });
      now += takes;
      return given;
    };
    const camera = new Camera(null);
    try {
      for (takes of [0, 8 * SECOND, 2 * SECOND, 0]) {
        await camera.refresh();
        assert.equal(camera.now() - now, AHEAD, `after an answer that took ${takes} ms`);
      }
    } finally {
      camera.stop();
      Date.now = realNow;
    }
  }],

  ["a speed that is chosen while waiting for footage plays nothing twice, and the next clip with it", async () => {
    const videos = [new FakeVideo(), new FakeVideo()];
    let begin, loading = false, recorded = 10 * SECOND; // the encoder is late, and more is to come
    const playable = {
      camera: null,
      spanAt: (ms) => (ms < recorded ? { from: 0, to: recorded } : null),
      spanAfter: () => null,
      gapAt: () => null,
      get end() { return recorded; },
      lag: () => 10 * SECOND,
    };
    globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2 };
    globalThis.fetch = async (url) => {
      begin = new URL(url, "http://localhost").searchParams.get("from");
      return new Response(null, { headers: { "X-Clip-Start": begin } });
    };
    const player = new Player(videos, playable);
    player.addEventListener("loading", ({ since }) => (loading = since !== null));
    try {
      await player.show(0, true);
      const { video } = player;
      video.playToTheEnd();
      await waitFor(() => loading, "the player waits for more");
      player.setSpeed(2);
      assert.deepEqual([video.currentTime, video.ended, player.at], [10, true, 10 * SECOND]);
      recorded = 20 * SECOND;
      await waitFor(() => player.video !== video, "the next clip");
      assert.deepEqual([player.video.playbackRate, player.at], [2, 10 * SECOND]);
      recorded = 50.02 * SECOND; // a frame begins before 50.00, the one after it does not any more
      player.show(recorded - 1, false);
      await waitFor(() => Number(begin) === 49, "a clip that has the last frame");
    } finally {
      player.stop();
    }
  }],

  ["a picture that is still settling during a seek, or when playing starts, is not taken for the new one", async () => {
    const video = new FakeVideo(), clip = new ClipVideo(video), seeked = () => video.dispatchEvent(new Event("seeked"));
    globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2 };
    globalThis.fetch = async (url, { method }) =>
      new Response(method === "HEAD" ? null : clipHeader(100, 100), { headers: { "X-Clip-Start": "0" } });
    await clip.load({ from: 0, to: 10 * SECOND, speed: 1, url: "/footage" }, 0);
    const settled = clip.settle();
    await waitFor(() => video.currentTime === 0.05, "it seeks the middle of the first frame");
    const sought = clip.seek(5 * SECOND);
    seeked();
    await Promise.all([settled, sought]);
    assert.equal(clip.at, 5 * SECOND);
    const again = clip.settle();
    await clip.play();
    seeked();
    await again;
    video.currentTime = 7;
    assert.equal(clip.at, 7 * SECOND);
    clip.clear();
  }],

  ["a picture of a stream is there with its last byte, not when the next one begins", async () => {
    const { response, send, controller } = endlessAnswer(), parts = readParts(response.body);
    const next = async () => new TextDecoder().decode((await parts.next()).value.bytes);
    send(part("first").slice(0, -2));
    assert.equal(await next(), "first");
    for (const character of `\r\n${part("second")}`) send(character);
    assert.equal(await next(), "second");
    send(part("third") + part("fourth") + part("fifth").slice(0, -4));
    assert.deepEqual([await next(), await next()], ["third", "fourth"]);
    controller.close();
    assert.equal((await parts.next()).done, true, "a picture that is cut off is none");
    for (const broken of ["x".repeat(10000), "--frame\r\n\r\n", "--frame\r\nContent-Length: 99999999999\r\n\r\n"]) {
      await assert.rejects(readParts(new Response(broken).body).next(), Error, broken.slice(0, 40));
    }
  }],

  ["live video is read frame by frame, with its times, however it is cut", async () => {
    const frames = [videoFrame(1, { captured: 1800000000 }), videoFrame(2)];
    const later = [videoEvent("keyframes"), videoFrame(27, { captured: 1800000001 })];
    const bytes = Buffer.concat([videoInit(), ...frames, ...later]);
    for (const size of [1, 7, 64, bytes.length]) {
      const pieces = [], video = readVideo(cutStream(bytes, size));
      while (pieces.length < 5) pieces.push((await video.next()).value);
      assert.deepEqual(pieces.map(({ time, captured, codecs, carries }) => [time, captured, codecs, carries]), [
        [undefined, undefined, "avc1.64001f", undefined], [0.04, 1800000000500, undefined, undefined],
        [0.08, null, undefined, undefined], [undefined, undefined, undefined, "keyframes"],
        [1.08, 1800000001500, undefined, undefined]]);
      assert.deepEqual(Buffer.from(pieces[0].bytes), videoInit());
      assert.deepEqual(Buffer.from(pieces[2].bytes), videoFrame(2));
    }
    for (const broken of ["\0\0\0\0free", "\0\0\0\x07free", "\xff\xff\xff\xfffree"]) {
      await assert.rejects(readVideo(cutStream(Buffer.from(broken, "latin1"), 3)).next(), Error, broken);
    }
  }],

  ["tabs share one connection for live video, also those that come later, and are told if there is none", async () => {
    const recorder = new FakeRecorder(), hub = new LiveHub(), tabs = [new FakeTab(hub), new FakeTab(hub)];
    globalThis.fetch = async (url, options) => recorder.answer(url, options);
    try {
      for (const tab of tabs) {
        tab.send("watch", "a", "video");
        await waitFor(() => tab.video.length === 3, "the init segment and two frames");
        assert.deepEqual(tab.video.map(({ time }) => time), [undefined, 0.04, 0.08]);
        assert.equal(tab.video[0].first, true);
      }
      assert.equal(recorder.most, 1);
      for (const tab of tabs) tab.send("unwatch", "a", "video");
      await waitFor(() => recorder.streams.size === 0, "the stream ends");
      recorder.video = false;
      tabs[0].send("watch", "b", "video");
      await waitFor(() => tabs[0].video.at(-1).refused, "it is told");
      tabs[0].send("unwatch", "b", "video");
    } finally {
      for (const tab of tabs) tab.close();
    }
  }],

  [`all tabs together use at most ${CONNECTIONS} connections for live pictures`, async () => {
    const recorder = new FakeRecorder(), hub = new LiveHub(), tabs = [new FakeTab(hub), new FakeTab(hub)];
    const cameras = ["a", "b", "c", "d", "e", "f", "g"];
    globalThis.fetch = async (url, options) => recorder.answer(url, options);
    try {
      for (const tab of tabs) for (const camera of cameras) tab.send("watch", camera);
      const showsAll = (tab) => cameras.every((camera) => tab.shown.has(camera));
      await waitFor(() => tabs.every(showsAll), "each tab shows each camera");
      assert.equal(recorder.most, CONNECTIONS);
      tabs[1].send("watch", "g", null);
      await waitFor(() => recorder.streams.has("g"), "the large picture has a stream");
      for (const camera of cameras.slice(2)) for (const tab of tabs) tab.send("unwatch", camera);
      await waitFor(() => ["a", "b", "g"].every((camera) => recorder.streams.has(camera)), "a stream for each");
      tabs[1].send("unwatch", "g", null);
      for (const camera of cameras) for (const tab of tabs) tab.send("unwatch", camera);
      await waitFor(() => recorder.streams.size === 0, "no tab watches, and no stream is left");
      assert.equal(recorder.most, CONNECTIONS);
    } finally {
      for (const tab of tabs) tab.close();
    }
  }],

  ["a tab that is not ready gets the newest picture once it is", async () => {
    const recorder = new FakeRecorder(), hub = new LiveHub(), slow = new FakeTab(hub, false), quick = new FakeTab(hub);
    globalThis.fetch = async (url, options) => recorder.answer(url, options);
    try {
      for (const tab of [slow, quick]) tab.send("watch", "a");
      await waitFor(() => slow.shown.has("a") && quick.shown.has("a"), "the first picture");
      for (const name of ["second", "third"]) recorder.streams.get("a")(part(name));
      await waitFor(() => quick.shown.get("a").length === 3, "the other tab has all three");
      assert.deepEqual(slow.shown.get("a"), ["stream of a"]);
      slow.send("ready", "a");
      await waitFor(() => slow.shown.get("a").length === 2, "another picture");
      assert.equal(slow.shown.get("a")[1], "third");
      for (const tab of [slow, quick]) tab.send("unwatch", "a");
      await waitFor(() => recorder.streams.size === 0, "the stream ends");
    } finally {
      slow.close();
      quick.close();
    }
  }],

  ["a stream of small pictures that come late is asked for again with fewer", async () => {
    const recorder = new FakeRecorder(), tab = new FakeTab(new LiveHub()), asked = [], clock = performance.now;
    const picture = (seconds) =>
      `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 1\r\nX-Timestamp: ${seconds}\r\n\r\nx\r\n`;
    let now = 0;
    globalThis.fetch = async (url, options) => {
      asked.push(Number(new URL(url, "http://localhost").searchParams.get("fps")));
      return recorder.answer(url, options);
    };
    performance.now = () => now;
    try {
      tab.send("watch", "a");
      await waitFor(() => tab.shown.has("a"), "the stream");
      for (let number = 1; number <= 4; number++) {
        now = 2000 * number; // captured each second, so each comes a second later than the one before it
        recorder.streams.get("a")(picture(100 + number));
        await waitFor(() => tab.shown.get("a").length === 1 + number, "the picture");
      }
      await waitFor(() => asked.length === 2, "another stream");
      assert.ok(asked[0] === 10 && asked[1] < 10, `asked for ${asked}`);
      tab.send("unwatch", "a");
      await waitFor(() => recorder.streams.size === 0, "the stream ends");
    } finally {
      performance.now = clock;
      tab.close();
    }
  }],

  ["a browser that cannot read streams gets stills instead", async () => {
    const recorder = new FakeRecorder(), tabs = [new FakeTab(new LiveHub()), new FakeTab(new LiveHub())];
    globalThis.fetch = async (url, options) => {
      if (!url.startsWith("/stream")) return recorder.answer(url, options);
      if (url.includes("camera=a")) throw new TypeError("multipart is not supported");
      return new Response("a picture without the header of its part");
    };
    try {
      for (const [number, camera] of ["a", "b"].entries()) tabs[number].send("watch", camera, null);
      await waitFor(() => tabs[0].shown.has("a") && tabs[1].shown.has("b"), "a still in each");
      for (const [number, camera] of ["a", "b"].entries()) tabs[number].send("unwatch", camera, null);
    } finally {
      for (const tab of tabs) tab.close();
    }
  }],

  ["the frame at a time is found", () => {
    const times = Float64Array.from([0, 0.1, 0.3, 0.4]);
    assert.deepEqual([0, 0.05, 0.1, 0.29, 0.35, 9].map((at) => frameAt(times, at)), [0, 0, 1, 1, 2, 2]);
  }],
]);
process.exitCode = failed ? 1 : 0;
