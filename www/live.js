/*
 * live.js - the live picture: an <img> that never ends (multipart/x-mixed-replace).
 *
 * A browser does not tell when such a picture has ended, and never asks again by itself. So the owner passes on every status of the
 * camera, and the stream is asked for anew when something has changed since that can have ended it.
 */
import { path } from "./api.js";

const RETRY_MS = 2000;

export class Live {
  #img;
  #camera;
  #fps;
  #number = 0;
  #seen = "";
  #failedAt = null;

  constructor(img, camera, fps = null) {
    this.#img = img;
    this.#camera = camera;
    this.#fps = fps;
    img.addEventListener("error", () => this.#failed());
  }

  get running() {
    return this.#img.hasAttribute("src");
  }

  start() {
    this.#number++;
    this.#img.classList.remove("broken");
    this.#img.src = path("/stream", { camera: this.#camera, fps: this.#fps, view: `${Math.floor(performance.timeOrigin)}.${this.#number}` });
  }

  stop() {
    this.#seen = "";
    this.#img.removeAttribute("src");
  }

  /* A recorder that was started again, a camera that came back, or another size of picture: each ends a stream. */
  follow(status) {
    const { info, live } = status;
    const now = live ? `${info.started} ${info.since} ${info.resolution.width}x${info.resolution.height}` : "";
    const retry = this.#failedAt !== null && performance.now() - this.#failedAt > RETRY_MS;
    if (live && this.running && ((this.#seen && now !== this.#seen) || retry)) {
      this.#failedAt = null;
      this.start();
    }
    if (now) this.#seen = now;
    else if (status.problem) this.#seen = "no answer";
  }

  #failed() {
    if (!this.running) return;
    this.#failedAt = performance.now();
    this.#img.classList.add("broken");
  }
}
