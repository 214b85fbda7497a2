/*
 * event-list.js - the list of events: last night, or another period, with a picture of each; the time of which nothing
 * is known is in its place in the list, because it is not the same as time in which nothing moved.
 */
import { snapshotPath } from "./api.js";
import { element, find, setText } from "./dom.js";
import { EventCard } from "./event-card.js";
import { lengthOf, rangeText, RANGES, unknownSoFar, unknownSpans } from "./event-ranges.js";
import { LEAD_MS } from "./event-steps.js";
import { emit } from "./events.js";
import { FoundEvents, JOINS } from "./found-events.js";
import { question } from "./motion-question.js";
import { Thumbnails } from "./thumbnails.js";
import { formatClock, formatDate, formatDay, formatLength, SECOND } from "./time.js";

const WIDTH = 480; // pixels of the pictures, of which a card shows a part
const DRAG_MS = 150; // so often the list follows a question that is being changed
const REFRESH_MS = 15 * SECOND; // without a notice that something has happened
const LISTED_MS = 10 * SECOND; // shorter unknown time is only in the sum: a start takes some seconds to learn the scene

const count = (number, one, many) => (number === 1 ? `1 ${one}` : `${number} ${many}`);

/* What the list of `found` says above it. unknown: its spans without records. off: why nothing is watched, or null. */
export function summaryOf({ events, more, covered, until, range, join }, unknown, off) {
  if (until === null) return "This period has not begun yet.";
  const known = lengthOf(covered), missing = lengthOf(unknown), period = rangeText(range);
  const part = missing >= SECOND ? ` ${formatLength(missing)} of it are unknown.` : "";
  if (events.length) {
    const number = more ? `More than ${count(events.length, "event", "events")}` : count(events.length, "event", "events");
    const joined = join > JOINS[0] ? ` Pauses of up to ${join < 60 ? `${join} s` : `${join / 60} min`} are joined.` : "";
    return `${period}: ${number}.${joined}${part}`;
  }
  if (known < SECOND) return `${period}: it is not known whether anything moved.${off ? ` ${off}` : ""}`;
  return `${period}: nothing moved${part ? ` in the ${formatLength(known)} that are known.${part}` : "."}`;
}

/* Events: "choose" {ms}: an event is to be played from then on; "found" after the list was read. */
export class EventList extends EventTarget {
  found = null; // FoundEvents, or null before the first answer
  #screen;
  #timeline;
  #name = "day"; // of RANGES
  #oldestFirst = false;
  #cards = new Map(); // key of the event -> EventCard
  #thumbnails = new Thumbnails();
  #turn = null; // AbortController of the request that counts
  #timer = 0;
  #stale = true; // to be asked for as soon as the list is visible
  #marked = null;
  #busy = 0; // requests

  constructor(screen, timeline) {
    super();
    this.#screen = screen;
    this.#timeline = timeline;
    this.#fillRanges();
    find("events-range").addEventListener("change", () => this.show(find("events-range").value));
    find("events-join").addEventListener("change", () => this.reload());
    find("events-order").addEventListener("click", () => this.#turnAround());
    find("events-more").addEventListener("click", () => this.#loadMore());
    question.addEventListener("change", (event) => this.#questionChanged(event));
    document.addEventListener("visibilitychange", () => this.catchUp());
    setInterval(() => this.catchUp(), REFRESH_MS);
  }

  #fillRanges() {
    const options = Object.entries(RANGES).map(([value, { text }]) => element("option", { value }, text));
    find("events-range").replaceChildren(...options);
    find("events-range").value = this.#name;
  }

  get #hidden() {
    return document.hidden || find("events").hidden || !this.#screen.current || this.#screen.mode === "grid";
  }

  /* name: of RANGES */
  show(name) {
    this.#name = name;
    find("events-range").value = name;
    this.reload();
  }

  /* Another camera is shown. */
  clear() {
    this.#turn?.abort();
    this.found = null;
    this.#draw();
    this.reload();
  }

  /* Asks for everything again, now or as soon as the list is visible. */
  reload() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#turn?.abort();
    this.#stale = true;
    if (this.#hidden) return undefined;
    const join = Number(find("events-join").value) || null, now = this.#screen.now();
    const range = RANGES[this.#name].find(now, {
      view: this.#timeline.scale, archiveFrom: this.#screen.current.archive.from,
    });
    const query = { ...question.query, camera: this.#screen.cameraName };
    const found = new FoundEvents(query, range, { join, oldestFirst: this.#oldestFirst });
    this.#stale = false;
    return this.#run(found, (signal) => found.load(now, signal));
  }

  /* Follows what has happened since the last answer. */
  catchUp() {
    if (this.#hidden || this.#busy) return undefined;
    if (this.#stale || !this.found) return this.reload();
    if (this.#name === "view" || !this.found.canGrow) return undefined;
    const { found } = this;
    return this.#run(found, async (signal) => {
      if (!await found.refresh(this.#screen.now(), signal)) await found.load(this.#screen.now(), signal);
    });
  }

  #loadMore() {
    const { found } = this;
    return this.#run(found, (signal) => found.loadMore(signal));
  }

  #turnAround() {
    this.#oldestFirst = !this.#oldestFirst;
    setText(find("events-order"), this.#oldestFirst ? "Oldest first" : "Newest first");
    this.reload();
  }

  /* Only the newest request counts. One that failed leaves the list as it was, with the reason above it. */
  async #run(found, work) {
    const turn = new AbortController();
    this.#turn?.abort();
    this.#turn = turn;
    this.#busy++;
    try {
      await work(turn.signal);
      if (turn.signal.aborted) return;
      this.found = found;
      this.#draw();
      emit(this, "found");
    } catch (problem) {
      if (turn.signal.aborted) return;
      this.#stale = this.found !== found;
      setText(find("events-message"), `Cannot list the events: ${problem.message}`);
    } finally {
      this.#busy--;
    }
  }

  /* While somebody drags, the list follows now and then; at the end, at once. */
  #questionChanged({ changed, final }) {
    if (changed.includes("range") && this.#name !== "view" && changed.length === 1) return;
    if (final) this.reload();
    else this.#timer ||= setTimeout(() => this.#followQuestion(), DRAG_MS);
  }

  /* An answer that is still to come is not given up for the next one: a hand that never rests would see none. */
  #followQuestion() {
    this.#timer = this.#busy ? setTimeout(() => this.#followQuestion(), DRAG_MS) : 0;
    if (!this.#timer) this.reload();
  }

  /* --- what is shown --- */

  get #off() {
    const { motion } = this.#screen.current?.camera.status.info ?? {};
    return motion?.state === "off" ? "The recorder does not watch for motion: set enabled = yes in [motion]." : null;
  }

  #unknown() {
    const { covered, range, until } = this.found;
    return (range.to === null ? unknownSoFar : unknownSpans)(covered, range.from, until);
  }

  #draw() {
    const { found } = this, unknown = found && found.until !== null ? this.#unknown() : [];
    setText(find("events-message"), found ? summaryOf(found, unknown, this.#off) : "");
    find("events-more").hidden = !found?.more;
    this.#place(found ? this.#nodes(unknown) : []);
  }

  /* The nodes of the list in order: cards, unknown time, and the day where another one begins. */
  #nodes(unknown) {
    const { events, more } = this.found, last = events.at(-1)?.from, direction = this.#oldestFirst ? 1 : -1;
    const listed = ({ from, to }) => to - from >= LISTED_MS && (!more || (from - last) * direction < 0);
    const gaps = unknown.filter(listed).map((span) => ({ ...span, unknown: true }));
    const all = events.concat(gaps).sort((a, b) => (a.from - b.from) * direction);
    const days = new Set(all.map(({ from }) => formatDay(from))).size;
    let day = null;
    return all.flatMap((item) => {
      const node = item.unknown ? this.#unknownRow(item) : this.#card(item).node, before = day;
      day = formatDay(item.from);
      return days > 1 && day !== before ? [element("li", { class: "card-day" }, day), node] : [node];
    });
  }

  #unknownRow({ from, to }) {
    const format = formatDay(from) === formatDay(to) ? formatClock : formatDate;
    const text = `${format(from)} – ${format(to)}: unknown (${formatLength(to - from)})`;
    return element("li", { class: "card-unknown" }, text);
  }

  #card(event) {
    const known = this.#cards.get(event.key);
    if (known) known.update(event);
    const card = known ?? new EventCard(event, (chosen) => this.choose(chosen));
    if (!known) this.#cards.set(event.key, card);
    if (event.snapshot && card.pictureOf !== event.peak) {
      card.pictureOf = event.peak;
      const address = snapshotPath(this.#screen.cameraName, event.peak, WIDTH);
      this.#thumbnails.add(card.node, address, (url) => card.show(url));
    }
    return card;
  }

  /* Moves as few nodes as possible: the one with the focus stays, and so does what somebody has scrolled to. */
  #place(nodes) {
    const list = find("events-list"), kept = new Set(nodes);
    for (const child of [...list.children]) if (!kept.has(child)) child.remove();
    nodes.forEach((node, at) => {
      if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
    });
    for (const [key, card] of this.#cards) {
      if (kept.has(card.node)) continue;
      this.#thumbnails.remove(card.node);
      this.#cards.delete(key);
    }
    this.#marked = null;
  }

  choose({ from }) {
    emit(this, "choose", { ms: from - LEAD_MS });
  }

  /* ms: the time of the picture, or null while live is shown. */
  mark(ms) {
    const { events = [] } = this.found ?? {};
    const shown = ms === null ? null : events.find(({ from, to }) => from - LEAD_MS - 1 <= ms && ms < to + SECOND);
    if (shown?.key === this.#marked?.key) return;
    this.#cards.get(this.#marked?.key)?.mark(false);
    this.#cards.get(shown?.key)?.mark(true);
    this.#marked = shown ?? null;
  }
}
