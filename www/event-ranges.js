/*
 * event-ranges.js - the periods that a list of events can be about, and what is known of them.
 *
 * A night is from 19:00 to 07:00 on this device's clock. That is dark enough all over the year, and unlike dusk it needs
 * no place and means the same for every camera.
 */
import { formatDay, formatTick, DAY, HOUR, MINUTE, SECOND } from "./time.js";

const EVENING = 19, MORNING = 7; // hours
const SETTLING_MS = 10 * SECOND;

/* The time of day `hour`, so many days after the day of `ms`. Days have 23 to 25 hours, so this is no addition. */
function atHour(ms, hour, days = 0) {
  const date = new Date(ms);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, hour).getTime();
}

/* The night that ended this morning; before the morning, the one that is not over yet. */
function lastNight(now) {
  const morning = atHour(now, MORNING);
  return { from: atHour(now, EVENING, -1), to: now < morning ? null : morning };
}

/* name -> {text, find}: find(now, {view, archiveFrom}) resolves to {from, to}, where null as `to` means until now. */
export const RANGES = {
  night: { text: "Last night", find: lastNight },
  today: { text: "Today", find: (now) => ({ from: atHour(now, 0), to: null }) },
  hour: { text: "Last hour", find: (now) => ({ from: now - HOUR, to: null }) },
  day: { text: "Last 24 hours", find: (now) => ({ from: now - DAY, to: null }) },
  view: {
    text: "What the timeline shows",
    find: (now, { view }) => ({ from: view.from, to: view.to < now ? view.to : null }),
  },
  all: { text: "Everything", find: (now, { archiveFrom }) => ({ from: archiveFrom ?? now - DAY, to: null }) },
};

/* "Sun 29 Nov 19:00 – Mon 30 Nov 07:00", "Mon 30 Nov 14:05 – now" */
export function rangeText({ from, to }) {
  const clock = (ms) => formatTick(ms, MINUTE).replace(/^\D.*/, "00:00");
  const day = (ms) => formatDay(ms, false), sameDay = to === null || day(from) === day(to);
  const end = to === null ? "now" : `${sameDay ? "" : `${day(to)} `}${clock(to)}`;
  return `${day(from)} ${clock(from)} – ${end}`;
}

/* The time in [from, to) that is in none of `covered`, which is in the order of time: [{from, to}]. */
export function unknownSpans(covered, from, to) {
  const unknown = [];
  let at = from;
  for (const span of covered) {
    if (span.from > at) unknown.push({ from: at, to: Math.min(span.from, to) });
    at = Math.max(at, span.to);
    if (at >= to) break;
  }
  if (at < to) unknown.push({ from: at, to });
  return unknown;
}

/*
 * The same for a period that goes on until now. Of its last seconds there are no records yet; they are no unknown time
 * unless none come.
 */
export function unknownSoFar(covered, from, now) {
  const unknown = unknownSpans(covered, from, now), last = unknown.at(-1);
  return last?.to === now && last.to - last.from <= SETTLING_MS ? unknown.slice(0, -1) : unknown;
}

export const lengthOf = (spans) => spans.reduce((sum, { from, to }) => sum + to - from, 0);
