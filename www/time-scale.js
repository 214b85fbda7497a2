/* time-scale.js - the period that the timeline shows, and the conversion between times and pixels. */
import { DAY, HOUR, MINUTE, SECOND } from "./time.js";

export const SHORTEST_MS = 4 * SECOND, LONGEST_MS = 31 * DAY;

const limitLength = (ms) => Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms));

export class TimeScale {
  from = Date.now() - HOUR;
  length = HOUR + 5 * MINUTE;
  width = 1; // pixels

  get to() {
    return this.from + this.length;
  }

  get msPerPixel() {
    return this.length / this.width;
  }

  x(ms) {
    return (ms - this.from) / this.msPerPixel;
  }

  time(x) {
    return this.from + x * this.msPerPixel;
  }

  contains(ms) {
    return ms >= this.from && ms <= this.to;
  }

  /* Keeps the time at `x` where it is. A factor below 1 zooms in. */
  zoom(factor, x) {
    const fixed = this.time(x);
    this.length = limitLength(this.length * factor);
    this.from = fixed - x * this.msPerPixel;
  }

  pan(pixels) {
    this.from -= pixels * this.msPerPixel;
  }

  show(from, to) {
    this.length = limitLength(to - from);
    this.from = (from + to) / 2 - this.length / 2;
  }

  centre(ms) {
    this.from = ms - this.length / 2;
  }

  /* Some part of [first, last] always stays visible. */
  clamp(first, last) {
    this.from = Math.min(Math.max(this.from, first - this.length * 0.5), last + this.length * 0.4);
  }
}
