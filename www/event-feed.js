/*
 * event-feed.js - the notifications of a camera (GET /events/live), and the tabs that listen to them. Like the live
 * pictures they come over one connection for all tabs (live-hub.js).
 *
 * A tab gets {camera, fps: "events", connected} whenever that changes, and {camera, fps, notification: {kind, data}}.
 * A stream that breaks goes on after the last notification; if the recorder does not have all of them any more, it sends
 * one of the kind "lost".
 */
import { path } from "./api.js";
import { readEvents } from "./event-stream.js";

export const EVENTS = "events";

const RETRY_MS = 1000, RETRY_MAX_MS = 30000;
const SILENT_MS = 40000; // the recorder sends a comment every 15 s

const sleep = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export class EventFeed {
  tabs = new Map(); // port -> true
  stillAt = Infinity; // it has no stills
  fps = EVENTS;
  large = false;
  #lastId = null;
  #connected = false;
  #stream = null; // AbortController

  constructor(camera) {
    this.camera = camera;
  }

  get streams() {
    return this.#stream !== null;
  }

  add(port) {
    this.tabs.set(port, true);
    this.#send(port, { connected: this.#connected });
  }

  setReady() {}

  publish() {}

  #send(port, message) {
    port.postMessage({ camera: this.camera, fps: this.fps, ...message });
  }

  #sendAll(message) {
    for (const port of this.tabs.keys()) this.#send(port, message);
  }

  #setConnected(connected) {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#sendAll({ connected });
  }

  startStream() {
    if (this.#stream) return;
    this.#stream = new AbortController();
    this.#readStreams(this.#stream.signal);
  }

  stopStream() {
    this.#stream?.abort();
    this.#stream = null;
    this.#setConnected(false);
  }

  async #readStreams(stopped) {
    for (let wait = RETRY_MS; !stopped.aborted; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
      if (await this.#readStream(stopped)) wait = RETRY_MS;
      if (!stopped.aborted) this.#setConnected(false);
      await sleep(wait, stopped);
    }
  }

  /* Reads until the stream ends, breaks or is silent for too long. Resolves to whether there was one. */
  async #readStream(stopped) {
    const stop = new AbortController(), expect = () => setTimeout(() => stop.abort(), SILENT_MS);
    stopped.addEventListener("abort", () => stop.abort(), { once: true });
    let timer = expect(), worked = false;
    try {
      const headers = this.#lastId ? { "Last-Event-ID": this.#lastId } : {};
      const response = await fetch(path("/events/live", { camera: this.camera }), { headers, signal: stop.signal });
      if (!response.ok) return false;
      worked = true;
      this.#setConnected(true);
      for await (const event of readEvents(response.body)) {
        clearTimeout(timer);
        timer = expect();
        this.#take(event);
      }
    } catch {
      // It is asked for again, whatever the reason is.
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
    return worked;
  }

  #take({ id, kind, data: text }) {
    const data = text === null ? null : parse(text);
    this.#lastId = id || this.#lastId;
    if (data) this.#sendAll({ notification: { kind, data } });
  }
}
