/*
 * gap-list.js - how much of the period that the timeline shows was recorded, the list of its gaps, and the way from one
 * gap to the next.
 */
import { coverageOf, coverageText, gapsText } from "./coverage.js";
import { element, find, setText } from "./dom.js";
import { causeText, isIntended } from "./gap-causes.js";
import { formatClock, formatDate, formatLength, formatWhen, SECOND } from "./time.js";

const LIST_LIMIT = 200;
const ROOM = 1.5; // the timeline shows so many times a gap that is longer than what it showed before
const NEAR_MS = 2 * SECOND; // the last picture before a gap is no further from it

const swatch = (cause) => element("i", { class: `swatch ${isIntended(cause) ? "intended" : "lost"}` });

export class GapList {
  #screen;
  #view;
  #overlay;
  #gap = null; // that somebody went to last

  constructor(screen, view, overlay) {
    this.#screen = screen;
    this.#view = view;
    this.#overlay = overlay;
  }

  get #archive() {
    return this.#screen.current.archive;
  }

  get #coverage() {
    const { from } = this.#archive, to = this.#archive.knownUntil(this.#screen.now());
    return coverageOf({ from, to, gaps: this.#gaps }, this.#view.timeline.scale);
  }

  get #gaps() {
    return this.#archive.gapsUntil(this.#screen.now());
  }

  /* " at 17:40:46" if that is how old it is, because the recorder does not answer. */
  get #age() {
    const { problem, readAt } = this.#archive;
    return problem && readAt ? ` at ${formatClock(readAt)}` : "";
  }

  /* To be called several times a second. */
  draw() {
    const coverage = this.#coverage, button = find("gaps-button");
    button.hidden = !coverage;
    if (!coverage) return;
    const age = this.#age;
    setText(find("gaps-text"), `${age ? "" : "Recorded "}${coverageText(coverage)}${age}`);
    button.classList.toggle("old", age !== "");
    button.classList.toggle("lossy", coverage.gaps.some(({ cause }) => !isIntended(cause)));
  }

  open() {
    const coverage = this.#coverage;
    if (!coverage) return;
    const { from, to } = this.#view.timeline.scale, newest = coverage.gaps.toReversed();
    setText(find("gaps-period"), `From ${formatDate(from)} to ${formatDate(Math.min(to, this.#screen.now()))}: `
      + `recorded ${coverageText(coverage)}${this.#age}.`);
    find("gaps-causes").replaceChildren(...coverage.causes.map((sum) => this.#cause(sum)));
    find("gaps-list").replaceChildren(...newest.slice(0, LIST_LIMIT).map((gap) => this.#row(gap)));
    const more = newest.length - LIST_LIMIT;
    find("gaps-more").hidden = more <= 0;
    setText(find("gaps-more"), `${more} earlier ones are left out. Zoom in on the timeline to see them.`);
    find("gaps").showModal();
  }

  #cause({ cause, gaps, missing }) {
    return element("li", {}, swatch(cause), `${gapsText(gaps)}, ${formatLength(missing)}: ${causeText(cause)}`);
  }

  #row(gap) {
    const act = () => {
      find("gaps").close();
      this.#show(gap);
    };
    const length = gap.to - gap.from;
    const text = element("span", { class: "row-text" },
      element("strong", {}, `${formatDate(gap.from)}, for ${formatLength(length)}`),
      element("span", {}, `${causeText(gap.cause)}${gap.ongoing ? ", until now" : ""}`));
    const properties = { type: "button", class: "gap", onclick: act };
    return element("li", {}, element("button", properties, swatch(gap.cause), text));
  }

  /* The next gap (by 1) or the previous one (by -1), from the picture on. */
  step(by) {
    if (this.#screen.mode === "grid") return;
    const at = this.#isAt(this.#gap) ? this.#gap.from : this.#screen.time;
    const found = by > 0 ? this.#gaps.find(({ from }) => from > at) : this.#gaps.findLast(({ from }) => from < at);
    if (found) this.#show(found);
    else this.#overlay.notify(by > 0 ? "No gap follows." : "There is no earlier gap.");
  }

  #isAt(gap) {
    const { playhead } = this.#screen;
    return gap !== null && playhead !== null && playhead <= gap.from && gap.from - playhead < NEAR_MS;
  }

  /* Pauses on the last picture before a gap. */
  #show(gap) {
    const { timeline } = this.#view, length = gap.to - gap.from, middle = (gap.from + gap.to) / 2;
    this.#gap = gap;
    if (length * ROOM > timeline.scale.length) this.#view.showAround(middle, length * ROOM);
    else timeline.centre(middle);
    this.#screen.showAt(gap.from - 1, false);
    const from = formatWhen(gap.from), period = gap.ongoing ? `since ${from}` : `from ${from} to ${formatWhen(gap.to)}`;
    this.#overlay.notify(`Nothing was recorded ${period}: ${causeText(gap.cause)}.`);
  }
}
