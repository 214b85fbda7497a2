/*
 * live.js - live pictures on canvases. A shared worker fetches them for all tabs (live-hub.js). An <img> with the
 * stream would show each picture only when the next one begins (Chromium, WebKit), and would take a connection in each
 * tab.
 *
 * The large picture is the live video (live-video.js), or JPEGs if there is none or the browser cannot play it. JPEGs
 * that come late are asked for less often, until they come in time.
 */
import { LiveHub, VIDEO } from "./live-hub.js";
import { canPlayVideo, VideoPlayer } from "./live-video.js";

const PING_MS = 5000;
const VIDEO_AGAIN_MS = 10000; // after there was none
const LATE_MS = 1000, LATE_FOR_MS = 3000, FASTER_AFTER_MS = 30000;
const RATE_WINDOW_MS = 3000;
const ALONE = 1; // connections of each tab in browsers without shared workers, which tabs cannot count together

function connectAlone() {
  const { port1, port2 } = new MessageChannel();
  new LiveHub(ALONE).connect(port1);
  return port2;
}

/* Null without shared workers. A browser may also refuse one, to a page in a frame of another site. */
function startWorker() {
  try {
    return new SharedWorker("live-worker.js", { type: "module", name: "live" });
  } catch {
    return null;
  }
}

/* All live pictures of this tab. A hidden tab watches none. */
class Pictures {
  #port = null;
  #heard = false; // something has come from the worker
  #pictures = new Set();

  add(picture) {
    this.#start();
    this.#pictures.add(picture);
    this.#send("watch", picture);
  }

  remove(picture) {
    this.#pictures.delete(picture);
    this.#send("unwatch", picture);
  }

  #start() {
    if (this.#port) return;
    this.#connect();
    document.addEventListener("visibilitychange", () => this.#watchAll(!document.hidden));
    addEventListener("pagehide", () => this.#watchAll(false));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#watchAll(true));
    setInterval(() => this.#port.postMessage({ type: "ping" }), PING_MS);
  }

  #connect() {
    const worker = startWorker();
    if (!worker) return this.#use(connectAlone());
    worker.onerror = () => this.#heard || this.#use(connectAlone()); // an old browser that has no modules in workers
    return this.#use(worker.port);
  }

  #use(port) {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data);
    this.#watchAll(true);
  }

  #send(type, { camera, fps, large }) {
    if (type !== "watch" || !document.hidden) this.#port.postMessage({ type, camera, fps, large });
  }

  #watchAll(watch) {
    for (const picture of this.#pictures) {
      if (!watch) picture.pause();
      this.#send(watch ? "watch" : "unwatch", picture);
    }
  }

  async #receive({ camera, fps, ...message }) {
    this.#heard = true;
    const shown = [...this.#pictures].filter((picture) => picture.camera === camera && picture.fps === fps);
    await Promise.all(shown.map((picture) => picture.receive(message)));
    if (message.bytes) this.#send("ready", { camera, fps });
  }
}

const pictures = new Pictures();

export class Live {
  running = false;
  captured = null; // when the picture that is shown was captured, in milliseconds since 1970; null: not known
  #canvas;
  #now;
  #shown = []; // when the last pictures were shown
  #player = null; // plays the live video
  #again = 0; // timer: the video is asked for again
  #lateSince = null;
  #fpsSince = 0;

  /*
   * fps: at most so many pictures per second; null: the large picture, with all of them. now() is the recorder's clock,
   * which tells how old a picture is.
   */
  constructor(canvas, camera, fps = null, now = Date.now) {
    this.#canvas = canvas;
    this.#now = now;
    this.camera = camera;
    this.fps = fps;
    this.large = fps === null;
  }

  start() {
    this.running = true;
    this.fps = this.large && canPlayVideo() ? VIDEO : this.fps;
    pictures.add(this);
  }

  stop() {
    if (this.running) pictures.remove(this);
    this.running = false;
    this.pause();
    clearTimeout(this.#again);
    this.#canvas.width = this.#canvas.height = 0;
  }

  /* Nothing comes for a while. */
  pause() {
    this.#player?.stop();
    this.#player = this.captured = this.#lateSince = null;
    this.#shown = [];
  }

  /* Milliseconds; null: not known. */
  get age() {
    return this.captured === null ? null : Math.max(0, this.#now() - this.captured);
  }

  /* Pictures per second that were shown lately. */
  get rate() {
    const now = performance.now();
    this.#shown = this.#shown.filter((at) => now - at < RATE_WINDOW_MS);
    return this.#shown.length < 2 ? 0 : (this.#shown.length - 1) * 1000 / (this.#shown.at(-1) - this.#shown[0]);
  }

  /* A message of the hub. */
  receive({ piece, refused, bytes, captured }) {
    if (!this.running) return null;
    if (piece) return this.#play(piece);
    if (refused) return this.#showPictures();
    return this.#drawPicture(bytes, captured);
  }

  #play(piece) {
    if (piece.first) {
      this.#player?.stop();
      this.#player = null;
    }
    this.#player ??= new VideoPlayer(this.#canvas, (...picture) => this.#draw(...picture), () => this.#showPictures());
    this.#player.push(piece);
  }

  #watch(fps) {
    pictures.remove(this);
    this.fps = fps;
    this.#fpsSince = performance.now();
    pictures.add(this);
  }

  /* There is no video, or it cannot be played. */
  #showPictures() {
    if (!this.running || this.fps !== VIDEO) return;
    this.pause();
    this.#watch(null);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.running && this.#watch(VIDEO), VIDEO_AGAIN_MS);
  }

  async #drawPicture(bytes, captured) {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).catch(() => null);
    const repeated = captured === this.captured; // the camera gives none, so it says nothing about the line
    if (bitmap && this.running) this.#draw(bitmap, bitmap.width, bitmap.height, captured);
    bitmap?.close();
    if (this.large && this.running && this.fps !== VIDEO && !repeated) this.#chooseRate();
  }

  #draw(picture, width, height, captured) {
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
    this.captured = captured;
    this.#shown.push(performance.now());
  }

  /* As many JPEGs as the line carries: fewer if they come late, after a while more again. */
  #chooseRate() {
    const now = performance.now(), late = this.age > LATE_MS;
    this.#lateSince = late ? this.#lateSince ?? now : null;
    if (late && now - Math.max(this.#lateSince, this.#fpsSince) > LATE_FOR_MS) {
      this.#watch(Math.max(1, Math.floor(this.rate * 0.7)));
    } else if (!late && this.fps !== null && now - this.#fpsSince > FASTER_AFTER_MS) {
      this.#watch(this.fps * 2 < 30 ? this.fps * 2 : null);
    }
  }
}
