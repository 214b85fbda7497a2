/*
 * live-video.js - plays live video on a canvas, through Media Source Extensions. Each picture that the browser shows is
 * drawn with the time at which it was captured.
 *
 * The video stays at the live edge: it plays up to RATE faster or slower, and jumps only if it is far behind. If it
 * runs dry, it keeps a longer distance for a while.
 */

import { concat } from "./mp4-stream.js";

const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
const RATE = 0.05;
const NEAR_S = 0.03, FAR_S = 1; // from the edge: the least distance; jumps beyond the other
const PATIENCE_S = 0.05, PATIENCE_MAX_S = 0.5; // added to the distance each time that it runs dry
const TIGHTEN_S = 0.002; // per picture without running dry
const SETTLE_S = 0.1; // a video that begins so much behind jumps, once
const KEEP_S = 10, TRIM_S = 20;
const RATE_WINDOW_MS = 2000;

/* Whether this browser can play such a video and say which picture it shows. */
export function canPlayVideo() {
  return Boolean(Source?.isTypeSupported('video/mp4; codecs="avc1.64001f"')) &&
    "requestVideoFrameCallback" in HTMLVideoElement.prototype;
}

/* draw(video, width, height, captured) is called for each picture; failed() once if it cannot be played. */
export class VideoPlayer {
  #video = document.createElement("video");
  #source = new Source();
  #buffer = null;
  #url;
  #queue = [];
  #codecs = null;
  #marks = []; // {time, captured} of the newest key frames
  #edge = null; // {time, at}: the newest frame, and when it came
  #distance = NEAR_S;
  #shown = []; // when the last pictures were shown
  #draw;
  #failed;
  #settled = false;
  #stopped = false;

  constructor(before, draw, failed) {
    this.#draw = draw;
    this.#failed = failed;
    Object.assign(this.#video, { muted: true, playsInline: true, disableRemotePlayback: true });
    this.#video.setAttribute("aria-hidden", "true");
    this.#video.tabIndex = -1;
    this.#video.addEventListener("error", () => this.#fail());
    this.#video.addEventListener("waiting", () => this.#ranDry());
    this.#url = URL.createObjectURL(this.#source);
    this.#video.src = this.#url;
    this.#source.addEventListener("sourceopen", () => this.#append());
    before.before(this.#video);
    this.#nextPicture();
  }

  /* Pictures per second that were shown lately. */
  get rate() {
    const now = performance.now();
    this.#shown = this.#shown.filter((at) => now - at < RATE_WINDOW_MS);
    return this.#shown.length * 1000 / RATE_WINDOW_MS;
  }

  stop() {
    this.#stopped = true;
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
    URL.revokeObjectURL(this.#url);
    this.#video.remove();
  }

  /* A piece of readVideo(). */
  push(piece) {
    if (this.#stopped || !piece.bytes) return;
    if (piece.time !== undefined) this.#note(piece);
    this.#queue.push(piece);
    this.#append();
  }

  #note({ time, captured }) {
    if (captured !== null) this.#marks = [...this.#marks.slice(-30), { time, captured }];
    this.#edge = { time, at: performance.now() };
  }

  #fail() {
    if (this.#stopped) return;
    this.stop();
    this.#failed();
  }

  #append() {
    if (this.#stopped || this.#source.readyState !== "open" || this.#buffer?.updating || !this.#queue.length) return;
    try {
      const [{ codecs }] = this.#queue;
      if (codecs) this.#setCodecs(codecs);
      if (!this.#buffer || this.#trim()) return;
      this.#buffer.appendBuffer(this.#takeQueue());
    } catch (error) {
      if (error.name !== "QuotaExceededError") this.#fail();
    }
  }

  /* All that is waiting, up to the next init segment. */
  #takeQueue() {
    const next = this.#queue.findIndex(({ codecs }, at) => codecs && at > 0);
    return concat(...this.#queue.splice(0, next < 0 ? this.#queue.length : next).map(({ bytes }) => bytes));
  }

  #setCodecs(codecs) {
    const type = `video/mp4; codecs="${codecs}"`;
    if (!this.#buffer) {
      this.#buffer = this.#source.addSourceBuffer(type);
      this.#buffer.addEventListener("updateend", () => this.#appended());
      this.#buffer.addEventListener("error", () => this.#fail());
    } else if (codecs !== this.#codecs) {
      this.#buffer.changeType(type);
    }
    this.#codecs = codecs;
  }

  /* Frees what was shown long ago. True if that has begun: appending waits for it. */
  #trim() {
    const { buffered } = this.#buffer, until = this.#video.currentTime - KEEP_S;
    if (!buffered.length || this.#video.currentTime - buffered.start(0) < TRIM_S) return false;
    this.#buffer.remove(0, until);
    return true;
  }

  #appended() {
    if (this.#stopped) return;
    this.#follow();
    if (this.#video.paused) this.#video.play().catch(() => {});
    this.#append();
  }

  /* The time in the video that would be shown at once if nothing took any time. */
  get #now() {
    return this.#edge.time + Math.min((performance.now() - this.#edge.at) / 1000, 1);
  }

  #follow() {
    const { buffered } = this.#buffer, video = this.#video;
    if (!buffered.length || !this.#edge) return;
    const last = buffered.length - 1, start = buffered.start(last), end = buffered.end(last);
    const behind = this.#edge.time - video.currentTime;
    const unsettled = !this.#settled && this.#shown.length > 0;
    if (unsettled) this.#settled = true;
    if (video.currentTime < start || video.currentTime > end + FAR_S || behind > (unsettled ? SETTLE_S : FAR_S)) {
      video.currentTime = Math.max(start, Math.min(this.#edge.time, end - this.#distance));
      return;
    }
    const off = this.#now - video.currentTime - this.#distance - this.#interval;
    video.playbackRate = 1 + Math.max(-RATE, Math.min(RATE, Math.abs(off) < 0.01 ? 0 : off));
  }

  /* Seconds from one picture to the next. */
  get #interval() {
    return this.#shown.length > 4 ? Math.min(1 / this.rate, 0.2) : 0.03;
  }

  #ranDry() {
    this.#distance = Math.min(this.#distance + PATIENCE_S, PATIENCE_MAX_S);
  }

  #captured(time) {
    const mark = this.#marks.findLast((one) => one.time <= time + 0.001) ?? this.#marks[0];
    return mark ? mark.captured + (time - mark.time) * 1000 : null;
  }

  #nextPicture() {
    this.#video.requestVideoFrameCallback((now, { mediaTime, width, height }) => {
      if (this.#stopped) return;
      this.#shown.push(now);
      this.#distance = Math.max(NEAR_S, this.#distance - TIGHTEN_S);
      this.#draw(this.#video, width, height, this.#captured(mediaTime));
      this.#follow();
      this.#nextPicture();
    });
  }
}
