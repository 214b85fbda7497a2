/*
 * calendar.js - the calendar: which days have recordings, and the way to one of them. Arrow keys move by days and
 * weeks, Page Up and Page Down by months (the WAI-ARIA pattern of a grid).
 */
import { compareMonths, firstWeekday, monthAfter, monthOf, recordedIn, weeksOf } from "./calendar-days.js";
import { element, find, isDisabled, setDisabled, setText } from "./dom.js";
import { dateAt, dayAfter } from "./time-latest.js";
import { formatDay, formatLength, DAY, HOUR, SECOND } from "./time.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }; // days
const NAME = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric" });
const WEEKDAY = (style) => new Intl.DateTimeFormat("en-GB", { weekday: style, timeZone: "UTC" });
const SUNDAY = Date.UTC(2026, 10, 29);

const keyOf = ({ year, month, day }) => `${year}-${month}-${day}`;
const isDay = (one, other) => keyOf(one) === keyOf(other);

export class Calendar {
  #screen;
  #view;
  #month = null; // that is shown
  #focused = null; // date
  #weekStart = firstWeekday();

  constructor(screen, view) {
    this.#screen = screen;
    this.#view = view;
    find("calendar-weekdays").replaceChildren(...this.#weekdays());
    find("calendar-days").addEventListener("keydown", (event) => this.#move(event));
    for (const [id, by] of [["calendar-back", -1], ["calendar-forward", 1]]) {
      find(id).addEventListener("click", () => !isDisabled(find(id)) && this.#turn(by));
    }
  }

  #weekdays() {
    return Array.from({ length: 7 }, (_, day) => {
      const at = SUNDAY + (day + this.#weekStart) * DAY;
      return element("th", { scope: "col", abbr: WEEKDAY("long").format(at) }, WEEKDAY("short").format(at));
    });
  }

  /* Opens at the day of the picture. */
  open() {
    const archive = this.#archive;
    this.#show(dateAt(this.#screen.time));
    find("calendar").showModal();
    this.#focus();
    archive.ready.then(() => find("calendar").open && archive === this.#archive && this.#redraw());
  }

  /* What was not known when it was opened is known now. */
  #redraw() {
    const focused = document.activeElement.dataset.day;
    this.#draw();
    if (focused) this.#focus();
  }

  get #archive() {
    return this.#screen.current.archive;
  }

  /* --- what it shows --- */

  #show(date) {
    this.#focused = date;
    this.#month = monthOf(date);
    this.#draw();
  }

  #draw() {
    const { year, month } = this.#month, now = this.#screen.now();
    setText(find("calendar-month"), NAME.format(new Date(year, month - 1, 1)));
    const first = dateAt(this.#archive.from ?? now);
    this.#limit("calendar-back", compareMonths(this.#month, first) <= 0, "Nothing was recorded before this month.");
    this.#limit("calendar-forward", compareMonths(this.#month, dateAt(now)) >= 0, "The next month is in the future.");
    const weeks = weeksOf(this.#month, this.#weekStart);
    find("calendar-days").replaceChildren(...weeks.map((week) =>
      element("tr", {}, ...week.map((day) => this.#cell(day, now)))));
    setText(find("calendar-message"), this.#message);
    find("calendar-message").hidden = !this.#message;
  }

  #limit(id, atEnd, why) {
    setDisabled(find(id), atEnd && this.#archive.read ? why : null);
  }

  /* What is not known is not shown as nothing. */
  get #message() {
    const { problem, read } = this.#archive;
    if (problem) return `${read ? "This may be old. " : ""}Cannot list the recordings: ${problem.message}`;
    return read ? "" : "The recordings are still being listed.";
  }

  /* {text, why}: why the day cannot be shown, or null. */
  #describe(day, recorded, now) {
    if (day.from > now) return { text: "in the future", why: "This day is in the future." };
    if (!this.#archive.read) return { text: "not known yet", why: null };
    if (recorded >= SECOND) return { text: `${formatLength(recorded)} recorded`, why: null };
    if (this.#screen.current.playable.hasAny(day.from, day.to)) return { text: "in memory only", why: null };
    return { text: "nothing recorded", why: "Nothing was recorded on this day." };
  }

  #cell(day, now) {
    const recorded = recordedIn(this.#archive.spans, day), { text, why } = this.#describe(day, recorded, now);
    const bar = element("i", { "aria-hidden": "true" });
    bar.style.width = `${recorded < SECOND ? 0 : Math.max(10, Math.round(100 * recorded / (day.to - day.from)))}%`;
    const button = element("button", {
      "type": "button", "class": day.outside ? "outside" : null, "data-day": keyOf(day.date),
      "tabindex": isDay(day.date, this.#focused) ? "0" : "-1", "aria-label": `${formatDay(day.from + HOUR)}, ${text}`,
      "aria-current": isDay(day.date, dateAt(now)) ? "date" : null, "aria-disabled": why ? "true" : "false",
      "title": why ?? text, "onclick": () => !why && this.#choose(day),
    }, String(day.date.day), bar);
    const shown = isDay(day.date, dateAt(this.#screen.time));
    return element("td", { role: "gridcell", "aria-selected": String(shown) }, button);
  }

  /* --- how one moves in it --- */

  #focus() {
    find("calendar-days").querySelector(`[data-day="${keyOf(this.#focused)}"]`).focus();
  }

  #turn(months) {
    const { year, month } = monthAfter(this.#month, months), last = new Date(year, month, 0).getDate();
    this.#show({ year, month, day: Math.min(this.#focused.day, last) });
  }

  #goTo(date) {
    const earliest = dateAt(this.#archive.from ?? this.#screen.now()), latest = dateAt(this.#screen.now());
    const month = monthOf(date);
    if (compareMonths(month, latest) > 0 || (this.#archive.read && compareMonths(month, earliest) < 0)) return;
    this.#show(date);
    this.#focus();
  }

  #move(event) {
    const { key } = event, focused = this.#focused;
    const column = (new Date(focused.year, focused.month - 1, focused.day).getDay() + 7 - this.#weekStart) % 7;
    const step = STEPS[key] ?? { Home: -column, End: 6 - column }[key], page = { PageUp: -1, PageDown: 1 }[key];
    if (step === undefined && page === undefined) return;
    event.preventDefault();
    if (step !== undefined) return this.#goTo(dayAfter(focused, step));
    const { year, month } = monthAfter(this.#month, page), last = new Date(year, month, 0).getDate();
    return this.#goTo({ year, month, day: Math.min(focused.day, last) });
  }

  /* The timeline shows the whole day, the picture the first moment of it that is recorded. */
  #choose({ from, to }) {
    const { playable } = this.#screen.current, span = playable.recordedAt(from) ?? this.#archive.spanAfter(from);
    find("calendar").close();
    this.#view.timeline.show(from, to);
    this.#screen.showAt(Math.max(from, span && span.from < to ? span.from : playable.memory?.from ?? from));
  }
}
