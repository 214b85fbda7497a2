/*
 * motion-steps.js - what moved in the period that the timeline shows, in steps of a few pixels.
 *
 * More than that is loaded, so that moving the timeline a little needs no request. An answer stays until a newer one is
 * there: what is drawn is at most late, never missing.
 */
import { motionSteps } from "./api.js";
import { emit } from "./events.js";
import { Latest } from "./latest.js";
import { question } from "./motion-question.js";
import { SECOND } from "./time.js";

const STEP_PIXELS = 3, MARGIN = 0.5; // of the length that is shown, on each side
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
const REFRESH_MS = 2 * SECOND, OVERLAP_MS = 30 * SECOND;
const LATE_MS = 15 * SECOND; // so long after a second its record is there, if there will be one

const stepFor = (msPerPixel) =>
  STEPS_S.find((step) => step * SECOND >= msPerPixel * STEP_PIXELS) ?? STEPS_S.at(-1);

const floorTo = (ms, stepMs) => Math.floor(ms / stepMs) * stepMs;

const readSpan = ({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) });

/* What is known before `start`, and after it by `tail`. */
function joinCovered(covered, tail, start) {
  const before = covered.filter(({ from }) => from < start).map(({ from, to }) => ({ from, to: Math.min(to, start) }));
  return before.concat(tail);
}

/*
 * steps: [{at, known, moving, cells, strongest}], `at` in milliseconds; covered: [{from, to}], the time that is known;
 * range: {from, to} that was asked for, or null; stepMs; problem: why the last attempt to load failed, or null.
 *
 * Event: "change".
 */
export class MotionSteps extends EventTarget {
  steps = [];
  covered = [];
  range = null;
  stepMs = SECOND;
  problem = null;
  #asked = ""; // question and step of what is loaded
  #wanted = ""; // and of what was asked for last
  #loading = null; // {from, to} that is being loaded
  #latest = new Latest();
  #loadedAt = 0;
  #failedAt = -Infinity;
  #now = 0;

  /* To be called whenever the timeline or the question may have changed. now: of the recorder's clock. */
  follow(scale, now) {
    const stepMs = stepFor(scale.msPerPixel) * SECOND, asked = JSON.stringify([question.query, stepMs]);
    const view = { from: scale.from, to: Math.min(scale.to, now) };
    this.#now = now;
    if (performance.now() - this.#failedAt < REFRESH_MS) return;
    if (asked !== this.#wanted || !this.#contains(view, stepMs)) this.#load(asked, scale, stepMs);
    else if (view.to > now - LATE_MS && performance.now() - this.#loadedAt > REFRESH_MS) this.#loadTail(asked, stepMs);
  }

  /* Forgets everything: another camera is shown. */
  clear() {
    this.#latest.abort();
    Object.assign(this, { steps: [], covered: [], range: null, problem: null });
    this.#asked = this.#wanted = "";
    this.#loading = null;
    this.#failedAt = -Infinity;
    emit(this, "change");
  }

  /* Whether that is loaded, or being loaded, but for its newest seconds. */
  #contains(view, stepMs) {
    const range = this.#loading ?? this.range;
    return range !== null && view.from >= range.from && view.to <= Math.max(range.to, this.#now - LATE_MS) + stepMs;
  }

  #load(asked, scale, stepMs) {
    const margin = scale.length * MARGIN;
    const from = Math.max(0, floorTo(scale.from - margin, stepMs));
    const to = floorTo(Math.min(scale.to + margin, this.#now), stepMs) + stepMs;
    if (to <= from) return;
    if (asked === this.#wanted) this.#latest.abort(); // what is on its way is of a period that is not shown any more
    this.#wanted = asked;
    this.#loading = { from, to };
    this.#request(asked, { from, to }, stepMs, false);
  }

  #loadTail(asked, stepMs) {
    if (asked !== this.#asked || this.#loading) return;
    const known = this.covered.at(-1)?.to ?? this.range.from;
    const from = Math.max(this.range.from, floorTo(Math.min(known, this.#now) - OVERLAP_MS, stepMs));
    this.#request(asked, { from, to: floorTo(this.#now, stepMs) + stepMs }, stepMs, true);
  }

  #request(asked, range, stepMs, tail) {
    const query = question.query;
    this.#loadedAt = performance.now();
    this.#latest.run(async (signal) => {
      try {
        const answer = await motionSteps(query, range, stepMs / SECOND, signal);
        if (signal.aborted || (tail && asked !== this.#asked)) return;
        this.#take(answer, asked, range, stepMs, tail);
        this.problem = null;
      } catch (problem) {
        if (signal.aborted) return;
        this.problem = problem;
        this.#failedAt = performance.now();
      }
      this.#loadedAt = performance.now();
      if (asked === this.#wanted && !tail) this.#loading = null;
      emit(this, "change");
    });
  }

  #take(answer, asked, range, stepMs, tail) {
    const steps = answer.steps.map((step) => ({ ...step, at: step.at * SECOND }));
    const covered = answer.covered.map(readSpan);
    this.steps = tail ? this.steps.filter(({ at }) => at < range.from).concat(steps) : steps;
    this.covered = tail ? joinCovered(this.covered, covered, range.from) : covered;
    this.range = tail ? { from: this.range.from, to: range.to } : range;
    this.stepMs = stepMs;
    this.#asked = asked;
  }
}
