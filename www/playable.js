/*
 * playable.js - which times can be played: what is recorded, and what only the memory ring holds.
 *
 * Frames that may not be indexed yet are left out, because the recorder would have to encode them again from memory. If
 * only what moved is to be played, everything else is left out, too.
 */
const GROWING_MS = 8000;
const LEAST_MS = 500; // a shorter piece of a moving period is not worth a clip
/* Causes of gaps whose frames only memory has. */
const IN_MEMORY = new Set(["recording off", "schedule", "disk", "encoder"]);

/* The part of a span that is in the period, or null. */
function cut(span, period) {
  if (!span || !period) return null;
  const from = Math.max(span.from, period.from), to = Math.min(span.to, period.to);
  return to > from ? { ...span, from, to } : null;
}

export class Playable {
  only = null; // MovingPeriods, if only these are to be played
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

  /* How far `ms` is behind live; 0 if recording has stopped, or if only what moved is played: nothing else follows. */
  lag(ms) {
    return this.#growing && !this.only ? this.#camera.now() - ms : 0;
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
    const span = this.recordedAt(ms);
    return this.only ? cut(span, this.only.at(ms)) : span;
  }

  /* The same of all that is recorded, whether anything moved or not. */
  recordedAt(ms) {
    const span = this.#archive.spanAt(ms), last = this.#archive.spans.at(-1);
    if (this.#growing && (span ?? last) === last && ms >= last.from && ms < this.end) return { ...last, to: this.end };
    return span ?? this.#memorySpan(ms);
  }

  #memorySpan(ms) {
    const { memory } = this, gap = this.#archive.gapAt(ms), last = this.#archive.to ?? 0;
    if (!memory || ms < memory.from || ms >= memory.to) return null;
    if (gap) {
      if (!IN_MEMORY.has(gap.cause)) return null;
      return { memory: true, from: Math.max(gap.from, memory.from), to: Math.min(gap.to, memory.to) };
    }
    if (this.#camera.status.info.recording.state === "recording" || ms < last) return null;
    return { memory: true, from: Math.max(last, memory.from), to: memory.to };
  }

  spanAfter(ms) {
    const { only } = this;
    if (!only) return this.#archive.spanAfter(ms);
    for (let period = only.at(ms) ?? only.after(ms); period; period = only.after(period.from)) {
      const from = Math.max(period.from, ms);
      for (const span of [this.recordedAt(from), this.#archive.spanAfter(from)]) {
        const piece = cut(span, period);
        if (piece && piece.from > ms && piece.to - piece.from > LEAST_MS) return piece;
      }
    }
    return null;
  }

  spanBefore(ms) {
    const { only } = this;
    if (!only) return this.#archive.spanBefore(ms);
    for (let period = only.before(ms); period; period = only.before(period.from)) {
      const piece = cut(this.#archive.spanAt(period.to - 1) ?? this.#archive.spanBefore(period.to), period);
      if (piece) return piece;
    }
    return null;
  }

  /* {from, to, cause, still}: `still` is true of time that is recorded and left out. */
  gapAt(ms) {
    const still = this.only && this.#archive.spanAt(ms);
    return still ? { from: ms, to: ms, cause: null, still: true } : this.#archive.gapAt(ms);
  }

  /* Whether anything is recorded then. */
  hasAny(from, to) {
    const span = this.recordedAt(from) ?? this.#archive.spanAfter(from) ?? this.recordedAt(to - 1);
    return span !== null && span.from < to;
  }

  gapsIn(from, to) {
    return this.#archive.gaps.filter((gap) => gap.from < to && gap.to > from)
      .map((gap) => ({ ...gap, from: Math.max(gap.from, from), to: Math.min(gap.to, to) }));
  }
}
