/*
 * live-hub.js - fetches live pictures for all tabs, over at most so many connections together.
 *
 * A browser opens six HTTP/1.1 connections to a host, for all of its tabs. Streams never end, so without a limit some
 * tabs would take them all, and everything else of the page would wait. If more pictures are watched than there are
 * connections, one of these fetches stills for those without a stream, one after the other.
 *
 * A tab sends {type: "watch" | "unwatch" | "ready", camera, fps, large} and now and then {type: "ping"}; it gets
 * {camera, fps, bytes, captured}, a JPEG and when it was captured. After each picture it says that it is ready for the
 * next one; meanwhile only the newest picture waits for it. fps is null for every picture.
 *
 * With fps "video" it gets {camera, fps, piece}: the pieces of the live video (mp4-stream.js), from a key frame on and
 * all of them; or {camera, fps, refused}: there is no live video now. Without a connection for it, it gets stills.
 *
 * With fps "events" it gets the notifications of the camera (event-feed.js). They come after the large pictures and
 * before the small ones. {ping: true} asks a tab to send a ping: the timers of a hidden tab hardly run.
 */
import { path, request, snapshotPath } from "./api.js";
import { EventFeed, EVENTS } from "./event-feed.js";
import { LineRate } from "./line-rate.js";
import { readVideo } from "./mp4-stream.js";
import { readParts } from "./multipart.js";
import { VideoLine } from "./video-line.js";

export const CONNECTIONS = 3;
const AGAIN_MS = 50, RETRY_MS = 1000; // after a stream that worked, and after one that did not
const SILENT_MS = 10000; // the recorder repeats the last picture at least once a second
const STILL_MS = 2000, STILL_WIDTH = 480;
const FAST_STILL_MS = 100; // if streams cannot be read at all
const TICK_MS = 50;
const TAB_GONE_MS = 12000, TAB_SILENT_MS = 6000;
const FAILURES = 2;

export const VIDEO = "video";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/* Which feeds come first: a large picture, then events, then small pictures. */
const rankOf = ({ large, fps }) => (large ? 2 : fps === EVENTS ? 1 : 0);

const makeFeed = (hub, camera, fps, large) => {
  if (fps === EVENTS) return new EventFeed(camera);
  return fps === VIDEO ? new VideoFeed(camera) : new Feed(hub, camera, fps, large);
};

const keyOf = ({ camera, fps }) => JSON.stringify([camera, fps]);

/* What is watched, and the tabs that watch it. */
class Feed {
  tabs = new Map(); // port -> {ready, waiting}: waiting is the newest picture that the port was not ready for
  stillAt = 0; // when a still is due
  #hub;
  #newest = null; // for a tab that comes later
  #stream = null; // AbortController
  #line = null; // LineRate of a small picture; a large one changes its fps by itself, see live.js

  constructor(hub, camera, fps, large) {
    this.#hub = hub;
    this.camera = camera;
    this.fps = fps;
    this.large = large;
    if (!large && fps !== null) this.#line = new LineRate(fps);
  }

  get streams() {
    return this.#stream !== null;
  }

  add(port) {
    const tab = { ready: true, waiting: null };
    this.tabs.set(port, tab);
    if (this.#newest) this.#send(port, tab, this.#newest);
  }

  publish(picture) {
    this.#newest = picture;
    for (const [port, tab] of this.tabs) {
      if (tab.ready) this.#send(port, tab, picture);
      else tab.waiting = picture;
    }
  }

  setReady(port) {
    const tab = this.tabs.get(port);
    if (tab?.waiting) this.#send(port, tab, tab.waiting);
    else if (tab) tab.ready = true;
  }

  #send(port, tab, picture) {
    tab.ready = false;
    tab.waiting = null;
    port.postMessage({ camera: this.camera, fps: this.fps, ...picture });
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

  /*
   * Reads until the stream ends, is silent for too long, or is due with another fps. Resolves to the number of
   * pictures.
   */
  async #readStream(stopped) {
    const stop = new AbortController(), expect = () => setTimeout(() => stop.abort(), SILENT_MS);
    stopped.addEventListener("abort", () => stop.abort(), { once: true });
    let timer = expect(), refused = false, pictures = 0;
    try {
      this.#line?.begin(performance.now());
      const url = path("/stream", { camera: this.camera, fps: this.#line?.fps ?? this.fps });
      const response = await fetch(url, { signal: stop.signal });
      refused = !response.ok;
      for await (const picture of readParts(refused ? new Blob().stream() : response.body)) {
        clearTimeout(timer);
        timer = expect();
        pictures++;
        this.publish(picture);
        if (this.#line?.take(picture.captured, performance.now())) break;
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

/* The live video of a camera, and the tabs that watch it. */
class VideoFeed {
  tabs = new Map(); // port -> true
  stillAt = 0;
  fps = VIDEO;
  large = true;
  #init = null;
  #pieces = []; // since the newest key frame, for a tab that comes later
  #stream = null; // AbortController
  #line = new VideoLine();

  constructor(camera) {
    this.camera = camera;
  }

  get streams() {
    return this.#stream !== null;
  }

  add(port) {
    this.tabs.set(port, true);
    for (const piece of this.#init ? [this.#init, ...this.#pieces] : []) this.#send(port, { piece });
  }

  setReady() {}

  /* A still: this feed has no connection. */
  publish(picture) {
    for (const port of this.tabs.keys()) this.#send(port, picture);
  }

  #send(port, message) {
    port.postMessage({ camera: this.camera, fps: this.fps, ...message });
  }

  #take(piece) {
    if (piece.codecs) this.#init = piece;
    if (piece.codecs || piece.captured) this.#pieces = [];
    if (!piece.codecs) this.#pieces.push(piece);
    for (const port of this.tabs.keys()) this.#send(port, { piece });
  }

  startStream() {
    if (this.#stream) return;
    this.#stream = new AbortController();
    this.#readStreams(this.#stream.signal);
  }

  stopStream() {
    this.#stream?.abort();
    this.#stream = this.#init = null;
    this.#pieces = [];
  }

  async #readStreams(stopped) {
    while (!stopped.aborted) {
      const pieces = await this.#readStream(stopped);
      if (!stopped.aborted && !pieces) for (const port of this.tabs.keys()) this.#send(port, { refused: true });
      await sleep(pieces ? AGAIN_MS : RETRY_MS);
    }
  }

  /* Resolves to the number of pieces. A new stream begins with a time of its own, so the tabs get a new video. */
  async #readStream(stopped) {
    const stop = new AbortController(), expect = () => setTimeout(() => stop.abort(), SILENT_MS);
    stopped.addEventListener("abort", () => stop.abort(), { once: true });
    let timer = expect(), pieces = 0;
    try {
      const frames = this.#line.keyframes ? "key" : null;
      const response = await fetch(path("/live.mp4", { camera: this.camera, frames }), { signal: stop.signal });
      if (!response.ok) return 0;
      this.#line.begin(performance.now());
      for await (const piece of readVideo(response.body)) {
        clearTimeout(timer);
        timer = expect();
        this.#take({ ...piece, first: pieces++ === 0 });
        if (piece.time !== undefined && this.#line.take(piece.time, performance.now())) break;
      }
    } catch {
      // The tabs show pictures meanwhile, and ask again.
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
    return pieces;
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

  #receive(port, { type, camera, fps, large = fps === null }) {
    const key = keyOf({ camera, fps });
    this.#heard.set(port, performance.now());
    if (type === "watch") this.#watch(port, key, { camera, fps, large });
    else if (type === "unwatch") this.#unwatch(port, key);
    else if (type === "ready") this.#feeds.get(key)?.setReady(port);
  }

  #watch(port, key, { camera, fps, large }) {
    if (!this.#feeds.has(key)) this.#feeds.set(key, makeFeed(this, camera, fps, large));
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
      if (performance.now() - at >= TAB_SILENT_MS) port.postMessage({ ping: true });
      if (performance.now() - at < TAB_GONE_MS) continue;
      this.#heard.delete(port);
      for (const key of [...this.#feeds.keys()]) this.#unwatch(port, key);
    }
  }

  /* The feeds that can have a connection, those that come first at the front; then the ones watched for longest. */
  get #candidates() {
    const feeds = [...this.#feeds.values()].sort((a, b) => rankOf(b) - rankOf(a));
    return this.#failures >= FAILURES ? feeds.filter(({ fps }) => fps === EVENTS) : feeds;
  }

  /* Pictures for which there is no connection. */
  get #needsStills() {
    const first = this.#candidates.slice(0, this.#connections);
    return [...this.#feeds.values()].some((feed) => feed.fps !== EVENTS && !first.includes(feed));
  }

  /* Streams that may be open now. A still takes a connection until it has arrived. */
  get #streamsMax() {
    return this.#needsStills || this.#stillArrives ? this.#connections - 1 : this.#connections;
  }

  #distribute() {
    const streaming = this.#candidates.slice(0, this.#streamsMax);
    for (const feed of this.#feeds.values()) if (!streaming.includes(feed)) feed.stopStream();
    for (const feed of streaming) feed.startStream();
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
      const waiting = [...this.#feeds.values()].filter((feed) => !feed.streams && feed.fps !== EVENTS);
      const feed = waiting.reduce((first, other) => (other.stillAt < first.stillAt ? other : first), waiting[0]);
      if (feed && feed.stillAt <= performance.now()) await this.#fetchStill(feed);
      else await sleep(TICK_MS);
    }
    this.#fetchesStills = false;
  }

  async #fetchStill(feed) {
    const width = feed.large ? null : STILL_WIDTH;
    feed.stillAt = performance.now() + (this.#failures >= FAILURES ? FAST_STILL_MS : STILL_MS);
    this.#stillArrives = true;
    try {
      const response = await request(snapshotPath(feed.camera, null, width), { limit: 5000 });
      const captured = Date.parse(response.headers.get("X-Timestamp")) || null;
      feed.publish({ bytes: new Uint8Array(await response.arrayBuffer()), captured });
    } catch {
      feed.stillAt = performance.now() + STILL_MS; // the page shows the state of the camera, which is the reason
    }
    this.#stillArrives = false;
    this.#distribute();
  }
}
