/*
 * found-events.js - the events of one period, as the recorder finds them for the page's question: a page of them at a
 * time, and those that are added while the period goes on.
 */
import * as api from "./api.js";
import { SECOND } from "./time.js";

export const PAGE = 60;
export const JOINS = [5, 30, 120]; // seconds between two movements that are one event; the first is the recorder's own
const REFRESH_MAX = 1000;

const read = (event) => ({
  ...event,
  key: `${event.type} ${event.start}`,
  from: Date.parse(event.start),
  to: Date.parse(event.end),
  peak: Date.parse(event.peak ?? event.start),
});

const readSpan = ({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) });

/* Where a repeated request has to begin so that no event is cut: at the newest event, or one that goes on beside it. */
export function refreshFrom(events, joinMs) {
  const byStart = [...events].sort((a, b) => b.from - a.from);
  return byStart.reduce((from, event) => (event.to + joinMs >= from ? Math.min(from, event.from) : from),
    byStart[0]?.from ?? -Infinity);
}

/* The spans of both lists in order, without what `later`, which begins at `start`, says again. */
export function joinCovered(earlier, later, start) {
  const kept = earlier.filter(({ from }) => from < start).map(({ from, to }) => ({ from, to: Math.min(to, start) }));
  const last = kept.at(-1), next = later[0];
  if (!last || !next || next.from > last.to) return kept.concat(later);
  return kept.slice(0, -1).concat({ from: last.from, to: next.to }, later.slice(1));
}

export class FoundEvents {
  events = []; // in the order that was asked for
  covered = []; // of the period, as far as it is over: [{from, to}]
  more = false; // there are others after these
  until = null; // the end of what was asked; later events are found by refresh()
  join = JOINS[0];

  /*
   * query: of motion-question.js. range: {from, to}. join: seconds, or null: as few as let the list be one page if
   * that is possible. oldestFirst: the order.
   */
  constructor(query, range, { join = null, oldestFirst = false } = {}) {
    this.query = query;
    this.range = range;
    this.oldestFirst = oldestFirst;
    this.joins = join === null ? JOINS : [join];
  }

  async #ask(from, to, values, signal) {
    const order = this.oldestFirst ? "oldest" : "newest";
    const query = { ...this.query, from: api.seconds(from), to: api.seconds(to), join: this.join, order, ...values };
    const { events, covered, more } = await api.json(api.path("/events", query), { signal });
    return { events: events.map(read), covered: covered.map(readSpan), more };
  }

  /* Finds the first page. now: the recorder's clock. */
  async load(now, signal) {
    const until = Math.min(this.range.to ?? now, now);
    if (until - this.range.from < SECOND) return this;
    for (const join of this.joins) {
      this.join = join;
      Object.assign(this, await this.#ask(this.range.from, until, { limit: PAGE }, signal), { until });
      if (!this.more) break;
    }
    return this;
  }

  async loadMore(signal) {
    const values = { limit: PAGE, offset: this.events.length };
    const { events, more } = await this.#ask(this.range.from, this.until, values, signal);
    this.events = this.events.concat(events);
    this.more = more;
  }

  get canGrow() {
    return this.until !== null && (this.range.to === null || this.until < this.range.to);
  }

  /*
   * Adds what happened since then, also to an event that was not over. Resolves to false if that is more than one
   * answer holds; then everything is to be asked for again.
   */
  async refresh(now, signal) {
    const until = Math.min(this.range.to ?? now, now), known = Math.max(this.range.from, this.until - 60 * SECOND);
    const start = Math.max(this.range.from, Math.min(refreshFrom(this.events, this.join * SECOND), known));
    if (until - start < SECOND || (this.oldestFirst && this.more)) return true;
    const { events, covered, more } = await this.#ask(start, until, { limit: REFRESH_MAX }, signal);
    if (more) return false;
    const kept = this.events.filter(({ from }) => from < start);
    this.events = this.oldestFirst ? kept.concat(events) : events.concat(kept);
    this.covered = joinCovered(this.covered, covered, start);
    this.until = until;
    return true;
  }
}
