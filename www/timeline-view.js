/*
 * timeline-view.js - what the time line shows of the camera that is open: its archive, the moment that is seen, and the picture of
 * the moment under the pointer.
 *
 * Events to the owner: pick(ms), cut(range, done), moved().
 */
import { find, setText } from "./dom.js";
import { formatClock, formatLength, formatWhen, HOUR, MINUTE, SECOND } from "./time.js";
import { Timeline } from "./timeline.js";

const NOW_AT = 0.92; // of the width: where now stands, while it is looked at
const HEAD_AT = 0.1; // where the moment that is seen stands after it has left the piece of time that is shown

export class TimelineView {
  timeline = new Timeline(find("timeline"), {
    pick: (ms) => this.#owner.pick(ms),
    cut: (range, done) => this.#owner.cut(range, done),
    hover: (ms, x) => this.#hover(ms, x),
    moved: () => this.#moved(),
  });
  #owner;
  #open = null;
  #zoomed = false; // the zoom is somebody's wish
  #headSeen = false;
  #now = 0; // as of the last tick
  #head = null;
  #said = ""; // to screen readers

  constructor(owner) {
    this.#owner = owner;
  }

  /* open: see open-camera.js */
  watch(open) {
    this.#open = open;
    this.timeline.limits = () => [open.archive.from ?? this.#now - HOUR, this.#now];
    this.#now = open.camera.now();
    this.archiveChanged();
  }

  /* --- which piece of time --- */

  /* Milliseconds on the time line, where that is somebody's wish; else null. */
  get zoom() {
    return this.#zoomed ? this.timeline.scale.span : null;
  }

  #moved() {
    this.#zoomed = true;
    this.#headSeen = false;
    this.#owner.moved();
  }

  /* Forgets the wish. */
  showUsual() {
    this.#zoomed = false;
    this.archiveChanged();
  }

  showAround(ms, span) {
    this.timeline.show(ms - span / 2, ms + span / 2);
  }

  showNow(span) {
    this.timeline.show(this.#now - span * NOW_AT, this.#now + span * (1 - NOW_AT));
  }

  /* Where now has left the piece of time that is shown. */
  bringNow() {
    if (this.timeline.scale.x(this.#now) > this.timeline.scale.width) this.showNow(this.timeline.scale.span);
  }

  /* span: milliseconds, or "all" */
  zoomTo(span) {
    const from = this.#open.archive.from ?? this.#now - HOUR;
    if (span === "all") this.timeline.show(from, this.#now + (this.#now - from) * 0.02);
    else if (this.#head !== null) this.showAround(this.#head, span);
    else this.showNow(span);
  }

  /* What there is, at most the last hours, at least some minutes. */
  #firstZoom(from) {
    const span = Math.min(Math.max(this.#now - from, 3 * MINUTE), 2 * HOUR) * 1.06;
    this.timeline.scale.show(this.#now - span * 0.96, this.#now + span * 0.04);
  }

  /* --- what goes by itself --- */

  /* moment: {now, head, playing}; head is the moment that is seen, null where that is now. To be called some times a second. */
  tick({ now, head, playing }) {
    const { model, scale } = this.timeline, wasSeen = scale.x(this.#now) <= scale.width;
    if (head === null && wasSeen) scale.from += now - this.#now;
    this.#now = now;
    this.#head = head;
    if (playing) this.follow();
    Object.assign(model, { now, head, memory: this.#open.footage.memory });
    this.#sayValue();
    this.timeline.draw();
  }

  /* Turns the page when the moment that is seen leaves it, but not when somebody has moved away from it. */
  follow() {
    if (this.#head === null) return;
    const { scale } = this.timeline, x = scale.x(this.#head), seen = x >= 0 && x <= scale.width;
    if (!seen && this.#headSeen) scale.from = this.#head - scale.span * HEAD_AT;
    this.#headSeen = seen || this.#headSeen;
  }

  #sayValue() {
    const { archive } = this.#open, values = [archive.from ?? this.#now, this.#now, this.#head ?? this.#now].map((ms) => Math.round(ms / SECOND));
    const said = [...values, this.#head === null ? "live" : formatWhen(this.#head)];
    if (said.join() === this.#said) return;
    this.#said = said.join();
    ["valuemin", "valuemax", "valuenow", "valuetext"].forEach((name, number) => find("timeline").setAttribute(`aria-${name}`, said[number]));
  }

  archiveChanged() {
    const { archive } = this.#open;
    Object.assign(this.timeline.model, { spans: archive.spans, gaps: archive.gaps, segments: archive.segments });
    if (!this.#zoomed && archive.from !== null) this.#firstZoom(archive.from);
    find("archive-words").hidden = archive.spans.length > 0;
    setText(find("archive-words"), archive.problem ? `The recordings cannot be listed: ${archive.problem.message}` : "Nothing is recorded yet.");
    this.timeline.draw();
  }

  setRange(range) {
    this.timeline.model.range = range;
    this.timeline.draw();
  }

  /* --- under the pointer --- */

  #hover(ms, x) {
    const preview = find("preview"), { archive, footage, previews } = this.#open ?? {};
    preview.hidden = ms === null || !this.#open;
    if (preview.hidden) return previews?.forget();
    const width = preview.offsetWidth, room = this.timeline.scale.width;
    preview.style.left = `${Math.round(Math.min(Math.max(x - width / 2, 0), room - width))}px`;
    const span = footage.spanAt(ms);
    find("preview-picture").hidden = !span;
    setText(find("preview-words"), span ? this.#momentWords(ms, span) : this.#emptyWords(ms, archive.gapAt(ms)));
    if (span) previews.want(ms, this.timeline.scale.perPixel, span);
    else previews.forget();
    return undefined;
  }

  #momentWords(ms, span) {
    return formatClock(ms, this.timeline.scale.span < 2 * MINUTE) + (span.source === "test" ? " · test picture" : span.memory ? " · in memory only" : "");
  }

  #emptyWords(ms, gap) {
    if (gap) return `Nothing recorded for ${formatLength(gap.to - gap.from)} from ${formatClock(gap.from)}: ${gap.cause}`;
    return ms > this.#now ? "Still to come" : "Nothing recorded";
  }

  /* url: null where there is no picture */
  showPreview(url) {
    const picture = find("preview-picture");
    if (url) picture.src = url;
    else picture.removeAttribute("src");
  }
}
