/*
 * clip-video.js - a <video> with one clip of the archive in it. The player has two: one is shown while the other loads.
 *
 * A clip is /footage of [from, to), a progressive MP4 that begins with a key frame, so its first picture is there some
 * milliseconds after the click. Its time 0 is the wall time of its first frame (X-Clip-Start). A timelapse of speed N
 * plays N seconds of wall time in one second.
 */
import { describe, request, Problem } from "./api.js";
import { fetchFrameTimes, frameAt } from "./frame-times.js";

const PICTURE_LIMIT_MS = 20000;
const SAME_TIME_S = 0.0005;
const STILL_LIMIT_MS = 1000; // playback that does not advance for so long waits for data, whatever the browser says

export const CONNECTION_LOST = "The connection to the recorder was lost. Press Play to try again.";

/*
 * Resolves to the type of the first of these events, or to "abort" when `signal` is aborted. Throws a Problem if none
 * arrives.
 */
const once = (node, types, signal) => new Promise((resolve, reject) => {
  const ended = new AbortController();
  const late = setTimeout(() => {
    ended.abort();
    const limit = `${PICTURE_LIMIT_MS / 1000} s`;
    reject(new Problem(0, `The recording did not load within ${limit}. The connection may be too slow.`));
  }, PICTURE_LIMIT_MS);
  const done = (event) => {
    clearTimeout(late);
    ended.abort();
    resolve(event.type);
  };
  for (const type of types) node.addEventListener(type, done, { signal: ended.signal });
  signal.addEventListener("abort", done, { signal: ended.signal });
});

export class ClipVideo {
  clip = null; // {from, to, speed, url, start, source}: wall times in milliseconds
  lost = false; // the rest of the clip cannot be loaded any more
  #frame = null; // number of the frame that is shown, if that is known
  #times = null; // when each frame begins, see frame-times.js
  #replaced = new AbortController(); // aborted when another clip is loaded
  #advanced = null; // {time, at}: the video's clock, and when it was last seen to advance
  #moves = 0; // counts seeks and starts of playing: a seek that a later one has overtaken says nothing of the picture

  constructor(video) {
    this.video = video;
  }

  /*
   * Shows or hides this video. A hidden one is transparent and keeps its place: Firefox takes the decoder away from a
   * video that is not displayed, and when it is displayed again continues from wherever the decoder is, paused or not.
   */
  setFront(front) {
    this.video.classList.toggle("front", front);
    this.video.setAttribute("aria-hidden", !front);
  }

  covers(ms, speed) {
    const { clip } = this;
    return clip !== null && !this.lost && clip.speed === speed && ms >= clip.start && ms < clip.to;
  }

  get loaded() {
    return this.clip !== null && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  get ended() {
    return this.video.ended;
  }

  /* Whether playback waits for data. Call it now and then while the video plays. */
  isStarved() {
    const { readyState, ended } = this.video;
    return (readyState < HTMLMediaElement.HAVE_FUTURE_DATA || this.#standsStill()) && !ended;
  }

  /*
   * When a connection hangs, Firefox can stop and still say that it has enough data. A hidden tab may stand still as
   * well.
   */
  #standsStill() {
    const now = performance.now(), { currentTime: time } = this.video;
    if (this.#advanced?.time !== time || document.hidden) this.#advanced = { time, at: now };
    return now - this.#advanced.at > STILL_LIMIT_MS;
  }

  /* Wall time of the picture: that of its frame while paused, by the video's clock while it plays. */
  get at() {
    const time = this.#frame === null ? this.video.currentTime : this.#times[this.#frame];
    return this.clip.start + time * 1000 * this.clip.speed;
  }

  /* Milliseconds of playback until the end of the clip. */
  get remaining() {
    return (this.video.duration - this.video.currentTime) / this.video.playbackRate * 1000;
  }

  /*
   * Loads a clip and shows its picture at `ms`. Resolves to false if another clip was loaded meanwhile; throws a
   * Problem.
   */
  async load(clip, ms) {
    this.clear();
    const { signal } = this.#replaced;
    this.video.src = clip.url;
    const loaded = [describe(clip.url, signal), once(this.video, ["loadedmetadata", "error"], signal)];
    const [answer, event] = await Promise.all(loaded)
      .catch((problem) => signal.aborted ? [] : Promise.reject(problem));
    if (signal.aborted) return false;
    if (event !== "loadedmetadata") await this.#explain(clip.url);
    this.clip = { ...clip, start: answer.start || clip.from, source: answer.source };
    await this.#show(ms);
    return !signal.aborted;
  }

  /* A <video> says little about what went wrong; the server answers with a sentence. */
  async #explain(url) {
    await request(url, { headers: { Range: "bytes=0-0" } });
    const reason = this.video.error?.message || "the browser gives no reason";
    throw new Error(`This browser cannot play the recording (${reason}). You can still download it.`);
  }

  async #show(ms) {
    const time = Math.max(0, (ms - this.clip.start) / 1000 / this.clip.speed);
    if (Math.abs(this.video.currentTime - time) > SAME_TIME_S) await this.#seek(time);
    else if (!this.loaded) await once(this.video, ["loadeddata", "error"], this.#replaced.signal);
  }

  /* Resolves to false if a later move has overtaken it. */
  async #seek(time) {
    const { signal } = this.#replaced, move = ++this.#moves;
    this.#frame = null;
    this.video.currentTime = Math.min(time, Math.max(0, this.video.duration - 0.001));
    const event = await once(this.video, ["seeked", "error"], signal);
    if (event === "error") throw new Problem(0, CONNECTION_LOST);
    return !signal.aborted && move === this.#moves;
  }

  /* Within the clip that is loaded. */
  seek(ms) {
    return this.#show(ms);
  }

  play() {
    this.#moves++;
    this.#frame = this.#advanced = null;
    return this.video.play();
  }

  /*
   * Stops on one frame. When a video stops by itself, its clock and its picture can be some frames apart, differently
   * in each browser. A seek into the middle of a frame brings them together.
   */
  async settle() {
    this.video.pause();
    await this.step(0);
  }

  /* Moves by whole frames. Resolves to false if the clip ends before that. */
  async step(frames) {
    const { signal } = this.#replaced, move = this.#moves;
    const times = this.#times ?? await fetchFrameTimes(this.clip.url);
    if (signal.aborted) return true;
    this.#times = times;
    if (frames === 0 && move !== this.#moves) return true; // the later move settles by itself, or plays
    const frame = (this.#frame ?? frameAt(times, this.video.currentTime)) + frames;
    if (frame < 0 || frame > times.length - 2) return false;
    if (await this.#seek((times[frame] + times[frame + 1]) / 2)) this.#frame = frame;
    return true;
  }

  /* Releases the clip and its connection. */
  clear() {
    this.#replaced.abort();
    this.#replaced = new AbortController();
    this.clip = null;
    this.lost = false;
    this.#times = null;
    this.#frame = null;
    if (!this.video.hasAttribute("src")) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
