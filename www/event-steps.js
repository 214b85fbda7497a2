/*
 * event-steps.js - the next and the previous event, from wherever the page is.
 *
 * An event is played from LEAD_MS before it, and stepping counts from there: the next event is one that begins later
 * than what is about to be seen. The recorder cuts an event at the border of the range that is asked for, so the range
 * is longer than needed by ROOM_MS, and events that begin in that room do not count.
 */
import * as api from "./api.js";
import { lengthOf, unknownSoFar, unknownSpans } from "./event-ranges.js";
import { SECOND } from "./time.js";

export const LEAD_MS = 3 * SECOND;
const AGAIN_MS = 2 * SECOND; // the previous event is another one if this one has only been seen for so long
const ROOM_MS = 15 * SECOND, LIMIT = 20;

async function ask(query, from, to, order) {
  const unknownOf = order === "oldest" ? unknownSoFar : unknownSpans;
  const values = { ...query, from: api.seconds(from), to: api.seconds(to), order, limit: LIMIT };
  const { events, covered } = await api.json(api.path("/events", values));
  const spans = covered.map((span) => ({ from: Date.parse(span.from), to: Date.parse(span.to) }));
  return { starts: events.map(({ start }) => Date.parse(start)), unknown: lengthOf(unknownOf(spans, from, to)) };
}

/*
 * Where to play from for the next event (by: 1) or the previous one (-1). Resolves to {ms, unknown}: null as `ms` if
 * there is none, and how much of the time in which it could be is unknown. query: of motion-question.js
 */
export async function findStep(query, by, at, { from, now }) {
  const seen = at + LEAD_MS;
  if (by > 0 && seen >= now - SECOND) return { ms: null, unknown: 0 };
  const range = by > 0 ? [seen - ROOM_MS, now, "oldest"] : [from, Math.min(seen + ROOM_MS, now), "newest"];
  if (range[1] - range[0] < SECOND) return { ms: null, unknown: 0 };
  const { starts, unknown } = await ask(query, ...range);
  const start = starts.find((ms) => (by > 0 ? ms > seen + SECOND / 2 : ms < seen - AGAIN_MS));
  return { ms: start === undefined ? null : start - LEAD_MS, unknown };
}

/* Whether one of the events that the query is about has begun at that time or goes on since then. */
export async function hasEventAt(query, ms) {
  const { starts } = await ask(query, ms - SECOND, ms + ROOM_MS, "oldest");
  return starts.length > 0;
}

export function noStepText(by, unknown) {
  const side = by > 0 ? "later" : "earlier";
  return unknown >= SECOND ? `No ${side} event is known.` : `There is no ${side} event.`;
}
