/*
 * preview.js - small pictures of the archive for the pointer. One request at a time: what the pointer wished meanwhile is
 * forgotten but for the last wish, so a fast hand never queues work for the recorder.
 */
import { request, snapshotPath } from "./api.js";

const WIDTH = 320, KEPT = 120;

export class Previews {
  #camera;
  #kept = new Map(); // time wished -> {url, at}
  #wish = null;
  #busy = false;
  #shown;

  /* `shown(ms, url)` is called when the picture of a wish is there; url is null where there is none. */
  constructor(camera, shown) {
    this.#camera = camera;
    this.#shown = shown;
  }

  /* Pictures come a second apart at most (key frames), farther where the time line is coarse: near wishes share one. */
  #round(ms, perPixel) {
    const grain = Math.max(1000, 2 ** Math.floor(Math.log2(perPixel * 4)));
    return Math.floor(ms / grain) * grain;
  }

  want(ms, perPixel, range) {
    const at = Math.min(Math.max(this.#round(ms, perPixel), range.from), range.to);
    if (this.#kept.has(at)) {
      this.#wish = null;
      this.#shown(at, this.#kept.get(at));
      return;
    }
    this.#wish = at;
    this.#next();
  }

  forget() {
    this.#wish = null;
  }

  /* What is known of that moment already, or null. */
  near(ms) {
    return this.#kept.get(this.#round(ms, 0)) ?? null;
  }

  stop() {
    this.#wish = null;
    for (const url of this.#kept.values()) if (url) URL.revokeObjectURL(url);
    this.#kept.clear();
  }

  async #next() {
    if (this.#busy || this.#wish === null) return;
    const at = this.#wish;
    this.#busy = true;
    this.#wish = null;
    this.#keep(at, await this.#fetch(at));
    this.#busy = false;
    if (this.#wish === null) this.#shown(at, this.#kept.get(at));
    else this.#next();
  }

  async #fetch(at) {
    try {
      const answer = await request(snapshotPath(this.#camera, at, WIDTH), { limit: 5000 });
      return URL.createObjectURL(await answer.blob());
    } catch {
      return null;
    }
  }

  #keep(at, url) {
    this.#kept.set(at, url);
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      if (old) URL.revokeObjectURL(old);
      this.#kept.delete(oldest);
    }
  }
}
