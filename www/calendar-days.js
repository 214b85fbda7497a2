/*
 * calendar-days.js - the days of a month, and how much of each is recorded: computed from what the page knows of the
 * archive anyway, so a month costs no request.
 */
import { dateAt, dayAfter, dayStart } from "./time-latest.js";

const WEEK = 7;

/* 0: Sunday; Monday unless the browser knows better. */
export function firstWeekday(language = globalThis.navigator?.language ?? "en-GB") {
  const locale = new Intl.Locale(language), info = locale.getWeekInfo?.() ?? locale.weekInfo;
  return (info?.firstDay ?? 1) % WEEK;
}

/* A month is {year, month}, with months from 1 on. */
export const monthOf = ({ year, month }) => ({ year, month });
export const monthAfter = ({ year, month }, months) => monthOf(dateAt(new Date(year, month - 1 + months, 1).getTime()));
export const compareMonths = (one, other) => (one.year - other.year) * 12 + one.month - other.month;

/*
 * The weeks that show a month, as rows of seven days {date, from, to, outside}: from and to are where the day begins
 * and ends, which may be 23 or 25 hours apart; outside: it is of the month before or after.
 */
export function weeksOf({ year, month }, weekStart) {
  const first = { year, month, day: 1 }, weekday = new Date(year, month - 1, 1).getDay();
  const weeks = [];
  let date = dayAfter(first, -((weekday + WEEK - weekStart) % WEEK));
  do {
    weeks.push(Array.from({ length: WEEK }, () => {
      const next = dayAfter(date), outside = date.month !== month;
      const day = { date, from: dayStart(date), to: dayStart(next), outside };
      date = next;
      return day;
    }));
  } while (date.month === month);
  return weeks;
}

/* Milliseconds of [from, to) that the spans cover. Spans may overlap if the clock was set back. */
export function recordedIn(spans, { from, to }) {
  const sum = spans.reduce((total, span) =>
    total + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)), 0);
  return Math.min(sum, to - from);
}
