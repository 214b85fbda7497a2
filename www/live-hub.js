/*
 * live-hub.js - fetches live pictures for all tabs, over at most so many connections together.
 *
 * A browser opens six HTTP/1.1 connections to a host, for all of its tabs. Streams never end, so without a limit some
 * tabs would take them all, and everything else of the page would wait. If more pictures are watched than there are
 * connections, one of these fetches stills for those without a stream, one after the other.
 *
 * A tab sends {type: "watch" | "unwatch" | "ready", camera, fps} and now and then {type: "ping"}; it gets {camera, fps,
 * bytes}, a JPEG. After each picture it says that it is ready for the next one; meanwhile only the newest picture waits
 * for it. fps is null for the picture that is shown large, at the full rate.
 */
import { path, request, snapshotPath } from "./api.js";
import { readParts } from "./multipart.js";

export const CONNECTIONS = 3;
const AGAIN_MS = 50, RETRY_MS = 1000; // after a stream that worked, and after one that did not
const SILENT_MS = 10000; // the recorder repeats the last picture at least once a second
const STILL_MS = 2000, STILL_WIDTH = 480;
const FAST_STILL_MS = 100; // if streams cannot be read at all
const TICK_MS = 50;
const TAB_GONE_MS = 12000;
const FAILURES = 2;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const keyOf = ({ camera, fps }) => JSON.stringify([camera, fps]);

/* One picture that is watched, and the tabs that watch it. */
class Feed {
  tabs = new Map(); // port -> {ready, waiting}: waiting is the newest picture that the port was not ready for
  stillAt = 0; // when a still is due
  #hub;
  #newest = null; // for a tab that comes later
  #stream = null; // AbortController

  constructor(hub, camera, fps) {
    this.#hub = hub;
    this.camera = camera;
    this.fps = fps;
  }

  get streams() {
    return this.#stream !== null;
  }

  add(port) {
    const tab = { ready: true, waiting: null };
    this.tabs.set(port, tab);
    if (this.#newest) this.#send(port, tab, this.#newest);
  }

  publish(bytes) {
    this.#newest = bytes;
    for (const [port, tab] of this.tabs) {
      if (tab.ready) this.#send(port, tab, bytes);
      else tab.waiting = bytes;
    }
  }

  setReady(port) {
    const tab = this.tabs.get(port);
    if (tab?.waiting) this.#send(port, tab, tab.waiting);
    else if (tab) tab.ready = true;
  }

  #send(port, tab, bytes) {
    tab.ready = false;
    tab.waiting = null;
    port.postMessage({ camera: this.camera, fps: this.fps, bytes });
  }

  startStream() {
    if (this.#stream) return;
    this.#stream = new AbortController();
    this.#readStreams(this.#stream.signal);
  }

  stopStream() {
    this.#stream?.abort();
    this.#stream = null;
  }

  /* A stream ends when the camera changes, the recorder is restarted, or the connection breaks: another one follows. */
  async #readStreams(stopped) {
    while (!stopped.aborted) {
      const pictures = await this.#readStream(stopped);
      await sleep(pictures > 1 ? AGAIN_MS : RETRY_MS);
    }
  }

  /* Reads until the stream ends or is silent for too long. Resolves to the number of pictures. */
  async #readStream(stopped) {
    const stop = new AbortController(), expect = () => setTimeout(() => stop.abort(), SILENT_MS);
    stopped.addEventListener("abort", () => stop.abort(), { once: true });
    let timer = expect(), refused = false, pictures = 0;
    try {
      const url = path("/stream", { camera: this.camera, fps: this.fps });
      const response = await fetch(url, { signal: stop.signal });
      refused = !response.ok;
      for await (const bytes of readParts(refused ? new Blob().stream() : response.body)) {
        clearTimeout(timer);
        timer = expect();
        pictures++;
        this.publish(bytes);
      }
    } catch {
      // It is fetched again, whatever the reason is.
    }
    clearTimeout(timer);
    if (pictures) this.#hub.streamWorked();
    else if (!refused && !stop.signal.aborted) await this.#hub.streamFailed(this.camera);
    stop.abort();
    return pictures;
  }
}

export class LiveHub {
  #connections;
  #feeds = new Map(); // key -> Feed
  #heard = new Map(); // port -> when it was heard last
  #failures = 0; // streams in a row without a picture, although there are stills: WebKit reads no multipart answers
  #fetchesStills = false;
  #stillArrives = false;

  constructor(connections = CONNECTIONS) {
    this.#connections = connections;
  }

  connect(port) {
    this.#heard.set(port, performance.now());
    port.onmessage = ({ data }) => this.#receive(port, data);
    port.start?.();
  }

  #receive(port, { type, camera, fps }) {
    const key = keyOf({ camera, fps });
    this.#heard.set(port, performance.now());
    if (type === "watch") this.#watch(port, key, camera, fps);
    else if (type === "unwatch") this.#unwatch(port, key);
    else if (type === "ready") this.#feeds.get(key)?.setReady(port);
  }

  #watch(port, key, camera, fps) {
    if (!this.#feeds.has(key)) this.#feeds.set(key, new Feed(this, camera, fps));
    this.#feeds.get(key).add(port);
    this.#distribute();
  }

  #unwatch(port, key) {
    const feed = this.#feeds.get(key);
    if (!feed?.tabs.delete(port) || feed.tabs.size) return;
    feed.stopStream();
    this.#feeds.delete(key);
    this.#distribute();
  }

  /* A tab that was closed or crashed says nothing any more, not even that it watches nothing. */
  forgetClosedTabs() {
    for (const [port, at] of this.#heard) {
      if (performance.now() - at < TAB_GONE_MS) continue;
      this.#heard.delete(port);
      for (const key of [...this.#feeds.keys()]) this.#unwatch(port, key);
    }
  }

  get #needsStills() {
    return this.#feeds.size > (this.#failures >= FAILURES ? 0 : this.#connections);
  }

  /* Streams that may be open now. A still takes a connection until it has arrived. */
  get #streamsMax() {
    if (this.#failures >= FAILURES) return 0;
    return this.#needsStills || this.#stillArrives ? this.#connections - 1 : this.#connections;
  }

  /* Large pictures come first, then those that have been watched for longest. */
  #distribute() {
    const feeds = [...this.#feeds.values()].sort((a, b) => (a.fps !== null) - (b.fps !== null));
    for (const feed of feeds.slice(this.#streamsMax)) feed.stopStream();
    for (const feed of feeds.slice(0, this.#streamsMax)) feed.startStream();
    if (this.#needsStills && !this.#fetchesStills) this.#fetchStills();
  }

  /* The recorder may be unreachable. But if it answers with a still, this browser cannot read streams. */
  async streamFailed(camera) {
    const reachable = await request(snapshotPath(camera, null, null)).then(() => true, () => false);
    if (reachable && ++this.#failures === FAILURES) this.#distribute();
  }

  streamWorked() {
    this.#failures = 0;
  }

  /* Fetches one still after the other, the one that is due first. */
  async #fetchStills() {
    this.#fetchesStills = true;
    while (this.#needsStills) {
      const waiting = [...this.#feeds.values()].filter((feed) => !feed.streams);
      const feed = waiting.reduce((first, other) => (other.stillAt < first.stillAt ? other : first), waiting[0]);
      if (feed && feed.stillAt <= performance.now()) await this.#fetchStill(feed);
      else await sleep(TICK_MS);
    }
    this.#fetchesStills = false;
  }

  async #fetchStill(feed) {
    const width = feed.fps === null ? null : STILL_WIDTH;
    feed.stillAt = performance.now() + (this.#failures >= FAILURES ? FAST_STILL_MS : STILL_MS);
    this.#stillArrives = true;
    try {
      const response = await request(snapshotPath(feed.camera, null, width), { limit: 5000 });
      feed.publish(new Uint8Array(await response.arrayBuffer()));
    } catch {
      feed.stillAt = performance.now() + STILL_MS; // the page shows the state of the camera, which is the reason
    }
    this.#stillArrives = false;
    this.#distribute();
  }
}
