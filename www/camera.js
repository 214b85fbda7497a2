/*
 * camera.js - the state of one camera, requested every POLL_MS and put into words.
 *
 * A status is {info, infoAt, problem, title, detail, word, records, live}. `info` is the last /camera_info, of the time
 * `infoAt` (by this device's clock), kept while the recorder does not answer. `title` is short ("Live", "Unplugged"),
 * `detail` says since when and what to do, `word` says what matters most ("Recording", "Unplugged"), `records` is true
 * while it records, and `live` while pictures arrive.
 */
import * as api from "./api.js";
import { emit } from "./events.js";
import { formatWhen } from "./time.js";

const POLL_MS = 2000;

export function since(text) {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? "" : `since ${formatWhen(ms)}`;
}

/* Joins sentences; those of a driver come without a full stop. */
const join = (...parts) => parts.filter(Boolean).map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");

/* state of /camera_info -> [title, detail] */
const STATES = {
  starting: () => ["Starting", "The recorder has just started and is looking for its camera."],
  waiting: (info) => ["Unplugged", join(`No camera ${since(info.since)}.`, info.last_error,
    "The picture comes back by itself when the camera is plugged in.")],
  opening: () => ["Opening", "The camera is connected; waiting for its first picture."],
  off: (info) => ["Camera off", info.camera_off_cause === "schedule"
    ? "The camera is off outside of its hours (record.hours), so there is no picture."
    : join(`The camera has been switched off ${since(info.since)}, so there is no picture.`,
    "A request to /control?camera=on switches it on again.")],
  streaming: (info) => ["Live", info.fallback ?? ""],
  stalled: (info) => ["Stalled", join(`The camera has sent nothing ${since(info.since)}.`, info.last_error,
    "The recorder is reopening it.")],
  remote: (info) => ["From the store", join(info.remote?.text,
    "There is no live picture of this camera here; what the store has of it can be played.")],
  stopped: (info) => ["Recorder stopped",
    `The recorder has been stopped ${since(info.since)}. Start it again to continue.`],
};

const WHILE_DOWN = "Recordings can still be played. The picture comes back by itself when the recorder runs again.";

/* state of `recording` in /camera_info -> a word for it */
const RECORDING_WORDS = { recording: "Recording", off: "Not recording", waiting: "Starting" };

/* The word at the top says whether it records; whether the picture is live, the picture says itself. */
const recordingWord = ({ recording }) => RECORDING_WORDS[recording?.state] ?? "Cannot record";

/* Whether the camera has no recorder on this machine: its footage comes from the store. */
export const isRemote = ({ info }) => info?.state === "remote";

export function describe(info, problem) {
  const offline = (title, detail) => ({ title, detail, word: title, records: false, live: false });
  if (problem?.status === 0) return offline("Unreachable", problem.message);
  if (problem?.status === 503) return offline("Recorder down", join(problem.message, WHILE_DOWN));
  if (problem) return offline("Error", problem.message);
  const state = STATES[info.state] ?? (() => [info.state, info.last_error ?? ""]);
  const [title, detail] = state(info);
  const live = info.state === "streaming";
  const records = info.recording?.state === "recording";
  return { title, detail, word: live ? recordingWord(info) : title, records, live };
}

/* Event: "status" after each answer, also a failed one. */
export class Camera extends EventTarget {
  status = {
    info: null, infoAt: null, problem: null,
    title: "Connecting", detail: "", word: "Connecting", records: false, live: false,
  };
  #ahead = 0; // milliseconds that the recorder's clock is ahead of this device's
  #stopped = false;
  #timer = 0;

  /* name: null for the camera that answers requests without a name. */
  constructor(name) {
    super();
    this.name = name;
    this.#poll();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /* The recorder's clock, as exactly as the delay of the answers allows. */
  now() {
    return Date.now() + this.#ahead;
  }

  /* Asks at once. */
  refresh() {
    clearTimeout(this.#timer);
    return this.#poll();
  }

  async #poll() {
    const askedAt = Date.now();
    let { info, infoAt } = this.status, problem = null;
    try {
      info = await api.cameraInfo(this.name);
      infoAt = Date.now();
      this.#setClock(info, askedAt, infoAt);
    } catch (error) {
      problem = error;
    }
    if (this.#stopped) return;
    this.status = { info, infoAt, problem, ...describe(info, problem) };
    emit(this, "status");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), document.hidden ? 5 * POLL_MS : POLL_MS);
  }

  /*
   * The recorder answered between those two times. An answer that took long narrows that down less than an earlier,
   * quicker one.
   */
  #setClock(info, askedAt, answeredAt) {
    const newest = Date.parse(info.memory?.to);
    if (info.state !== "streaming" || Number.isNaN(newest)) return;
    this.#ahead = Math.min(Math.max(this.#ahead, newest - answeredAt), newest - askedAt);
  }
}
