/*
 * moving-periods.js - when something moved, for playback of only that: the events of the archive, each with some time
 * before and after it.
 *
 * Time of which it is not known what moved is skipped too, and the page says that it was. Events that are older than
 * the newest LIMIT ones are not known here, so that older footage is played whole.
 */
import { eventTimes } from "./api.js";
import { emit } from "./events.js";
import { Latest } from "./latest.js";
import { question } from "./motion-question.js";
import { SECOND } from "./time.js";

export const BEFORE_S = 2, AFTER_S = 3;
const LIMIT = 10000, REFRESH_MS = 3 * SECOND, OVERLAP_MS = 60 * SECOND;

/* The events, oldest first, with their time before and after; what touches becomes one. */
export function widen(events) {
  const periods = [];
  for (const { from, to } of events) {
    const wide = { from: from - BEFORE_S * SECOND, to: to + AFTER_S * SECOND }, last = periods.at(-1);
    if (last && wide.from <= last.to) last.to = Math.max(last.to, wide.to);
    else periods.push(wide);
  }
  return periods;
}

const overlap = (items, from, to) =>
  items.reduce((sum, item) => sum + Math.max(0, Math.min(item.to, to) - Math.max(item.from, from)), 0);

/* Event: "change" when the periods are other ones, "failed" {problem}. */
export class MovingPeriods extends EventTarget {
  periods = [];
  unknown = [];
  since = null; // the earliest time for which they are known; null: not loaded yet
  #events = [];
  #latest = new Latest();
  #timer = 0;
  #to = 0;
  #archive;
  #now;

  /* now(): the recorder's clock. */
  constructor(archive, now) {
    super();
    this.#archive = archive;
    this.#now = now;
    this.reload();
    this.#timer = setInterval(() => this.#loadTail(), REFRESH_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#latest.abort();
  }

  /* The question is another one. What is known of the earlier one is forgotten. */
  reload() {
    this.since = null;
    this.#latest.abort();
    this.#load(null);
  }

  #loadTail() {
    if (this.since !== null && !document.hidden) this.#load(Math.max(this.since, this.#to - OVERLAP_MS));
  }

  /* start: null for the beginning of the archive. */
  #load(start) {
    const { query } = question;
    this.#latest.run(async (signal) => {
      try {
        await this.#archive.ready;
        const to = this.#now(), from = start ?? this.#archive.from ?? to;
        const answer = await eventTimes(query, { from, to }, LIMIT, signal);
        if (!signal.aborted) this.#take(answer, from, to);
      } catch (problem) {
        if (!signal.aborted && this.since === null) emit(this, "failed", { problem });
      }
    });
  }

  #take({ events, unknown, more }, from, to) {
    const whole = this.since === null, count = this.#events.length;
    /* An event that began before the tail is in both; its part in the tail begins with the tail. */
    const kept = (items) => (whole ? [] : items.filter((item) => item.from < from));
    this.#events = kept(this.#events).concat(events);
    this.unknown = kept(this.unknown).map((item) => ({ ...item, to: Math.min(item.to, from) })).concat(unknown);
    if (whole) this.since = more ? events[0].from : from;
    this.#to = to;
    this.periods = widen(this.#events);
    if (whole || count !== this.#events.length) emit(this, "change");
  }

  /* The period that contains `ms`, or null. What is not loaded counts as one. */
  at(ms) {
    if (this.since === null || ms < this.since) return { from: -Infinity, to: this.since ?? Infinity };
    return this.periods.find(({ from, to }) => from <= ms && ms < to) ?? null;
  }

  after(ms) {
    return this.periods.find(({ from }) => from > ms) ?? null;
  }

  before(ms) {
    return this.periods.findLast(({ to }) => to <= ms) ?? null;
  }

  /* How many milliseconds of that are unknown. */
  unknownIn(from, to) {
    return overlap(this.unknown, from, to);
  }
}
