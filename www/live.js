/*
 * live.js - the live picture: an <img> that never finishes loading (multipart/x-mixed-replace).
 *
 * A browser does not report that such a picture has ended (Chromium says nothing at all, Firefox stops sending "load"),
 * and never asks again by itself. So the owner passes on every status of the camera. The picture is requested again if
 * something has happened that ends a stream, or if it has not changed for a while although the camera sends pictures.
 */
import { path } from "./api.js";

const PATIENCE_MS = 3500, LONGEST_PATIENCE_MS = 60000; // a dark, still scene may look the same for a long time

/* A number that changes with the picture; null if there is none. */
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
  #requests = 0;
  #stream = ""; // what the stream depends on, as of the last status
  #print = null;
  #sameSince = 0;
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
    const view = `${Math.floor(performance.timeOrigin)}.${++this.#requests}`;
    this.#sameSince = performance.now();
    this.#img.classList.remove("broken");
    this.#img.src = path("/stream", { camera: this.#camera, fps: this.#fps, view });
  }

  stop() {
    this.#stream = "";
    this.#img.removeAttribute("src");
  }

  follow({ info, live }) {
    if (!live || !this.running || document.hidden) return;
    const stream = `${info.started} ${info.since} ${info.resolution.width}x${info.resolution.height}`;
    const changed = this.#stream !== "" && stream !== this.#stream;
    this.#stream = stream;
    if (changed || this.#isStuck()) this.start();
  }

  /* After each attempt that changes nothing the next one waits twice as long. */
  #isStuck() {
    const print = fingerprint(this.#img), now = performance.now();
    if (print !== this.#print) {
      this.#print = print;
      this.#sameSince = now;
      this.#patience = PATIENCE_MS;
      return false;
    }
    if (now - this.#sameSince < this.#patience) return false;
    this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE_MS);
    return true;
  }
}
