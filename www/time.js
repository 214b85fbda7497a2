/* time.js - times as milliseconds since the epoch, and as text: always in this device's local time. */

export const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const two = (number) => String(number).padStart(2, "0");
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/* Milliseconds that local time is ahead of UTC then. */
export const offsetAt = (ms) => -new Date(ms).getTimezoneOffset() * MINUTE;

/* True in both passes of the hour that is repeated when summer time ends. */
export function isRepeated(ms) {
  const offset = offsetAt(ms);
  return [-HOUR, HOUR].some((step) => offsetAt(ms + step) - offset === -step);
}

/* UTC, UTC+2, UTC-3:30 */
export function formatZone(offset) {
  const minutes = Math.abs(offset) / MINUTE, rest = minutes % 60;
  if (minutes === 0) return "UTC";
  return `UTC${offset < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest ? `:${two(rest)}` : ""}`;
}

function offsetText(ms) {
  const minutes = Math.abs(offsetAt(ms)) / MINUTE;
  return `${offsetAt(ms) < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/* 10:23:05, or 10:23:05.12 */
export function formatClock(ms, hundredths = false) {
  const date = new Date(ms);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return hundredths ? `${text}.${two(Math.floor(date.getMilliseconds() / 10))}` : text;
}

export function formatDay(ms, year = true) {
  const date = new Date(ms);
  const text = `${WEEKDAYS[date.getDay()]} ${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return year ? `${text} ${date.getFullYear()}` : text;
}

/* Sun 17 May, 10:23:05 */
export const formatDate = (ms, hundredths = false) => `${formatDay(ms, false)}, ${formatClock(ms, hundredths)}`;

/* The same, with the offset if it would be ambiguous. */
export const formatMoment = (ms, hundredths) =>
  formatDate(ms, hundredths) + (isRepeated(ms) ? ` (${offsetText(ms)})` : "");

/* 10:23:05, and before that the day unless it is today. */
export function formatWhen(ms) {
  const today = new Date(ms).toDateString() === new Date().toDateString();
  return today ? formatClock(ms) : `${formatDay(ms)}, ${formatClock(ms)}`;
}

/* A label of the timeline. In a repeated hour it has the offset, because the same time appears twice. */
export function formatTick(ms, step) {
  const date = new Date(ms), midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (midnight && step >= MINUTE) return formatDay(ms, false);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}${step < MINUTE ? `:${two(date.getSeconds())}` : ""}`;
  return isRepeated(ms) ? `${text} (${offsetText(ms)})` : text;
}

/* 2026-05-17T10:23:00.120+02:00 */
export function formatIso(ms) {
  const date = new Date(ms);
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${formatClock(ms)}.${String(date.getMilliseconds()).padStart(3, "0")}${offsetText(ms)}`;
}

/* For the fields of the selection: 2026-05-17 10:23:00.120, with the offset if it would be ambiguous. */
export const formatField = (ms) =>
  formatIso(ms).replace("T", " ").slice(0, 23) + (isRepeated(ms) ? offsetText(ms) : "");

/* 850 ms, 18.0 s, 2 min 05 s, 3 h 12 min, 2 d 3 h */
export function formatLength(ms) {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  const whole = Math.round(ms / SECOND);
  if (ms < HOUR) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (ms < 2 * DAY) return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return "unknown";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30].map((n) => n * SECOND)
  .concat([1, 2, 5, 10, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12, 24].map((n) => n * HOUR));

export const stepFor = (leastMs) => STEPS.find((step) => step >= leastMs) ?? DAY;

/* For steps of up to an hour, which local time divides evenly on both sides of a change to or from summer time. */
function evenTicks(from, to, step) {
  const ticks = [];
  const offset = offsetAt(from);
  for (let at = Math.ceil((from + offset) / step) * step - offset; at < to; at += step) ticks.push(at);
  return ticks;
}

/*
 * Longer steps count from local midnight, which is right for days of 23 and 25 hours. An hour that spring skips has no
 * tick.
 */
function calendarTicks(from, to, step) {
  const ticks = [], hours = step / HOUR, first = new Date(from);
  for (let day = 0; ; day++) {
    for (let hour = 0; hour < 24; hour += hours) {
      const date = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day, hour);
      if (date.getTime() >= to) return ticks;
      if (date.getTime() >= from && date.getHours() === hour) ticks.push(date.getTime());
    }
  }
}

export const ticksBetween = (from, to, step) =>
  (step <= HOUR ? evenTicks(from, to, step) : calendarTicks(from, to, step));
