/*
 * live.js - live pictures on canvases. A shared worker fetches them for all tabs (live-hub.js). An <img> with the
 * stream would show each picture only when the next one begins (Chromium, WebKit), and would take a connection in each
 * tab.
 */
import { LiveHub } from "./live-hub.js";

const PING_MS = 5000;
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

  #send(type, { camera, fps }) {
    if (type !== "watch" || !document.hidden) this.#port.postMessage({ type, camera, fps });
  }

  #watchAll(watch) {
    for (const picture of this.#pictures) this.#send(watch ? "watch" : "unwatch", picture);
  }

  async #receive({ camera, fps, bytes }) {
    this.#heard = true;
    const shown = [...this.#pictures].filter((picture) => picture.camera === camera && picture.fps === fps);
    await Promise.all(shown.map((picture) => picture.draw(bytes)));
    this.#send("ready", { camera, fps });
  }
}

const pictures = new Pictures();

export class Live {
  running = false;
  #canvas;

  /* fps: at most so many pictures per second, or null for all of them. */
  constructor(canvas, camera, fps = null) {
    this.#canvas = canvas;
    this.camera = camera;
    this.fps = fps;
  }

  start() {
    this.running = true;
    pictures.add(this);
  }

  stop() {
    if (this.running) pictures.remove(this);
    this.running = false;
    this.#canvas.width = this.#canvas.height = 0;
  }

  async draw(bytes) {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).catch(() => null);
    if (bitmap && this.running) {
      if (this.#canvas.width !== bitmap.width) this.#canvas.width = bitmap.width;
      if (this.#canvas.height !== bitmap.height) this.#canvas.height = bitmap.height;
      this.#canvas.getContext("2d").drawImage(bitmap, 0, 0);
    }
    bitmap?.close();
  }
}
