/*
 * archive.js - what is recorded, as known to the page: spans, gaps and segments of one camera, in the order of recording. That is the order
 * of time, unless the clock was set back: then later ones may lie before, and spans may overlap.
 *
 * The whole is read once; afterwards only its end is read again, every REFRESH_MS while the page is seen.
 */
import * as api from "./api.js";
import { HOUR, MINUTE } from "./time.js";

const REFRESH_MS = 2000, WHOLE_MS = 10 * MINUTE, OVERLAP_MS = 2 * MINUTE;
const JOIN_MS = 2; // times come rounded to the millisecond

const readItem = (item) => ({ ...item, from: Date.parse(item.from), to: Date.parse(item.to) });

/* `items` with everything from `cut` on replaced by `tail`; what the cut divided is one again. */
export function spliceTail(items, tail, cut) {
  const kept = items.filter((item) => item.from < cut).map((item) => ({ ...item, to: Math.min(item.to, cut) }));
  const last = kept.at(-1), next = tail[0];
  if (!last || !next || next.from - last.to > JOIN_MS || last.cause !== next.cause) return kept.concat(tail);
  return kept.slice(0, -1).concat({ ...last, to: next.to }, tail.slice(1));
}

/* The item that covers a time; of two recordings of the same time the later one. */
export function itemAt(items, ms) {
  return items.findLast(({ from, to }) => from <= ms && ms < to) ?? null;
}

/* The item that begins next behind a time, and the one that ends last at or before it. */
export function itemAfter(items, ms) {
  return items.reduce((next, one) => (one.from > ms && !(next?.from <= one.from) ? one : next), null);
}

export function itemBefore(items, ms) {
  return items.reduce((last, one) => (one.to <= ms && !(last?.to > one.to) ? one : last), null);
}

export class Archive {
  spans = [];
  gaps = [];
  segments = [];
  problem = null;
  #camera;
  #changed;
  #wholeAt = -Infinity;
  #timer = 0;
  #stopped = false;
  #readyNow;
  ready = new Promise((resolve) => (this.#readyNow = resolve)); // after the first look

  /* `changed` is called after every look, also when it failed: then `problem` says why. */
  constructor(camera, changed) {
    this.#camera = camera;
    this.#changed = changed;
    this.#look();
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

  spanAfter(ms) {
    return itemAfter(this.spans, ms);
  }

  spanBefore(ms) {
    return itemBefore(this.spans, ms);
  }

  /* Bytes an hour of recording over the last day, or NaN. */
  get bytesPerHour() {
    const day = this.segments.filter((one) => one.to > (this.to ?? 0) - 24 * HOUR);
    const length = day.reduce((sum, one) => sum + one.to - one.from, 0);
    return length > MINUTE / 2 ? day.reduce((sum, one) => sum + one.size, 0) / length * HOUR : NaN;
  }

  async #look() {
    const whole = performance.now() - this.#wholeAt > WHOLE_MS || !this.spans.length;
    try {
      await (document.hidden && !whole ? null : this.#read(whole));
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    if (this.#stopped) return;
    this.#changed();
    this.#readyNow();
    this.#timer = setTimeout(() => this.#look(), REFRESH_MS);
  }

  async #read(whole) {
    const cut = whole ? null : Math.floor((this.to - OVERLAP_MS) / 1000) * 1000;
    const [lines, files] = await Promise.all([
      api.timeline(this.#camera, cut),
      api.recordings(this.#camera, whole ? {} : { from: api.seconds(cut) }),
    ]);
    this.#take(lines.spans.map(readItem), lines.gaps.map(readItem), cut ?? -Infinity);
    this.#takeSegments(files.map((file) => ({ ...file, from: Date.parse(file.start), to: Date.parse(file.end) })).reverse());
    if (whole) this.#wholeAt = performance.now();
  }

  #take(spans, gaps, cut) {
    this.spans = spliceTail(this.spans, spans, cut);
    this.gaps = spliceTail(this.gaps, gaps, cut);
  }

  /* A segment is known by its name; the open one grows. */
  #takeSegments(fresh) {
    const known = new Set(fresh.map((one) => one.file));
    this.segments = this.segments.filter((one) => !known.has(one.file) && one.to > (this.from ?? 0)).concat(fresh);
  }
}
