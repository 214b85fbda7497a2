/*
 * clip-video.js - one <video> with one clip of the archive in it: the player has two, one shown, one made ready.
 *
 * A clip is /footage of [from, to), a progressive MP4 whose first frame is a key frame, so its first picture is there some
 * milliseconds after the click. Its time 0 is the wall time of its first frame (X-Clip-Start), and a timelapse of
 * speed N plays N seconds of wall time in one.
 */
import { describe, request, Problem } from "./api.js";
import { fetchFrameTimes, frameAt } from "./frame-times.js";

const PICTURE_LIMIT_MS = 20000;

/* Resolves with the type of the first of these events, or "abort" when the signal says so; a Problem where none of them comes. */
const once = (node, types, signal) => new Promise((resolve, reject) => {
  const ended = new AbortController();
  const late = setTimeout(() => {
    ended.abort();
    reject(new Problem(0, `The recording's picture did not come within ${PICTURE_LIMIT_MS / 1000} s. Is the connection too slow for it?`));
  }, PICTURE_LIMIT_MS);
  const done = (event) => {
    clearTimeout(late);
    ended.abort();
    resolve(event.type);
  };
  for (const type of types) node.addEventListener(type, done, { signal: ended.signal });
  signal.addEventListener("abort", done, { signal: ended.signal });
});

export class Deck {
  piece = null; // {from, to, speed, url, start, source}: wall time in milliseconds
  #frame = null; // number of the picture that stands, where that is known
  #times = null;
  #life = new AbortController(); // of the piece: aborted when another one comes in its place
  #moves = 0; // seeks, and starts of playing: a seek that another move has overtaken says nothing of the picture

  constructor(video) {
    this.video = video;
  }

  /*
   * To eyes and screen readers. The one behind is see-through and not hidden: Firefox takes the decoder of a hidden video away, and
   * when it is seen again goes on from where that one happens to be, paused or not.
   */
  setFront(front) {
    this.video.classList.toggle("front", front);
    this.video.setAttribute("aria-hidden", !front);
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

  /* Wall time of the picture: of its frame where it stands, of the video's clock while it plays. */
  get at() {
    const time = this.#frame === null ? this.video.currentTime : this.#times[this.#frame];
    return this.piece.start + time * 1000 * this.piece.speed;
  }

  /* Milliseconds of playing that are left. */
  get left() {
    return (this.video.duration - this.video.currentTime) / this.video.playbackRate * 1000;
  }

  /* Loads a piece and shows its picture at `ms`. Resolves true then, false where another load has come between; throws a Problem. */
  async load(piece, ms) {
    this.clear();
    const { signal } = this.#life;
    this.video.src = piece.url;
    const [what, event] = await Promise.all([describe(piece.url, signal), once(this.video, ["loadedmetadata", "error"], signal)])
      .catch((problem) => signal.aborted ? [] : Promise.reject(problem));
    if (signal.aborted) return false;
    if (event !== "loadedmetadata") await this.#explain(piece.url);
    this.piece = { ...piece, start: what.start || piece.from, source: what.source };
    await this.#show(ms);
    return !signal.aborted;
  }

  /* A <video> says little about what went wrong; the server says it in a sentence. */
  async #explain(url) {
    await request(url, { headers: { Range: "bytes=0-0" } });
    throw new Error(`This browser cannot play the recording (${this.video.error?.message || "no reason given"}). It can still be downloaded.`);
  }

  async #show(ms) {
    const time = Math.max(0, (ms - this.piece.start) / 1000 / this.piece.speed);
    if (Math.abs(this.video.currentTime - time) > 0.0005) await this.#seek(time);
    else if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await once(this.video, ["loadeddata", "error"], this.#life.signal);
  }

  /* Resolves true, or false where it was overtaken. */
  async #seek(time) {
    const { signal } = this.#life, move = ++this.#moves;
    this.#frame = null;
    this.video.currentTime = Math.min(time, Math.max(0, this.video.duration - 0.001));
    await once(this.video, ["seeked", "error"], signal);
    return !signal.aborted && move === this.#moves;
  }

  /* Within the piece that is loaded. */
  seek(ms) {
    return this.#show(ms);
  }

  play() {
    this.#moves++;
    this.#frame = null;
    return this.video.play();
  }

  /*
   * Stands still on one frame. Where a video stops by itself, its clock and its picture can be some frames apart, in each
   * browser otherwise; after a seek into the middle of a frame they are one.
   */
  async settle() {
    this.video.pause();
    await this.step(0);
  }

  /* Goes by whole frames; false where the piece ends before that. */
  async step(frames) {
    const { signal } = this.#life, move = this.#moves;
    const times = this.#times ?? await fetchFrameTimes(this.piece.url);
    if (signal.aborted) return true;
    this.#times = times;
    if (frames === 0 && move !== this.#moves) return true; // what overtook it settles, or plays
    const wanted = (this.#frame ?? frameAt(times, this.video.currentTime)) + frames;
    if (wanted < 0 || wanted > times.length - 2) return false;
    if (await this.#seek((times[wanted] + times[wanted + 1]) / 2)) this.#frame = wanted;
    return true;
  }

  /* Lets go of the clip and of its connection. */
  clear() {
    this.#life.abort();
    this.#life = new AbortController();
    this.piece = null;
    this.#times = null;
    this.#frame = null;
    if (!this.video.hasAttribute("src")) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
