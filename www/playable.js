/*
 * playable.js - where there is something to play: what is recorded, and what memory alone holds.
 *
 * Nothing is asked for that may not be indexed yet: the recorder would have to encode it once more, out of memory.
 */
const GROWING_MS = 8000;
const IN_MEMORY = new Set(["recording off", "disk", "encoder"]); // frames came, and were not recorded

export class Footage {
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

  /* How far `ms` lies behind live; 0 where nothing more is to come. */
  behind(ms) {
    return this.#growing ? this.#camera.now() - ms : 0;
  }

  /* Up to when there is footage, as of the last answer. */
  edge() {
    const { recording } = this.#camera.status.info ?? {};
    const indexed = Math.max(Date.parse(recording?.indexed_until) || 0, this.#archive.to ?? 0);
    return this.#growing || recording?.state === "recording" ? indexed : Math.max(this.memory?.to ?? 0, indexed);
  }

  /* What the memory ring holds, or null. */
  get memory() {
    const memory = this.#camera.status.info?.memory;
    const from = Date.parse(memory?.from), to = Date.parse(memory?.to);
    return to > from ? { from, to } : null;
  }

  spanAt(ms) {
    const span = this.#archive.spanAt(ms), last = this.#archive.spans.at(-1);
    if (this.#growing && (span ?? last) === last && ms >= last.from && ms < this.edge()) return { ...last, to: this.edge() };
    return span ?? this.#memorySpan(ms);
  }

  /* The piece of memory around `ms` that no file has. */
  #memorySpan(ms) {
    const { memory } = this, gap = this.gapAt(ms), last = this.#archive.to ?? 0;
    if (!memory || ms < memory.from || ms >= memory.to) return null;
    if (gap) return IN_MEMORY.has(gap.cause) ? { memory: true, from: Math.max(gap.from, memory.from), to: Math.min(gap.to, memory.to) } : null;
    const off = this.#camera.status.info.recording.state !== "recording";
    return off && ms >= last ? { memory: true, from: Math.max(last, memory.from), to: memory.to } : null;
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
