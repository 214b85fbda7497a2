/*
 * time-parse.js - times from text, in every form that the API takes and with the same meaning
 * (shared/text/time_text.h): 3:17, sun 3:17, last night, 28.11.2026 12:00, 10 minutes ago, 2026-05-17T10:23:00Z, … Local time is this device's.
 *
 * The recorder is not asked: a time can be typed while it is down, and is in the device's time zone, not the recorder's.
 */
import { resolvePhrase } from "./time-latest.js";
import { NoTime, readPhrase } from "./time-phrase.js";
import { DAY, HOUR, MINUTE, SECOND } from "./time.js";

/* Why a text is no time, as a sentence. */
export const TIME_ERRORS = {
  malformed: "This is not a time. Try 3:17, 3:17 am, sun 3:17, yesterday 22:00, last night, 28.11.2026 12:00, "
    + "2026-05-17 10:23:00 or 10 minutes ago.",
  ambiguous: "This can be read in two ways. Write a date as 2026-11-28, 28.11.2026 or 28 Nov 2026, and a time of day "
    + "as 17:30 or 5:30 pm.",
  invalid: "There is no such date or time of day, or it is another day of the week.",
  skipped: "This time does not exist: the clocks skipped it when they went forward.",
  range: "This time is before 1970 or after 2200.",
};

const TEXT_MAX = 64, END_MS = Date.UTC(2201, 0, 1); // the API knows no later time
const NUMBER = /^(\d+)(?:\.(\d{1,9}))?$/;
const BACK = /^-(\d+(?:\.\d{1,9})?)([smhd])$/;
const AGO = /^(half an(?![a-z])|an?(?![a-z])|\d+(?:\.\d{1,9})?) ?([a-z]+) ago$/;
const UNITS = [
  [SECOND, /^s(ec(ond)?s?)?$/], [MINUTE, /^m(in(ute)?s?)?$/], [HOUR, /^h((ou)?rs?)?$/], [DAY, /^d(ays?)?$/],
  [7 * DAY, /^w(eeks?)?$/],
];

const unitOf = (word) => UNITS.find(([, pattern]) => pattern.test(word))?.[0];
const countOf = (text) => ({ "half an": 0.5, "an": 1, "a": 1 })[text] ?? Number(text);

/* Seconds since 1970. Eight digits are half a date, 17.30 is a date or a time of day; twelve and fourteen are dates. */
function fromNumber([, whole, decimals]) {
  if (whole.length === 8 && decimals === undefined) throw new NoTime("malformed");
  if (whole.length <= 2 && decimals?.length <= 2) throw new NoTime("ambiguous");
  return Number(whole) * SECOND + Number((decimals ?? "").padEnd(6, "0").slice(0, 6)) / 1000;
}

function read(text, nowMs, side, fromMs) {
  if (text === "now") return nowMs;
  const number = NUMBER.exec(text), [, count, word] = BACK.exec(text) ?? AGO.exec(text) ?? [];
  const unit = word && unitOf(word);
  if (unit) return Math.floor(nowMs / SECOND) * SECOND - countOf(count) * unit;
  if (number && !/^[1-9](\d{11}|\d{13})$/.test(text)) return fromNumber(number);
  return resolvePhrase(readPhrase(text), nowMs, side, fromMs);
}

/*
 * {ms, error}: milliseconds since the epoch and null, or NaN and why not (TIME_ERRORS). side: "from" or "to"; fromMs:
 * where the range begins whose end this is.
 */
export function readTime(text, nowMs, side = "from", fromMs = null) {
  try {
    if (text.length > TEXT_MAX || /[^ -~\t]/.test(text)) throw new NoTime("malformed");
    const ms = read(text.replace(/[ \t]+/g, " ").trim().toLowerCase(), nowMs, side, fromMs);
    return ms >= 0 && ms < END_MS ? { ms, error: null } : { ms: NaN, error: TIME_ERRORS.range };
  } catch (problem) {
    if (!(problem instanceof NoTime)) throw problem;
    return { ms: NaN, error: TIME_ERRORS[problem.kind] };
  }
}

/* The same as milliseconds or NaN alone. */
export const parseTime = (text, nowMs, side) => readTime(text, nowMs, side).ms;
