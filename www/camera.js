/*
 * camera.js - what each camera does, asked every POLL_MS, and said in words.
 *
 * A status is {info, problem, title, detail, live}: `info` is the last /camera_info (kept while the recorder does not answer),
 * `title` is short ("Live", "Unplugged"), `detail` says since when and what to do, `live` is true while pictures come.
 */
import * as api from "./api.js";
import { formatWhen } from "./time.js";

const POLL_MS = 2000;

export function since(text) {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? "" : `since ${formatWhen(ms)}`;
}

/* Sentences in a row; the driver's own words have no full stop. */
const sentence = (...parts) => parts.filter(Boolean).map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");

const STATES = {
  starting: (info) => ["Starting", "The recorder has just started and looks for its camera."],
  waiting: (info) => ["Unplugged", sentence(`No camera ${since(info.since)}.`, info.last_error, "The picture returns by itself when the camera is plugged in.")],
  opening: (info) => ["Opening", "The camera is there; its first picture is awaited."],
  streaming: (info) => ["Live", info.fallback ?? ""],
  stalled: (info) => ["Stalled", sentence(`The camera has sent nothing ${since(info.since)}.`, info.last_error, "It is being opened again.")],
  stopped: (info) => ["Recorder stopped", `The recorder was stopped ${since(info.since)}. Start it again to go on.`],
};

const DOWN = "What is recorded can still be watched. The picture comes back by itself when the recorder runs again.";

function describe(info, problem) {
  if (problem && problem.status === 0) return { title: "Not reachable", detail: problem.message, live: false };
  if (problem?.status === 503) return { title: "Recorder down", detail: sentence(problem.message, DOWN), live: false };
  if (problem) return { title: "Trouble", detail: problem.message, live: false };
  const words = STATES[info.state] ?? (() => [info.state, info.last_error ?? ""]);
  const [title, detail] = words(info);
  return { title, detail, live: info.state === "streaming" };
}

export class Camera {
  status = { info: null, problem: null, title: "Connecting", detail: "", live: false };
  #changed;
  #ahead = 0; // of this device's clock, in milliseconds
  #stopped = false;
  #timer = 0;

  /* `name` is null for the one that serves where no name is given. */
  constructor(name, changed) {
    this.name = name;
    this.#changed = changed;
    this.#poll();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /* The recorder's clock, as good as one answer's way lets it be known. */
  now() {
    return Date.now() + this.#ahead;
  }

  /* Asks at once. */
  refresh() {
    clearTimeout(this.#timer);
    return this.#poll();
  }

  async #poll() {
    const asked = Date.now();
    let { info } = this.status, problem = null;
    try {
      info = await api.cameraInfo(this.name);
      this.#setClock(info, asked, Date.now());
    } catch (error) {
      problem = error;
    }
    if (this.#stopped) return;
    this.status = { info, problem, ...describe(info, problem) };
    this.#changed(this);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), document.hidden ? 5 * POLL_MS : POLL_MS);
  }

  /* The answer was given between those two moments: one that came late says less than is known already. */
  #setClock(info, asked, answered) {
    const newest = Date.parse(info.memory?.to);
    if (info.state !== "streaming" || Number.isNaN(newest)) return;
    this.#ahead = Math.min(Math.max(this.#ahead, newest - answered), newest - asked);
  }
}
