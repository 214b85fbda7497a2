/*
 * archive.js - what is recorded, as far as the page knows: spans, gaps and segments of one camera, in the order of
 * recording. That is also the order of time unless the clock was set back; then later items may be at earlier times,
 * and spans may overlap.
 *
 * The whole archive is read once. After that only its end is read, every REFRESH_MS while the page is visible.
 */
import * as api from "./api.js";
import { emit } from "./events.js";
import { HOUR, MINUTE } from "./time.js";

const REFRESH_MS = 2000, WHOLE_MS = 10 * MINUTE, OVERLAP_MS = 2 * MINUTE;
const JOIN_MS = 2; // times are rounded to the millisecond

const readItem = (item) => ({ ...item, from: Date.parse(item.from), to: Date.parse(item.to) });
const readSegment = (file) => ({ ...file, from: Date.parse(file.start), to: Date.parse(file.end) });

/* `items` with everything from `start` on replaced by `tail`. An item that `start` divided becomes one again. */
export function spliceTail(items, tail, start) {
  const kept = items.filter((item) => item.from < start).map((item) => ({ ...item, to: Math.min(item.to, start) }));
  const last = kept.at(-1), next = tail[0];
  if (!last || !next || next.from - last.to > JOIN_MS || last.cause !== next.cause) return kept.concat(tail);
  return kept.slice(0, -1).concat({ ...last, to: next.to }, tail.slice(1));
}

/* The item that covers a time; if two do, the one recorded later. */
export function itemAt(items, ms) {
  return items.findLast(({ from, to }) => from <= ms && ms < to) ?? null;
}

/* The item that begins next after a time. */
export function itemAfter(items, ms) {
  return items.reduce((next, item) => (item.from > ms && !(next?.from <= item.from) ? item : next), null);
}

/* The last item that ends at or before a time. */
export function itemBefore(items, ms) {
  return items.reduce((last, item) => (item.to <= ms && !(last?.to > item.to) ? item : last), null);
}

/* Event: "change" after each read, also a failed one; then `problem` says why. */
export class Archive extends EventTarget {
  spans = [];
  gaps = [];
  ongoing = null; // the gap from the newest footage on, as of the last read
  segments = [];
  problem = null;
  readAt = null; // when it was read last, by this device's clock
  read = false; // at least once: what is not here is not there
  #camera;
  #wholeAt = -Infinity;
  #timer = 0;
  #stopped = false;
  #setReady;
  ready = new Promise((resolve) => (this.#setReady = resolve)); // once it has been read

  constructor(camera) {
    super();
    this.#camera = camera;
    this.#refresh();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get from() {
    return itemAfter(this.spans, -Infinity)?.from ?? null;
  }

  get to() {
    return this.spans.at(-1)?.to ?? null;
  }

  spanAt(ms) {
    return itemAt(this.spans, ms);
  }

  gapAt(ms) {
    return itemAt(this.gaps, ms);
  }

  /*
   * The latest time of which it is known whether it was recorded. An ongoing gap lasts until now while the recorder
   * answers.
   */
  knownUntil(now) {
    if (!this.ongoing) return this.to;
    return this.problem ? this.ongoing.to : Math.max(this.ongoing.to, now);
  }

  /* All gaps, with the ongoing one. */
  gapsUntil(now) {
    return this.ongoing ? this.gaps.concat({ ...this.ongoing, to: this.knownUntil(now) }) : this.gaps;
  }

  spanAfter(ms) {
    return itemAfter(this.spans, ms);
  }

  spanBefore(ms) {
    return itemBefore(this.spans, ms);
  }

  /* Bytes per hour of recording over the last day, or NaN. */
  get bytesPerHour() {
    const day = this.segments.filter(({ to }) => to > (this.to ?? 0) - 24 * HOUR);
    const length = day.reduce((sum, { from, to }) => sum + to - from, 0);
    return length > MINUTE / 2 ? day.reduce((sum, { size }) => sum + size, 0) / length * HOUR : NaN;
  }

  async #refresh() {
    const whole = performance.now() - this.#wholeAt > WHOLE_MS || !this.spans.length;
    try {
      await (document.hidden && !whole ? null : this.#read(whole));
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    if (this.#stopped) return;
    emit(this, "change");
    if (this.read) this.#setReady();
    this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
  }

  async #read(whole) {
    const start = whole ? null : Math.floor((this.to - OVERLAP_MS) / 1000) * 1000;
    const [{ spans, gaps, ongoing }, files] = await Promise.all([
      api.timeline(this.#camera, start),
      api.recordings(this.#camera, whole ? {} : { from: api.seconds(start) }),
    ]);
    this.spans = spliceTail(this.spans, spans.map(readItem), start ?? -Infinity);
    this.gaps = spliceTail(this.gaps, gaps.map(readItem), start ?? -Infinity);
    this.ongoing = ongoing && { ...readItem(ongoing), ongoing: true };
    this.readAt = Date.now();
    this.#updateSegments(files.map(readSegment).reverse());
    if (whole) this.#wholeAt = performance.now();
    this.read = true;
  }

  /* A segment keeps its name while it grows. */
  #updateSegments(fresh) {
    const names = new Set(fresh.map(({ file }) => file));
    this.segments = this.segments.filter(({ file, to }) => !names.has(file) && to > (this.from ?? 0)).concat(fresh);
  }
}
