/* time-scale.js - the piece of time that the time line shows, and its way to pixels. */
import { DAY, HOUR, MINUTE, SECOND } from "./time.js";

export const SHORTEST_MS = 4 * SECOND, LONGEST_MS = 31 * DAY;

export class Scale {
  from = Date.now() - HOUR;
  span = HOUR + 5 * MINUTE;
  width = 1;

  get to() {
    return this.from + this.span;
  }

  x(ms) {
    return (ms - this.from) / this.span * this.width;
  }

  time(x) {
    return this.from + x / this.width * this.span;
  }

  get perPixel() {
    return this.span / this.width;
  }

  /* Keeps the time under `x` where it is. factor < 1 shows less time, larger. */
  zoom(factor, x) {
    const under = this.time(x);
    this.span = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, this.span * factor));
    this.from = under - x / this.width * this.span;
  }

  pan(pixels) {
    this.from -= pixels * this.perPixel;
  }

  show(from, to) {
    this.span = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from));
    this.from = (from + to) / 2 - this.span / 2;
  }

  centre(ms) {
    this.from = ms - this.span / 2;
  }

  /* Something of what there is always stays in sight. */
  clamp(first, last) {
    const air = this.span * 0.5;
    this.from = Math.min(Math.max(this.from, first - air), last + air - this.span * 0.1);
  }
}
