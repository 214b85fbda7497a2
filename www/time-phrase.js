/*
 * time-phrase.js - reads days and times of day as people write them: "sun 3:17", "last night", "28.11.2026 12:00". The
 * grammar is that of shared/text/time_text.h.
 */
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
  "november", "december"];
const PARTS = ["morning", "afternoon", "evening", "night"];

/* Ends the reading: kind is "malformed", "ambiguous" or "invalid". */
export class NoTime extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const fail = (kind = "malformed") => {
  throw new NoTime(kind);
};

class Reader {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  get ended() {
    return this.#at === this.#text.length;
  }

  /* The match of a pattern (with the flag y) at this place, which is then behind it; or null. */
  take(pattern) {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  /* The number of one of the words, which may be cut to their first three letters or more; or null. */
  takeName(words) {
    const before = this.#at, letters = this.take(/[a-z]{3,}/y);
    const index = letters ? words.findIndex((word) => word.startsWith(letters[0])) : -1;
    if (index >= 0) return index;
    this.#at = before;
    return null;
  }

  /* Runs a function, and comes back to this place if it gives null. */
  attempt(run) {
    const before = this.#at, result = run();
    if (result === null) this.#at = before;
    return result;
  }
}

/* --- days: what each of these gives is {day, …}, or null --- */

const date = (year, month, day, inDigits, joined = false) => ({
  day: year === null ? "month" : "date", date: { year: Number(year), month: Number(month), day: Number(day) },
  inDigits, joined,
});

function takeNamedDay(reader) {
  const match = reader.take(/(tonight|last night|today|yesterday)(?![a-z])/y);
  if (match) {
    const [, words] = match;
    return { day: words[0] === "t" ? "today" : "yesterday", part: words.endsWith("night") ? "night" : null };
  }
  if (!reader.take(/this /y)) return null;
  const part = reader.takeName(PARTS.slice(0, -1));
  return part === null ? fail() : { day: "today", part: PARTS[part] };
}

function takeWeekday(reader) {
  const beforeToday = reader.take(/last /y) !== null, weekday = reader.takeName(WEEKDAYS);
  if (weekday === null) return null;
  reader.take(/\./y);
  return { day: "weekday", weekday, beforeToday };
}

/* 2026-11-28, 2026/11/28 */
function takeYearFirst(reader) {
  const year = reader.take(/(\d{4})(?=[-/])/y);
  if (!year) return null;
  const rest = reader.take(/([-/])(\d\d?)\1(\d\d?)(?!\d)/y) ?? fail();
  return date(year[1], rest[2], rest[3], true);
}

/* 20261128, and a time of day after it */
function takeCompact(reader) {
  const match = reader.take(/(\d{4})(\d\d)(\d\d)(?=(\d{4}|\d{6})?(?!\d))/y);
  if (!match) return null;
  return reader.ended ? fail() : date(match[1], match[2], match[3], true, match[4] !== undefined);
}

/* A year after the name of a month, or null. */
const takeYear = (reader) => reader.take(/,? ?(\d{4})(?!\d)/y)?.[1] ?? null;

const ORDINAL = String.raw`(?:(?:st|nd|rd|th)(?![a-z])|\.?)`;
const DAY_OF_MONTH = new RegExp(String.raw`(\d\d?)(?!\d)${ORDINAL} ?`, "y");
const DAY_AFTER_MONTH = new RegExp(String.raw`\.? ?(\d\d?)(?!\d)${ORDINAL}`, "y");

/* 28 Nov 2026, 28th November, 28. November */
function takeDayAndMonth(reader) {
  const day = reader.take(DAY_OF_MONTH), month = day && reader.takeName(MONTHS);
  if (month === null) return null;
  reader.take(/\./y);
  return date(takeYear(reader), month + 1, day[1], false);
}

/* Nov 28, 2026; November 28th */
function takeMonthAndDay(reader) {
  const month = reader.takeName(MONTHS);
  if (month === null) return null;
  const day = reader.take(DAY_AFTER_MONTH) ?? fail();
  return date(takeYear(reader), month + 1, day[1], false);
}

/* 28.11.2026, 28.11.26, 28.11. */
function takeDayFirst(reader) {
  const day = reader.take(/(\d\d?)(?!\d)/y);
  if (!day) return null;
  if (reader.take(/\//y)) fail("ambiguous"); // 11/28/2026 and 28/11/2026
  const month = reader.take(/\.(\d\d?)(?!\d)/y);
  if (!month) return null;
  if (!reader.take(/\./y)) fail("ambiguous"); // it could be a time of day
  const year = reader.take(/(\d{4}|\d\d)?(?!\d)/y) ?? fail();
  const full = year[1]?.length === 2 ? `20${year[1]}` : year[1];
  return date(full ?? null, month[1], day[1], true);
}

const DATES = [takeYearFirst, takeCompact, takeDayAndMonth, takeDayFirst, takeMonthAndDay];
const DAYS = [takeNamedDay, takeWeekday, ...DATES];

function takeDay(reader, phrase) {
  for (const take of phrase.day === "weekday" ? DATES : DAYS) { // only a date can follow a day of the week
    const found = reader.attempt(() => take(reader));
    if (found) return Object.assign(phrase, found);
  }
  return null;
}

/* --- times of day --- */

const clockOf = (hour, minute, second, digits) => ({
  hour: Number(hour), minute: Number(minute ?? 0), second: Number(second ?? 0),
  ms: Number((digits ?? "").padEnd(6, "0").slice(0, 6)) / 1000, // floored to microseconds
});

/* am, pm, a.m. or p.m. after an hour of one to twelve */
function applyHalf(reader, clock) {
  const half = reader.take(/ ?([ap])(?:m(?![a-z])|\.m\.(?![a-z]))/y);
  if (!half) return false;
  if (clock.hour < 1 || clock.hour > 12) fail("invalid");
  clock.hour = clock.hour % 12 + (half[1] === "p" ? 12 : 0);
  return true;
}

/* 10:23, 10:23:05.5, 3:17 am, 3 pm */
function takeTimeOfDay(reader) {
  const hour = reader.take(/(\d\d?)(?!\d)/y);
  if (!hour) return null;
  const minutes = reader.take(/:/y) && (reader.take(/(\d\d)(?!\d)/y) ?? fail());
  const seconds = minutes && reader.take(/:/y) && (reader.take(/(\d\d)(?!\d)(?:\.(\d{1,9})(?!\d))?(?!\.)/y) ?? fail());
  const clock = clockOf(hour[1], minutes?.[1], seconds?.[1], seconds?.[2]);
  return applyHalf(reader, clock) || minutes ? clock : null;
}

/* 1023, 102305, 102305.5, 102305_500 */
function takeDigitsOfDay(reader) {
  const match = reader.take(/(\d\d)(\d\d)(\d\d)?(?!\d)/y);
  if (!match) return null;
  const fraction = match[3] && reader.take(/[._]/y)
    && (reader.take(/(?<=\.)(\d{1,9})(?!\d)|(?<=_)(\d{3})(?!\d)/y) ?? fail());
  return clockOf(match[1], match[2], match[3], fraction?.[1] ?? fraction?.[2]);
}

function takeClock(reader, phrase) {
  const named = reader.take(/(noon|midnight)(?![a-z])/y);
  const clock = named ? clockOf(named[1] === "noon" ? 12 : 0)
    : (phrase.inDigits && reader.attempt(() => takeDigitsOfDay(reader)))
      || reader.attempt(() => takeTimeOfDay(reader));
  return clock && Object.assign(phrase, { clock });
}

/* Z, UTC, +02:00, +0200 or +02, with or without a blank before it. The plus may have become that blank. */
function takeOffset(reader, phrase) {
  if (reader.take(/ ?(?:z|utc)(?![a-z])/y)) return Object.assign(phrase, { offsetMinutes: 0 });
  const sign = reader.take(/ ?[+-]| (?=\d)/y);
  if (!sign) return null;
  const [, hours, minutes = "0"] = reader.take(/(\d\d)(?::?(\d\d)(?!\d))?(?![:\d])/y) ?? fail();
  if (hours > 23 || minutes > 59) fail();
  const offset = Number(hours) * 60 + Number(minutes);
  return Object.assign(phrase, { offsetMinutes: /-/.test(sign[0]) ? -offset : offset });
}

/* --- the whole --- */

function takePart(reader, phrase) {
  const part = reader.takeName(PARTS);
  return part === null ? null : Object.assign(phrase, { part: PARTS[part] });
}

/* Each of day, part and time of day may be there once. */
function takeItem(reader, phrase) {
  if (!phrase.clock && takeClock(reader, phrase)) {
    if (phrase.day === "date") takeOffset(reader, phrase);
    return true;
  }
  const dayFits = phrase.day === null || (phrase.day === "weekday" && !phrase.beforeToday);
  if (dayFits && takeDay(reader, phrase)) return true;
  return phrase.day !== null && !phrase.part && !phrase.clock && takePart(reader, phrase) !== null;
}

/* What is between two items. T and _ follow a date in digits. */
function takeSeparator(reader, phrase) {
  if (phrase.inDigits && !phrase.clock && (reader.take(/[t_](?=\d)/y) || phrase.joined)) return true;
  return reader.take(/(?:, ?| )(?:(?:at|on) )?/y) !== null;
}

/*
 * text: in lower case, without blanks at its ends and without two in a row. Returns {day, weekday, beforeToday, date,
 * part, clock, offsetMinutes}, or throws a NoTime.
 */
export function readPhrase(text) {
  const reader = new Reader(text);
  const phrase = { day: null, weekday: null, beforeToday: false, date: null, part: null, clock: null,
    offsetMinutes: null, inDigits: false };
  reader.take(/(?:at|on) /y);
  for (let first = true; !reader.ended; first = false) {
    if (!first && !takeSeparator(reader, phrase)) fail();
    if (!takeItem(reader, phrase)) fail();
  }
  if (!phrase.clock && phrase.day === null) fail();
  if (phrase.part && phrase.clock && phrase.part !== "night") fail();
  return phrase;
}
