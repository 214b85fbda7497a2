/*
 * playable.js - which times can be played: what is recorded, and what only the memory ring holds.
 *
 * Frames that may not be indexed yet are left out, because the recorder would have to encode them again from memory.
 */
const GROWING_MS = 8000;
const IN_MEMORY = new Set(["recording off", "disk", "encoder"]); // causes of gaps whose frames only memory has

export class Playable {
  #camera;
  #archive;

  constructor(camera, archive) {
    this.#camera = camera;
    this.#archive = archive;
  }

  get camera() {
    return this.#camera.name;
  }

  get #growing() {
    const { info, live } = this.#camera.status, { to } = this.#archive;
    return live && info.recording.state === "recording" && to !== null && this.#camera.now() - to < GROWING_MS;
  }

  /* How far `ms` is behind live; 0 if recording has stopped. */
  lag(ms) {
    return this.#growing ? this.#camera.now() - ms : 0;
  }

  /* The end of what can be played, as of the last answer. */
  get end() {
    const { recording } = this.#camera.status.info ?? {};
    const indexed = Math.max(Date.parse(recording?.indexed_until) || 0, this.#archive.to ?? 0);
    return this.#growing || recording?.state === "recording" ? indexed : Math.max(this.memory?.to ?? 0, indexed);
  }

  /* The period that the memory ring holds, or null. */
  get memory() {
    const memory = this.#camera.status.info?.memory;
    const from = Date.parse(memory?.from), to = Date.parse(memory?.to);
    return to > from ? { from, to } : null;
  }

  /* {from, to, memory}: the span that contains `ms`, or null. `memory` is true if no file holds it. */
  spanAt(ms) {
    const span = this.#archive.spanAt(ms), last = this.#archive.spans.at(-1);
    if (this.#growing && (span ?? last) === last && ms >= last.from && ms < this.end) return { ...last, to: this.end };
    return span ?? this.#memorySpan(ms);
  }

  #memorySpan(ms) {
    const { memory } = this, gap = this.gapAt(ms), last = this.#archive.to ?? 0;
    if (!memory || ms < memory.from || ms >= memory.to) return null;
    if (gap) {
      if (!IN_MEMORY.has(gap.cause)) return null;
      return { memory: true, from: Math.max(gap.from, memory.from), to: Math.min(gap.to, memory.to) };
    }
    if (this.#camera.status.info.recording.state === "recording" || ms < last) return null;
    return { memory: true, from: Math.max(last, memory.from), to: memory.to };
  }

  spanAfter(ms) {
    return this.#archive.spanAfter(ms);
  }

  spanBefore(ms) {
    return this.#archive.spanBefore(ms);
  }

  gapAt(ms) {
    return this.#archive.gapAt(ms);
  }

  hasAny(from, to) {
    const span = this.spanAt(from) ?? this.spanAfter(from) ?? this.spanAt(to - 1);
    return span !== null && span.from < to;
  }

  gapsIn(from, to) {
    return this.#archive.gaps.filter((gap) => gap.from < to && gap.to > from)
      .map((gap) => ({ ...gap, from: Math.max(gap.from, from), to: Math.min(gap.to, to) }));
  }
}
