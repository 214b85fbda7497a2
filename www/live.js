/*
 * live.js - the live picture: an <img> that never ends (multipart/x-mixed-replace).
 *
 * A browser does not tell when such a picture has ended (Chromium says nothing at all, Firefox stops saying "load"), and never asks
 * again by itself. So the owner passes on every status of the camera; when that says that pictures come, and this one has not changed
 * for a while, or something has happened that ends a stream, it is asked for anew.
 */
import { path } from "./api.js";

const PATIENCE_MS = 3500, LONGEST_PATIENCE_MS = 60000; // a dark, still scene may look the same for long

/* A number that changes when the picture does; null where there is none. */
function fingerprint(img) {
  const context = new OffscreenCanvas(32, 18).getContext("2d");
  try {
    context.drawImage(img, 0, 0, 32, 18);
  } catch {
    return null; // not a picture (any more)
  }
  return context.getImageData(0, 0, 32, 18).data.reduce((sum, value) => (sum * 31 + value) % 4294967291, 7);
}

export class Live {
  #img;
  #camera;
  #fps;
  #number = 0;
  #seen = ""; // what a stream depends on, as of the last status
  #print = null;
  #stillSince = 0;
  #patience = PATIENCE_MS;

  constructor(img, camera, fps = null) {
    this.#img = img;
    this.#camera = camera;
    this.#fps = fps;
    img.onerror = () => img.classList.toggle("broken", this.running);
  }

  get running() {
    return this.#img.hasAttribute("src");
  }

  start() {
    this.#number++;
    this.#stillSince = performance.now();
    this.#img.classList.remove("broken");
    this.#img.src = path("/stream", { camera: this.#camera, fps: this.#fps, view: `${Math.floor(performance.timeOrigin)}.${this.#number}` });
  }

  stop() {
    this.#seen = "";
    this.#img.removeAttribute("src");
  }

  follow({ info, live }) {
    if (!live || !this.running || document.hidden) return;
    const now = `${info.started} ${info.since} ${info.resolution.width}x${info.resolution.height}`;
    const changed = this.#seen !== "" && now !== this.#seen;
    this.#seen = now;
    if (changed || this.#stuck()) this.start();
  }

  /* Each try that changes nothing makes the next one wait twice as long. */
  #stuck() {
    const print = fingerprint(this.#img), now = performance.now();
    if (print !== this.#print) {
      this.#print = print;
      this.#stillSince = now;
      this.#patience = PATIENCE_MS;
      return false;
    }
    if (now - this.#stillSince < this.#patience) return false;
    this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE_MS);
    return true;
  }
}
