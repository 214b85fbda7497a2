/*
 * deck.js - one <video> with one clip of the archive in it: the player has two, one shown, one made ready.
 *
 * A clip is /footage of [from, to), a progressive MP4 whose first frame is a key frame, so its first picture is there some
 * milliseconds after the click. Its time 0 is the wall time of its first frame (X-Clip-Spans says which), and a timelapse of
 * speed N plays N seconds of wall time in one.
 */
import { describe, request } from "./api.js";
import { fetchFrameTimes, frameAt } from "./frames.js";

const once = (node, types) => new Promise((resolve) => {
  const done = (event) => {
    for (const type of types) node.removeEventListener(type, done);
    resolve(event.type);
  };
  for (const type of types) node.addEventListener(type, done);
});

export class Deck {
  piece = null; // {from, to, speed, url, ends}: wall time in milliseconds
  #shownTime = null; // media time of the picture on the screen
  #times = null;
  #load = 0;

  constructor(video) {
    this.video = video;
    this.#watchFrames();
  }

  /* The browser says which frame it has painted; where it cannot, the clock of the video has to do. */
  #watchFrames() {
    if (!this.video.requestVideoFrameCallback) return;
    const note = (_, frame) => {
      this.#shownTime = frame.mediaTime;
      this.video.requestVideoFrameCallback(note);
    };
    this.video.requestVideoFrameCallback(note);
  }

  covers(ms, speed) {
    return this.piece !== null && this.piece.speed === speed && ms >= this.piece.start && ms < this.piece.to;
  }

  get loaded() {
    return this.piece !== null && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  get ended() {
    return this.video.ended;
  }

  /* Wall time of the picture shown. */
  get at() {
    const time = this.#shownTime ?? this.video.currentTime;
    return this.piece.start + time * 1000 * this.piece.speed;
  }

  /* Milliseconds of playing that are left. */
  get left() {
    return (this.video.duration - this.video.currentTime) / this.video.playbackRate * 1000;
  }

  /* Loads a piece and shows its picture at `ms`. Resolves true then, false where another load has come between; throws a Problem. */
  async load(piece, ms) {
    const load = ++this.#load;
    this.clear();
    this.#load = load;
    this.video.src = piece.url;
    const [what, event] = await Promise.all([describe(piece.url), once(this.video, ["loadedmetadata", "error", "emptied"])]);
    if (load !== this.#load) return false;
    if (event !== "loadedmetadata") await this.#explain(piece.url);
    this.piece = { ...piece, start: what.spans[0]?.from ?? piece.from, source: what.source };
    await this.#show(ms);
    return load === this.#load;
  }

  /* A <video> says little about what went wrong; the server says it in a sentence. */
  async #explain(url) {
    await request(url, { headers: { Range: "bytes=0-0" } });
    throw new Error(`This browser cannot play the recording (${this.video.error?.message || "no reason given"}). It can still be downloaded.`);
  }

  async #show(ms) {
    const time = Math.max(0, (ms - this.piece.start) / 1000 / this.piece.speed);
    if (time > 0.0005) await this.#seek(time);
    else if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await once(this.video, ["loadeddata", "error", "emptied"]);
  }

  async #seek(time) {
    this.#shownTime = null;
    this.video.currentTime = Math.min(time, Math.max(0, this.video.duration - 0.001));
    await once(this.video, ["seeked", "error", "emptied"]);
  }

  /* Within the piece that is loaded. */
  seek(ms) {
    return this.#show(ms);
  }

  /* Goes by whole frames; false where the piece ends before that. */
  async step(frames) {
    const load = this.#load;
    this.#times ??= await fetchFrameTimes(this.piece.url);
    if (load !== this.#load) return true;
    const wanted = frameAt(this.#times, (this.#shownTime ?? this.video.currentTime) + 0.0005) + frames;
    if (wanted < 0 || wanted > this.#times.length - 2) return false;
    await this.#seek((this.#times[wanted] + this.#times[wanted + 1]) / 2);
    return true;
  }

  /* Lets go of the clip and of its connection. */
  clear() {
    this.#load++;
    this.piece = null;
    this.#times = null;
    this.#shownTime = null;
    if (!this.video.hasAttribute("src")) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
