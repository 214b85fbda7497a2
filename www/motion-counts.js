/* motion-counts.js - how many events there are in the period that is shown, for each strength. */
import { eventTimes } from "./api.js";
import { emit } from "./events.js";
import { Latest } from "./latest.js";
import { question, STRENGTHS } from "./motion-question.js";
import { SECOND } from "./time.js";

const LIMIT = 1000; // more than that are not counted
const REFRESH_MS = 10 * SECOND;

/* "260", or "1000+": there are more. */
export const countText = ({ count, more }) => `${count}${more ? "+" : ""}`;

/*
 * counts: {faint, clear, strong, all}, each {count, more}, or null if they are not known; `all` counts the parts that
 * do not count, too, and is null if there are none.
 *
 * Event: "change".
 */
export class MotionCounts extends EventTarget {
  counts = null;
  #latest = new Latest();
  #timer = 0;

  constructor() {
    super();
    question.addEventListener("change", () => this.#load());
  }

  open() {
    clearInterval(this.#timer);
    this.#latest.abort();
    this.counts = null;
    emit(this, "change");
    this.#timer = setInterval(() => document.hidden || this.#load(), REFRESH_MS);
  }

  #load() {
    const { query, range, strength, applied } = question;
    if (!range) return;
    this.#latest.run(async (signal) => {
      const count = async (values) => {
        const { events, more } = await eventTimes({ ...query, ...values }, range, LIMIT, signal);
        return { count: events.length, more };
      };
      const all = applied.length ? count({ strength, not: [] }) : null;
      try {
        const counted = await Promise.all([...STRENGTHS.map((one) => count({ strength: one })), all]);
        if (signal.aborted) return;
        this.counts = Object.fromEntries([...STRENGTHS, "all"].map((name, at) => [name, counted[at]]));
      } catch {
        if (signal.aborted) return;
        this.counts = null; // the strip says why
      }
      emit(this, "change");
    });
  }
}
