/*
 * time-latest.js - which moment days and times of day mean, in this device's local time: the latest one, unless they
 * say which. The rules are those of shared/text/time_text.h.
 */
import { NoTime } from "./time-phrase.js";
import { offsetAt, DAY, MINUTE, SECOND } from "./time.js";

const NOON = 12, YEARS_BACK = 8; // between two 29ths of February
/* The hours from which and until which a part of a day lasts; beyond 24, those of the next day. */
const HOURS = { morning: [6, 12], afternoon: [12, 18], evening: [18, 24], night: [19, 31] };
const MIDNIGHT = { hour: 0, minute: 0, second: 0, ms: 0 };

/* A date is {year, month, day}, with months from 1 on. As a time of UTC; Date.UTC() would move the first century. */
function utcOf({ year, month, day }, { hour, minute, second } = MIDNIGHT) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
}

function dateOf(utcMs) {
  const date = new Date(utcMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

const addDays = (date, days) => dateOf(utcOf(date) + days * DAY);
const weekdayOf = (date) => new Date(utcOf(date)).getUTCDay();
const isSame = (one, other) => one.year === other.year && one.month === other.month && one.day === other.day;

export function dateAt(ms) {
  const date = new Date(ms);
  return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() };
}

function check(date, { hour, minute, second }) {
  if (!isSame(addDays(date, 0), date) || hour > 23 || minute > 59 || second > 59) throw new NoTime("invalid");
}

/*
 * Local time is UTC plus the offset at that moment, which can only be the offset of the day before or of the day after.
 * If both fit, the hour is repeated; if neither does, it was skipped, and this gives null.
 */
function localTime(utcMs, side) {
  const passes = [-DAY, DAY].map((step) => utcMs - offsetAt(utcMs + step)).filter((ms) => ms + offsetAt(ms) === utcMs);
  if (!passes.length) return null;
  return side === "to" ? Math.max(...passes) : Math.min(...passes);
}

/* The first moment at or after a local time, which exists even if the time itself is skipped. */
function boundary(utcMs) {
  const exact = localTime(utcMs, "from");
  if (exact !== null) return exact;
  let low = utcMs - offsetAt(utcMs + DAY), high = utcMs - offsetAt(utcMs - DAY);
  const after = offsetAt(high);
  while (high - low > SECOND) {
    const middle = Math.floor((low + high) / 2 / SECOND) * SECOND;
    if (offsetAt(middle) === after) high = middle;
    else low = middle;
  }
  return high;
}

/* When a day begins, which is not midnight if the clocks skip that. */
export const dayStart = (date) => boundary(utcOf(date));
export const dayAfter = (date, days = 1) => addDays(date, days);

/* --- one day --- */

function onClock(date, clock, side) {
  check(date, clock);
  const ms = localTime(utcOf(date, clock), side);
  if (ms === null) throw new NoTime("skipped");
  return ms + clock.ms;
}

/* Other times of day than those of the night could be meant in two ways. */
function inNight(date, clock, side) {
  check(date, clock);
  const [from, to] = HOURS.night;
  if (clock.hour < from && clock.hour >= to - 24) throw new NoTime("ambiguous");
  return onClock(clock.hour < NOON ? addDays(date, 1) : date, clock, side);
}

/* The moment that the phrase means if it is about that day. */
function onDay({ part, clock }, date, side) {
  if (clock) return part === "night" ? inNight(date, clock, side) : onClock(date, clock, side);
  const hour = (HOURS[part] ?? [0, 24])[side === "to" ? 1 : 0];
  return boundary(utcOf(addDays(date, Math.floor(hour / 24)), { ...MIDNIGHT, hour: hour % 24 }));
}

/* --- which day --- */

/* Whether what the phrase means on that day has begun. A skipped time counts from when the clocks skipped it. */
function hasBegun(phrase, date, nowMs) {
  try {
    return onDay(phrase, date, "from") <= nowMs;
  } catch (error) {
    if (error.kind !== "skipped") throw error;
    return boundary(utcOf(date, phrase.clock)) <= nowMs;
  }
}

/* Of the two passes of a repeated hour, the end is the second one, unless that is still to come. */
function latestOn(phrase, date, side, nowMs) {
  const ms = onDay(phrase, date, side);
  if (!phrase.clock || ms <= nowMs) return ms;
  const first = onDay(phrase, date, "from");
  return first <= nowMs ? first : ms;
}

/* The latest day that is `step` days apart from others, `date` or an earlier one. */
function stepwise(phrase, date, step, side, nowMs) {
  return latestOn(phrase, hasBegun(phrase, date, nowMs) ? date : addDays(date, -step), side, nowMs);
}

function onWeekday(phrase, side, nowMs) {
  const today = dateAt(nowMs), back = (weekdayOf(today) + 7 - phrase.weekday) % 7;
  return stepwise(phrase, addDays(today, -(back || (phrase.beforeToday ? 7 : 0))), 7, side, nowMs);
}

function checkWeekday({ weekday }, date) {
  if (weekday !== null && weekdayOf(date) !== weekday) throw new NoTime("invalid");
}

/* A date without a year. There may be none in a year: 29 February; or in any. */
function onDayAndMonth(phrase, side, nowMs) {
  const { year } = dateAt(nowMs);
  for (let back = 0; back < YEARS_BACK; back++) {
    const date = { ...phrase.date, year: year - back };
    if (!isSame(addDays(date, 0), date) || !hasBegun(phrase, date, nowMs)) continue;
    checkWeekday(phrase, date);
    return latestOn(phrase, date, side, nowMs);
  }
  throw new NoTime("invalid");
}

function onDate(phrase, side) {
  const { date, clock, offsetMinutes } = phrase;
  check(date, clock ?? MIDNIGHT);
  checkWeekday(phrase, date);
  if (offsetMinutes === null) return onDay(phrase, date, side);
  return utcOf(date, clock) - offsetMinutes * MINUTE + clock.ms;
}

/* A time of day alone as the end of a range: on the day on which that begins, or on the next one. */
function after(phrase, fromMs) {
  const date = dateAt(fromMs);
  const begun = hasBegun(phrase, date, fromMs);
  const ms = begun && localTime(utcOf(date, phrase.clock), "to") === null ? null : onDay(phrase, date, "to");
  return ms !== null && ms > fromMs ? ms : onDay(phrase, addDays(date, 1), "to");
}

/*
 * Milliseconds since the epoch, or a NoTime is thrown. side: "from" or "to"; fromMs: where the range begins whose end
 * this is, or null.
 */
export function resolvePhrase(phrase, nowMs, side, fromMs) {
  const today = dateAt(nowMs);
  if (phrase.day === "date") return onDate(phrase, side);
  if (phrase.day === "today") return onDay(phrase, today, side);
  if (phrase.day === "yesterday") return onDay(phrase, addDays(today, -1), side);
  if (phrase.day === "weekday") return onWeekday(phrase, side, nowMs);
  if (phrase.day === "month") return onDayAndMonth(phrase, side, nowMs);
  return fromMs === null ? stepwise(phrase, today, 1, side, nowMs) : after(phrase, fromMs);
}
