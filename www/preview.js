/*
 * preview.js - small pictures of the archive for the pointer. There is one request at a time, and only the latest one
 * waits, so that a fast hand never queues work for the recorder.
 */
import { request, snapshotPath } from "./api.js";
import { emit } from "./events.js";

const WIDTH = 320, CACHED = 120;
const PIXELS = 4; // this many pixels of the timeline share a picture

/* Event: "picture" {url} when the picture that was requested last is there; url is null if there is none. */
export class Previews extends EventTarget {
  #camera;
  #cache = new Map(); // time -> url or null
  #waiting = null; // time that is requested next
  #busy = false;
  #stopped = false;

  constructor(camera) {
    super();
    this.#camera = camera;
  }

  /*
   * Pictures are at least a second apart (key frames), more if the timeline shows a long period: nearby times share
   * one.
   */
  #round(ms, msPerPixel) {
    const grain = Math.max(1000, 2 ** Math.floor(Math.log2(msPerPixel * PIXELS)));
    return Math.floor(ms / grain) * grain;
  }

  /* range: the span that contains `ms`. */
  request(ms, msPerPixel, range) {
    const at = Math.min(Math.max(this.#round(ms, msPerPixel), range.from), range.to);
    if (this.#cache.has(at)) {
      this.#waiting = null;
      emit(this, "picture", { url: this.#cache.get(at) });
      return;
    }
    this.#waiting = at;
    this.#next();
  }

  cancel() {
    this.#waiting = null;
  }

  /* The URL of a picture of that second if it is there already, or null. */
  cached(ms) {
    return this.#cache.get(this.#round(ms, 0)) ?? null;
  }

  stop() {
    this.#stopped = true;
    this.#waiting = null;
    for (const url of this.#cache.values()) if (url) URL.revokeObjectURL(url);
    this.#cache.clear();
  }

  async #next() {
    if (this.#busy || this.#waiting === null) return undefined;
    const at = this.#waiting;
    this.#busy = true;
    this.#waiting = null;
    const url = await this.#fetch(at);
    if (this.#stopped) return url && URL.revokeObjectURL(url);
    this.#store(at, url);
    this.#busy = false;
    if (this.#waiting === null) emit(this, "picture", { url });
    else this.#next();
    return undefined;
  }

  async #fetch(at) {
    try {
      const answer = await request(snapshotPath(this.#camera, at, WIDTH), { limit: 5000 });
      return URL.createObjectURL(await answer.blob());
    } catch {
      return null;
    }
  }

  #store(at, url) {
    this.#cache.set(at, url);
    for (const [oldest, old] of this.#cache) {
      if (this.#cache.size <= CACHED) return;
      if (old) URL.revokeObjectURL(old);
      this.#cache.delete(oldest);
    }
  }
}
