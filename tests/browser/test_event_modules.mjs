#!/usr/bin/env node
/* test_event_modules.mjs - the parts of the page about events that need no browser. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cutStream, endlessAnswer, FakeRecorder } from "./module_fakes.mjs";
import { runTests, waitFor } from "./tap.mjs";

process.env.TZ = "Europe/Berlin";
const copy = mkdtempSync(join(tmpdir(), "recorder-www."));
cpSync(new URL("../../www/", import.meta.url), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const load = (name) => import(join(copy, name));

const { HOUR, MINUTE, SECOND } = await load("time.js");
const { RANGES, rangeText, unknownSoFar, unknownSpans } = await load("event-ranges.js");
const { FoundEvents, joinCovered, PAGE, refreshFrom } = await load("found-events.js");
const { cropOf } = await load("event-card.js");
const { summaryOf } = await load("event-list.js");
const { findStep } = await load("event-steps.js");
const { readEvents } = await load("event-stream.js");
const { CONNECTIONS, LiveHub } = await load("live-hub.js");
const { alertsProblem, isQuiet } = await load("alerts.js");
rmSync(copy, { recursive: true });

const utc = Date.parse, iso = (ms) => new Date(ms).toISOString();

/* A recorder that has those events, [from, to] in seconds, and knows what moved in [0, known). */
function eventRecorder(times, known) {
  const asked = [];
  const answer = (url) => {
    const { searchParams } = new URL(url, "http://localhost"), number = (name) => Number(searchParams.get(name));
    const from = number("from"), to = number("to"), offset = number("offset"), limit = number("limit");
    const newest = searchParams.get("order") === "newest";
    asked.push(Object.fromEntries(searchParams));
    const joined = [];
    for (const [start, end] of times.filter((time) => time[1] > from && time[0] < to)) {
      const last = joined.at(-1), cut = [Math.max(start, from), Math.min(end, to)];
      if (last && cut[0] - last[1] <= (number("join") || 5)) last[1] = cut[1];
      else joined.push(cut);
    }
    const ordered = newest ? joined.reverse() : joined, until = Math.min(known, to);
    const events = ordered.slice(offset, offset + limit).map(([start, end]) => ({
      type: "motion", start: iso(start * SECOND), end: iso(end * SECOND), peak: iso(start * SECOND), strength: "clear",
    }));
    const covered = from < until ? [{ from: iso(from * SECOND), to: iso(until * SECOND) }] : [];
    return Response.json({ events, covered, more: ordered.length > offset + limit });
  };
  return { answer, asked, times };
}

const starts = ({ events }) => events.map(({ from }) => from / SECOND);

/* A tab that listens to the notifications of cameras. */
class Listener {
  notifications = [];
  connected = null;
  pings = 0;
  #port;

  constructor(hub) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port2;
    hub.connect(port1);
    port2.onmessage = ({ data: { notification, connected, ping } }) => {
      if (notification) this.notifications.push(notification);
      if (connected !== undefined) this.connected = connected;
      if (ping) this.pings++;
    };
  }

  send(type, camera, fps = "events") {
    this.#port.postMessage({ type, camera, fps });
  }

  close() {
    this.#port.close();
  }
}

const failed = await runTests([
  ["last night is from 19:00 to 07:00 on this device's clock, also when the clocks are changed", () => {
    const night = (now) => RANGES.night.find(utc(now));
    assert.deepEqual(night("2026-10-25T11:00:00Z"), { from: utc("2026-10-24T17:00:00Z"), to: utc("2026-10-25T06:00:00Z") });
    assert.deepEqual(night("2026-03-29T20:00:00Z"), { from: utc("2026-03-28T18:00:00Z"), to: utc("2026-03-29T05:00:00Z") });
    assert.deepEqual(night("2026-07-01T04:59:00Z"), { from: utc("2026-06-30T17:00:00Z"), to: null }, "it is not over");
    assert.equal(rangeText(night("2026-07-01T11:00:00Z")), "Tue 30 Jun 19:00 – Wed 1 Jul 07:00");
    assert.equal(rangeText(RANGES.today.find(utc("2026-07-01T11:00:00Z"))), "Wed 1 Jul 00:00 – now");
  }],

  ["what is in no record is unknown, but for the last seconds, which are still to come", () => {
    const covered = [{ from: 10, to: 20 }, { from: 30, to: 40 }];
    assert.deepEqual(unknownSpans(covered, 0, 50), [{ from: 0, to: 10 }, { from: 20, to: 30 }, { from: 40, to: 50 }]);
    assert.deepEqual(unknownSpans(covered, 12, 35), [{ from: 20, to: 30 }]);
    assert.deepEqual(unknownSpans([], 0, 50), [{ from: 0, to: 50 }]);
    const hour = [{ from: 0, to: HOUR - 5 * SECOND }];
    assert.deepEqual(unknownSoFar(hour, 0, HOUR), []);
    assert.deepEqual(unknownSoFar(hour, 0, HOUR + MINUTE), [{ from: HOUR - 5 * SECOND, to: HOUR + MINUTE }]);
  }],

  ["nothing moved is only said of what is known", () => {
    const found = { events: [], more: false, until: HOUR, range: { from: 0, to: HOUR }, join: 5 };
    const text = (covered) => summaryOf({ ...found, covered }, unknownSpans(covered, 0, HOUR), "It is off.");
    assert.match(text([{ from: 0, to: HOUR }]), /: nothing moved\.$/);
    assert.match(text([{ from: 0, to: HOUR / 2 }]), /nothing moved in the 30 min 00 s that are known. 30 min 00 s of it are/);
    assert.match(text([]), /it is not known whether anything moved. It is off\.$/);
  }],

  ["a card shows the part of the picture that moved, and not more of it than there is", () => {
    assert.deepEqual(cropOf([0.45, 0.45, 0.1, 0.1]), { x: 0.3, y: 0.3, size: 0.4 });
    assert.deepEqual(cropOf([0, 0.9, 0.1, 0.1]), { x: 0, y: 0.6, size: 0.4 });
    assert.deepEqual(cropOf([0.1, 0.1, 0.8, 0.1]), { x: 0, y: 0, size: 1 });
    assert.deepEqual(cropOf(undefined), { x: 0, y: 0, size: 1 });
  }],

  ["so many events that they are more than a page are joined, and the rest comes page by page", async () => {
    const many = Array.from({ length: 3 * PAGE }, (_, at) => [1000 + 20 * at, 1002 + 20 * at]);
    const recorder = eventRecorder(many, 9000), range = { from: 0, to: 9000 * SECOND };
    globalThis.fetch = async (url) => recorder.answer(url);
    const joined = await new FoundEvents({}, range).load(9000 * SECOND);
    assert.deepEqual([joined.join, joined.events.length, joined.more], [30, 1, false]);
    const all = await new FoundEvents({ area: "0,0,1,1" }, range, { join: 5 }).load(9000 * SECOND);
    assert.deepEqual([all.events.length, all.more, starts(all)[0]], [PAGE, true, many.at(-1)[0]]);
    while (all.more) await all.loadMore();
    assert.deepEqual(starts(all), many.map(([from]) => from).reverse());
    assert.ok(recorder.asked.slice(1).every(({ to }) => to === "9000.000"));
    assert.equal(recorder.asked.at(-1).area, "0,0,1,1");
  }],

  ["a list grows by what happened since, and an event that goes on is cut nowhere", async () => {
    const recorder = eventRecorder([[1000, 1010], [2000, 2400]], 2100);
    globalThis.fetch = async (url) => recorder.answer(url);
    for (const oldestFirst of [false, true]) {
      const found = await new FoundEvents({}, { from: 500 * SECOND, to: null }, { oldestFirst }).load(2100 * SECOND);
      assert.deepEqual(found.events.map(({ to }) => to / SECOND).sort(), [1010, 2100]);
      recorder.times.push([2500, 2510]);
      assert.equal(await found.refresh(3000 * SECOND), true);
      recorder.times.pop();
      const order = oldestFirst ? (all) => all : (all) => all.reverse();
      assert.deepEqual(starts(found), order([1000, 2000, 2500]));
      assert.equal(found.events[1].to, 2400 * SECOND);
      assert.deepEqual(found.covered, [{ from: 500 * SECOND, to: 2100 * SECOND }]);
    }
    assert.equal(refreshFrom([{ from: 0, to: 50 }, { from: 40, to: 60 }, { from: 90, to: 99 }], 5), 90);
    assert.equal(refreshFrom([{ from: 0, to: 86 }, { from: 40, to: 60 }, { from: 90, to: 99 }], 5), 0);
    assert.deepEqual(joinCovered([{ from: 0, to: 10 }], [{ from: 8, to: 20 }], 8), [{ from: 0, to: 20 }]);
    assert.deepEqual(joinCovered([{ from: 0, to: 10 }], [{ from: 12, to: 20 }], 8), [{ from: 0, to: 8 }, { from: 12, to: 20 }]);
  }],

  ["the next and the previous event are found from anywhere, and stepping goes through all of them", async () => {
    const moves = [[100, 110], [113, 130], [200, 210], [300, 305]]; // the first two are one event
    const recorder = eventRecorder(moves, 1000), limits = { from: 0, now: 1000 * SECOND };
    globalThis.fetch = async (url) => recorder.answer(url);
    const step = async (by, at) => {
      const { ms } = await findStep({}, by, at * SECOND, limits);
      return ms && ms / SECOND;
    };
    const next = [[0, 97], [97, 197], [108, 197], [120, 197], [197, 297], [297, null]];
    for (const [at, wanted] of next) assert.equal(await step(1, at), wanted, `next from ${at}`);
    const previous = [[1000, 297], [298, 197], [297, 197], [125, 97], [97, null]];
    for (const [at, wanted] of previous) assert.equal(await step(-1, at), wanted, `previous from ${at}`);
    assert.equal(await step(1, 1000), null);
  }],

  ["server-sent events are read, however they are cut", async () => {
    const text = `event: motion-start\ndata: {"a":\ndata: 1}\nid: s-1\n\nretry: 5\ndata:x\r\n\r\n:\nid: s-2\rdata\r\r:\nid: s-3\n\n`;
    const wanted = [{ id: "s-1", kind: "motion-start", data: '{"a":\n1}' }, { id: "s-1", kind: "message", data: "x" },
      { id: "s-1", kind: "message", data: null }, { id: "s-2", kind: "message", data: "" },
      { id: "s-2", kind: "message", data: null }, { id: "s-3", kind: "message", data: null }];
    for (const size of [1, 2, 7, 1000]) {
      const events = readEvents(cutStream(Buffer.from(`${text}data: no end`), size)), found = [];
      while (found.length < wanted.length) found.push((await events.next()).value);
      assert.deepEqual(found, wanted, `in pieces of ${size} bytes`);
    }
    await assert.rejects(readEvents(new Response("data: ".padEnd(2 ** 21, "x")).body).next());
  }],

  ["all tabs listen over one connection, which goes on after the last notification", async () => {
    const hub = new LiveHub(), tabs = [new Listener(hub), new Listener(hub)], streams = [], asked = [];
    globalThis.fetch = async (url, { headers, signal }) => {
      const { response, send, controller } = endlessAnswer(signal);
      asked.push([url, headers["Last-Event-ID"]]);
      streams.push({ send, end: () => controller.close() });
      send(`event: state\ndata: {}\n\n`);
      return response;
    };
    try {
      for (const tab of tabs) tab.send("watch", "a");
      await waitFor(() => tabs.every(({ connected }) => connected), "both are connected");
      streams[0].send(`id: s-7\nevent: motion-start\ndata: {"time": 5}\n\nid: s-8\ndata: {\n\n`);
      const told = ({ notifications }) => notifications.some(({ kind, data }) => kind === "motion-start" && data.time === 5);
      await waitFor(() => tabs.every(told), "both are told");
      streams[0].end();
      await waitFor(() => streams.length === 2, "another stream");
      assert.deepEqual(asked, [["/events/live?camera=a", undefined], ["/events/live?camera=a", "s-8"]]);
      for (const tab of tabs) tab.send("unwatch", "a");
    } finally {
      for (const tab of tabs) tab.close();
    }
  }],

  ["events come before small pictures, and together they take no more connections", async () => {
    const recorder = new FakeRecorder(), hub = new LiveHub(), tab = new Listener(hub), open = new Set();
    let most = 0;
    globalThis.fetch = async (url, options) => {
      const isEvents = url.startsWith("/events/live");
      const { response } = isEvents ? endlessAnswer(options.signal) : {};
      if (isEvents) {
        open.add(url);
        options.signal.addEventListener("abort", () => open.delete(url));
      }
      const answer = response ?? recorder.answer(url, options);
      most = Math.max(most, open.size + recorder.streams.size + recorder.stills);
      return answer;
    };
    try {
      for (const camera of ["a", "b", "c", "d"]) tab.send("watch", camera, 10);
      await waitFor(() => recorder.streams.size === CONNECTIONS - 1, "small pictures");
      tab.send("watch", "a", "events");
      tab.send("watch", "b", "events");
      await waitFor(() => open.size === 2 && recorder.streams.size === 0, "two streams of events");
      for (const camera of ["a", "b", "c", "d"]) tab.send("unwatch", camera, 10);
      tab.send("watch", "a", "video");
      await waitFor(() => open.size === 2 && recorder.streams.has("a"), "and the large picture");
      assert.ok(most <= CONNECTIONS, `${most} connections`);
      for (const [camera, fps] of [["a", "events"], ["b", "events"], ["a", "video"]]) tab.send("unwatch", camera, fps);
      await waitFor(() => open.size === 0 && recorder.streams.size === 0, "nothing is left");
    } finally {
      tab.close();
    }
  }],

  ["a tab that is quiet is asked, before it is forgotten", async () => {
    const hub = new LiveHub(), tab = new Listener(hub), realNow = performance.now, later = realNow.call(performance) + 7000;
    try {
      performance.now = () => later;
      hub.forgetClosedTabs();
      await waitFor(() => tab.pings === 1, "it is asked");
    } finally {
      performance.now = realNow;
      tab.close();
    }
  }],

  ["notifications need a secure page, and quiet hours go past midnight", () => {
    const Notification = { permission: "default" };
    assert.match(alertsProblem({ isSecureContext: false, Notification }), /HTTPS/);
    assert.match(alertsProblem({ isSecureContext: true }), /cannot/);
    assert.match(alertsProblem({ isSecureContext: true, Notification: { permission: "denied" } }), /settings/);
    assert.equal(alertsProblem({ isSecureContext: true, Notification }), null);
    const quiet = { on: true, from: "22:00", to: "07:00" }, at = (text) => new Date(`2026-05-17T${text}`).getTime();
    assert.deepEqual(["21:59", "22:00", "03:00", "06:59", "07:00"].map((text) => isQuiet(quiet, at(text))),
      [false, true, true, true, false]);
    assert.equal(isQuiet({ ...quiet, on: false }, at("03:00")), false);
    assert.equal(isQuiet({ ...quiet, from: "08:00", to: "09:00" }, at("08:30")), true);
  }],
]);
process.exitCode = failed ? 1 : 0;
