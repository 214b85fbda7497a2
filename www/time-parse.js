/*
 * time-parse.js - times from text: every form that the API takes (shared/text/time_text.h, with the same meaning), and
 * what people type: 10:23, 10:23:05.5, 2026-05-17 10:23.
 */
import { offsetAt, DAY, HOUR, MINUTE, SECOND } from "./time.js";

export const INVALID_TIME = "This is not a time. Try 10:23:05, 2026-05-17 10:23:00 or -90s.";

const DATE = String.raw`(\d{4})-?(\d\d)-?(\d\d)[T _]?(\d\d):?(\d\d)(?::?(\d\d)(?:[._](\d{1,9}))?)?`;
const ZONE = String.raw`(?:\s*(Z|[+-]\d\d(?::?\d\d)?)| (\d\d(?::?\d\d)?))?`; // "+" becomes a space in some links
const DATED = new RegExp(`^${DATE}${ZONE}$`, "i");
const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const EPOCH = /^\d{9,10}(?:\.\d{1,9})?$/; // fewer digits are half a date, or before 1973
const AGO = /^-(\d+(?:\.\d{1,9})?)(s|m|h|d)$/;
const UNIT = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
const END_MS = Date.UTC(2201, 0, 1); // the API knows no later time

const fraction = (digits) => Number(`0.${digits ?? 0}`) * SECOND;

/* Milliseconds east of UTC, or NaN. */
function parseOffset(zone) {
  if (/^z$/i.test(zone)) return 0;
  const [, sign, hours, minutes = "0"] = /^([+-]?)(\d\d):?(\d\d)?$/.exec(zone);
  const offset = Number(hours) * HOUR + Number(minutes) * MINUTE;
  if (hours > 23 || minutes > 59) return NaN;
  return sign === "-" ? -offset : offset;
}

/*
 * An hour that spring skips is no time. In the hour that autumn repeats, side "from" means the first pass, "to" the
 * second.
 */
function fromLocal(parts, side) {
  const ms = new Date(...parts).getTime(), hour = new Date(ms).getHours();
  if (hour !== parts[3]) return NaN;
  const repeated = offsetAt(ms + HOUR) === offsetAt(ms) - HOUR;
  return repeated && side === "to" ? ms + HOUR : ms;
}

function fromDated([, year, month, day, hour, minute, second = "0", digits, signed, unsigned], side) {
  const parts = [Number(year), month - 1, Number(day), Number(hour), Number(minute), Number(second)];
  const utc = Date.UTC(...parts), zone = signed ?? unsigned;
  const exists = new Date(utc).getUTCDate() === parts[2]; // 30 February would become 2 March
  const valid = parts[1] >= 0 && parts[1] < 12 && parts[3] < 24 && parts[4] < 60 && parts[5] < 60 && exists;
  if (!valid) return NaN;
  return (zone ? utc - parseOffset(zone) : fromLocal(parts, side)) + fraction(digits);
}

/* A time of day means its last occurrence. */
function fromClock([, hour, minute, second = "0", digits], nowMs) {
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  const date = new Date(nowMs);
  date.setHours(Number(hour), Number(minute), Number(second), 0);
  if (date.getTime() > nowMs) date.setDate(date.getDate() - 1);
  return date.getTime() + fraction(digits);
}

const fromAgo = ([, count, unit], nowMs) => Math.floor(nowMs / SECOND) * SECOND - Number(count) * UNIT[unit];

function parse(text, nowMs, side) {
  if (text === "now") return nowMs;
  if (EPOCH.test(text)) return Number(text) * SECOND;
  const ago = AGO.exec(text), clock = CLOCK.exec(text), dated = DATED.exec(text);
  if (ago) return fromAgo(ago, nowMs);
  if (clock) return fromClock(clock, nowMs);
  return dated ? fromDated(dated, side) : NaN;
}

/* Milliseconds since the epoch, or NaN. side: "from" or "to", for a time of the hour that autumn repeats. */
export function parseTime(text, nowMs, side = "from") {
  const ms = parse(text.trim(), nowMs, side);
  return ms >= 0 && ms < END_MS ? ms : NaN;
}
