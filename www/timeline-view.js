/*
 * timeline-view.js - what the timeline shows of the open camera: its archive, the time of the picture, and a small
 * picture of the time under the pointer.
 */
import { itemAt } from "./archive.js";
import { find, setText } from "./dom.js";
import { causeText } from "./gap-causes.js";
import { formatLength, formatMoment, formatWhen, HOUR, MINUTE, SECOND } from "./time.js";
import { drawZone } from "./time-zone.js";
import { Timeline } from "./timeline.js";

const NOW_AT = 0.92; // share of the width at which now is shown when the timeline moves to it
const PLAYHEAD_AT = 0.1; // the same for the playhead after it has left the period that is shown

export class TimelineView {
  timeline = new Timeline(find("timeline"));
  #current = null; // OpenCamera
  #zoomed = false; // somebody has chosen what is shown
  #playheadSeen = false;
  #now = 0; // as of the last tick
  #playhead = null;
  #announced = ""; // to screen readers

  constructor() {
    this.timeline.addEventListener("hover", ({ ms, x }) => this.#hover(ms, x));
    this.timeline.addEventListener("move", () => this.#moved());
  }

  /* current: an OpenCamera */
  watch(current) {
    this.#current = current;
    this.#now = current.camera.now();
    current.archive.addEventListener("change", () => this.#archiveChanged());
    current.previews.addEventListener("picture", ({ url }) => this.#showPreview(url));
    this.#archiveChanged();
  }

  /* Without an archive the last hour counts as its beginning. */
  get #archiveFrom() {
    return this.#current.archive.from ?? this.#now - HOUR;
  }

  /* --- which period --- */

  /* Milliseconds that the timeline shows, or null unless somebody has chosen that. */
  get zoom() {
    return this.#zoomed ? this.timeline.scale.length : null;
  }

  get length() {
    return this.timeline.scale.length;
  }

  get start() {
    return this.timeline.scale.from;
  }

  get showsNow() {
    return this.timeline.scale.contains(this.#now);
  }

  #moved() {
    this.#zoomed = true;
    this.#playheadSeen = false;
  }

  /* Back to the period that is shown unless somebody chooses another one. */
  resetZoom() {
    this.#zoomed = false;
    this.#archiveChanged();
  }

  showFrom(ms, length) {
    this.timeline.show(ms, ms + length);
  }

  showAround(ms, length) {
    this.timeline.show(ms - length / 2, ms + length / 2);
  }

  showNow(length) {
    this.timeline.show(this.#now - length * NOW_AT, this.#now + length * (1 - NOW_AT));
  }

  /* Moves to now if the timeline does not show it. */
  bringNow() {
    if (this.timeline.scale.to < this.#now) this.showNow(this.timeline.scale.length);
  }

  /* length: milliseconds, or "all" */
  zoomTo(length) {
    const from = this.#archiveFrom;
    if (length === "all") this.timeline.show(from, this.#now + (this.#now - from) * 0.02);
    else if (this.#playhead !== null) this.showAround(this.#playhead, length);
    else this.showNow(length);
  }

  /* The whole archive, but at most the last hours and at least some minutes. */
  #showRecent() {
    const length = Math.min(Math.max(this.#now - this.#archiveFrom, 3 * MINUTE), 2 * HOUR) * 1.06;
    this.timeline.scale.show(this.#now - length * 0.96, this.#now + length * 0.04);
  }

  /* --- what moves by itself --- */

  /* To be called several times a second. playhead: wall time of the picture of a recording, or null. */
  tick({ now, playhead, playing }) {
    const { model, scale } = this.timeline;
    if (playhead === null && this.#now <= scale.to) scale.from += now - this.#now;
    this.#now = now;
    this.#playhead = playhead;
    if (playing) this.follow();
    this.timeline.limits = { from: this.#current.archive.read ? this.#archiveFrom : 0, to: now };
    const { archive, playable } = this.#current;
    Object.assign(model, { now, playhead, memory: playable.memory, gaps: archive.gapsUntil(now) });
    this.#announce();
    drawZone(scale, this.#current.camera.status.info);
    this.timeline.draw();
  }

  /* Turns the page when the playhead leaves it, but not if somebody has moved the timeline away from the playhead. */
  follow() {
    if (this.#playhead === null) return;
    const { scale } = this.timeline, seen = scale.contains(this.#playhead);
    if (!seen && this.#playheadSeen) scale.from = this.#playhead - scale.length * PLAYHEAD_AT;
    this.#playheadSeen = seen || this.#playheadSeen;
  }

  #announce() {
    const at = this.#playhead ?? this.#now, from = this.#current.archive.from ?? this.#now;
    const [valuemin, valuemax, valuenow] = [from, this.#now, at].map((ms) => Math.round(ms / SECOND));
    const values = { valuemin, valuemax, valuenow, valuetext: this.#playhead === null ? "live" : formatWhen(at) };
    const announced = Object.values(values).join();
    if (announced === this.#announced) return;
    this.#announced = announced;
    for (const [name, value] of Object.entries(values)) find("timeline").setAttribute(`aria-${name}`, value);
  }

  #archiveChanged() {
    const { archive } = this.#current, { spans, segments, from, problem } = archive;
    Object.assign(this.timeline.model, { spans, gaps: archive.gapsUntil(this.#now), segments });
    if (!this.#zoomed && from !== null) this.#showRecent();
    find("archive-message").hidden = spans.length > 0;
    const message = problem ? `Cannot list the recordings: ${problem.message}` : "Nothing has been recorded yet.";
    setText(find("archive-message"), message);
    this.timeline.draw();
  }

  setRange(range) {
    this.timeline.model.range = range;
    this.timeline.draw();
  }

  /* --- under the pointer --- */

  #hover(ms, x) {
    const preview = find("preview"), { archive, playable, previews } = this.#current ?? {};
    preview.hidden = ms === null || !this.#current;
    if (preview.hidden) return previews?.cancel();
    const width = preview.offsetWidth, room = this.timeline.scale.width;
    preview.style.left = `${Math.round(Math.min(Math.max(x - width / 2, 0), room - width))}px`;
    const span = playable.recordedAt(ms), gap = itemAt(archive.gapsUntil(this.#now), ms);
    find("preview-picture").hidden = !span;
    setText(find("preview-caption"), span ? this.#caption(ms, span) : this.#emptyCaption(ms, gap));
    if (span) previews.request(ms, this.timeline.scale.msPerPixel, span);
    else previews.cancel();
    return undefined;
  }

  #caption(ms, span) {
    const when = formatMoment(ms, this.timeline.scale.length < 2 * MINUTE);
    if (span.source === "test") return `${when} · test picture`;
    return span.memory ? `${when} · in memory only` : when;
  }

  #emptyCaption(ms, gap) {
    const when = formatMoment(ms);
    if (gap) {
      const length = formatLength(gap.to - gap.from), since = formatWhen(gap.from);
      return `${when} · Nothing recorded for ${length} from ${since} on: ${causeText(gap.cause)}`;
    }
    if (!this.#current.archive.read) return `${when} · The recordings are still being listed`;
    return `${when} · ${ms > this.#now ? "In the future" : "Nothing recorded"}`;
  }

  /* url: null if there is no picture */
  #showPreview(url) {
    const picture = find("preview-picture");
    if (url) picture.src = url;
    else picture.removeAttribute("src");
  }
}
