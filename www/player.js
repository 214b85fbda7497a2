/*
 * player.js - plays the archive: clips of at most a minute, one after the other, in two videos by turns.
 *
 * While one video plays, the other one loads the next clip, so segments, gaps and restarts pass without a stop: no clip
 * contains a gap, and the next one begins after it. Up to FASTEST_DECODED the browser plays every frame faster. Beyond
 * that the recorder sends key frames only, because most machines cannot decode sixteen times the frames.
 */
import { footagePath, Problem } from "./api.js";
import { ClipVideo, CONNECTION_LOST } from "./clip-video.js";
import { emit } from "./events.js";
import { SECOND } from "./time.js";

const CLIP_MS = 60 * SECOND, MEMORY_CLIP_MS = 20 * SECOND;
const AHEAD_MS = 10 * SECOND; // so long before the end of a clip the next one is loaded
const LEAST_MS = 0.5 * SECOND; // a shorter clip at the growing end is not worth a request
const LIVE_MS = 2 * SECOND; // so close to now, the live picture is the better one
const RETRY_MS = 250;
const STARVED_LIMIT_MS = 20 * SECOND; // playback that waits longer for data has lost its connection
const FASTEST_DECODED = 4;

const floor = (ms) => Math.floor(ms / SECOND) * SECOND;

/*
 * Events: "picture" when another picture is shown, "playing" when `playing` changed, "loading" {since}
 * (performance.now(), or null: loaded), "gap" {gap} when a gap is skipped, "nothing" {ms} if nothing was recorded from
 * then on, "caughtup" with live, "slowed" to speed 1, "failed" {problem}.
 */
export class Player extends EventTarget {
  speed = 1;
  playing = false;
  active = false;
  #playable;
  #front;
  #back;
  #next = null; // promise: the next clip is loaded in the back video
  #turn = 0; // each show() ends the one before
  #target = null; // time that a show() is loading
  #failed = null; // time that could not be loaded, and is to be tried again
  #timer = 0;
  #starved = null; // AbortSignal of the limit, while playback waits for data

  constructor(videos, playable) {
    super();
    [this.#front, this.#back] = videos.map((video) => new ClipVideo(video));
    this.#playable = playable;
    for (const video of videos) {
      video.onended = () => this.#continue(video);
      video.onerror = () => video === this.#front.video && this.#lose();
    }
  }

  /* Wall time of the picture, or of the one that is loading; if there is none, of the one that could not be loaded. */
  get at() {
    if (this.#target !== null) return this.#target;
    return this.#front.clip ? this.#front.at : this.#failed;
  }

  get shows() {
    return this.active && this.#front.loaded;
  }

  get video() {
    return this.#front.video;
  }

  /* Goes to a time; from within a gap, to its end. */
  async show(ms, play) {
    const turn = ++this.#turn;
    this.active = true;
    this.playing = play;
    this.#failed = null;
    const at = this.#resolve(ms);
    emit(this, "playing");
    if (at === null) return this.#endAt(ms);
    this.#target = at;
    this.#front.video.pause();
    emit(this, "loading", { since: performance.now() });
    try {
      if (!await this.#load(at, turn)) return;
      this.#target = null;
      this.#run();
    } catch (problem) {
      if (turn === this.#turn) this.#fail(problem);
    }
    if (turn === this.#turn) emit(this, "loading", { since: null });
  }

  #fail(problem) {
    this.#failed = this.#target;
    this.#target = null;
    this.playing = false;
    this.#stopWatching();
    emit(this, "playing");
    emit(this, "failed", { problem });
  }

  /* The connection of the front clip is lost. Its last picture stays, and play() loads the clip again from there. */
  #lose() {
    if (!this.active || this.#target !== null || !this.#front.clip) return; // a load reports its own failure
    this.#front.lost = true;
    this.#front.video.pause();
    this.#fail(new Problem(0, CONNECTION_LOST));
  }

  #endAt(ms) {
    this.playing = false;
    emit(this, "nothing", { ms });
  }

  /*
   * The time that is shown for `ms`: itself, the end of its gap (or of the time before the first recording), or null:
   * nothing follows.
   */
  #resolve(ms) {
    if (this.#playable.spanAt(ms)) return ms;
    const gap = this.#playable.gapAt(ms) ?? { from: ms, cause: null }, next = this.#playable.spanAfter(ms);
    if (next && next.from - ms > SECOND) emit(this, "gap", { gap: { ...gap, to: next.from } });
    return next ? next.from : null;
  }

  /* Resolves to false if another show() has begun meanwhile, which then is the one to change anything. */
  async #load(at, turn) {
    if (this.#covers(this.#front, at)) {
      await this.#front.seek(at);
      return turn === this.#turn;
    }
    this.#next = null;
    if (this.#covers(this.#back, at)) await this.#back.seek(at);
    else await this.#back.load(this.#clipAt(at), at);
    if (turn !== this.#turn) return false;
    this.#swap();
    return true;
  }

  /* Whether that video has a clip of this time that goes no further than it should. */
  #covers(video, at) {
    return video.loaded && video.covers(at, this.#clipSpeed) && video.clip.to <= this.#playable.spanAt(at)?.to;
  }

  #swap() {
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#front.setFront(true);
    this.#back.setFront(false);
    this.#back.clear();
    this.#next = null;
  }

  /* The speed of the clips themselves: above 1 they are timelapses. */
  get #clipSpeed() {
    return this.speed > FASTEST_DECODED ? this.speed : 1;
  }

  /*
   * The clip that contains `ms`, a time within a span. At its end it begins earlier: no frame may begin in the rest of
   * the last second.
   */
  #clipAt(ms) {
    const span = this.#playable.spanAt(ms), speed = this.#clipSpeed;
    const from = Math.max(floor(Math.min(ms, span.to - SECOND)), span.from);
    const length = (span.memory ? MEMORY_CLIP_MS : CLIP_MS) * Math.max(speed, Math.min(this.speed, FASTEST_DECODED));
    const to = Math.min(span.to, floor(from + length));
    return { from, to, speed, url: footagePath(this.#playable.camera, from, to, speed) };
  }

  #run() {
    this.#stopWatching();
    emit(this, "picture");
    if (!this.playing) return this.#settle();
    this.#front.video.playbackRate = this.speed > FASTEST_DECODED ? 1 : this.speed;
    this.#timer = setInterval(() => this.#watch(), RETRY_MS);
    return this.#front.play().catch((error) => error.name === "AbortError" || this.#fail(error));
  }

  /* Looks after a clip that plays. */
  #watch() {
    if (this.#front.isStarved()) this.#waitForData();
    else this.#dataArrived();
    this.#prepare();
  }

  #waitForData() {
    if (this.#starved?.aborted) return this.#lose();
    if (this.#starved) return;
    this.#starved = AbortSignal.timeout(STARVED_LIMIT_MS);
    emit(this, "loading", { since: performance.now() });
  }

  #dataArrived() {
    if (!this.#starved) return;
    this.#starved = null;
    emit(this, "loading", { since: null });
  }

  #stopWatching() {
    clearInterval(this.#timer);
    this.#dataArrived();
  }

  async #settle() {
    const turn = this.#turn;
    try {
      await this.#front.settle();
    } catch (problem) {
      emit(this, "failed", { problem });
    }
    if (turn === this.#turn && !this.playing) emit(this, "picture");
  }

  /* Where the clip after the front one begins, or null if there is none yet. */
  #nextStart() {
    const { to } = this.#front.clip;
    const span = this.#playable.spanAt(to) ?? this.#playable.spanAfter(to - 1);
    if (!span) return null;
    const at = Math.max(to, span.from);
    return at < span.to - LEAST_MS || this.#playable.spanAfter(at) ? at : null;
  }

  /* Loads the next clip shortly before the front one ends. */
  #prepare() {
    if (this.#next || this.#target !== null || !this.#front.clip || this.#front.remaining > AHEAD_MS) return;
    const at = this.#nextStart();
    if (at === null || (this.#front.remaining > SECOND && this.#playable.end - at < 3 * SECOND)) return;
    this.#next = this.#back.load(this.#clipAt(at), at).then((loaded) => (loaded ? at : null), (problem) => {
      this.#next = null;
      throw problem;
    });
    this.#next.catch(() => {});
  }

  /* Goes on with the next clip after `video` has ended. */
  async #continue(video) {
    if (video !== this.#front.video || !this.playing || !this.active) return;
    if (this.#front.remaining > LEAST_MS) return this.#lose(); // Firefox takes a connection that breaks for the end
    const turn = this.#turn, from = this.#front.clip.to;
    this.#prepare();
    const at = this.#next ? await this.#next.catch(() => null) : null;
    if (turn !== this.#turn) return;
    if (at === null) return this.#awaitMore(from);
    if (at - from > SECOND) emit(this, "gap", { gap: { ...this.#playable.gapAt(from), from, to: at } });
    this.#swap();
    this.#run();
  }

  /*
   * At the end of what is indexed: close to now live takes over; otherwise the encoder is late, and this waits for it.
   */
  #awaitMore(from, since = performance.now()) {
    const at = this.#nextStart(), turn = this.#turn;
    if (at !== null) return this.show(at, true);
    if (this.#playable.lag(from) < LIVE_MS + SECOND) return emit(this, "caughtup");
    emit(this, "loading", { since });
    return setTimeout(() => turn === this.#turn && this.playing && this.#awaitMore(from, since), RETRY_MS);
  }

  play() {
    this.playing = true;
    emit(this, "playing");
    if (!this.active || this.#target !== null) return undefined;
    if (this.#front.lost || !this.#front.clip) return this.at === null ? undefined : this.show(this.at, true);
    return this.#front.ended ? this.#continue(this.#front.video) : this.#run();
  }

  pause() {
    this.playing = false;
    emit(this, "playing");
    emit(this, "loading", { since: null });
    if (this.active && this.#target === null && this.#front.clip) this.#run();
  }

  setSpeed(speed) {
    const { at } = this, before = this.#clipSpeed;
    this.speed = speed;
    if (!this.active || at === null) return;
    if (before !== this.#clipSpeed) this.show(at, this.playing);
    else if (this.#target === null && this.#front.clip && !this.#front.ended && !this.#front.lost) this.#run();
  }

  /* Moves by one frame, forward or back, across the borders of clips and gaps. */
  async step(frames) {
    if (!this.active || this.#target !== null || !this.#front.clip) return;
    if (this.playing) this.pause();
    if (this.#front.lost) await this.show(this.at, false);
    if (this.#clipSpeed !== 1) {
      this.speed = 1;
      emit(this, "slowed");
      await this.show(this.#front.at, false);
    }
    const { clip } = this.#front;
    try {
      if (await this.#front.step(frames)) return emit(this, "picture");
      const at = frames > 0 ? this.#nextStart() : this.#lastFrameBefore(clip.start);
      if (at !== null) await this.show(at, false);
    } catch (problem) {
      emit(this, "failed", { problem });
    }
  }

  /* Pauses on the last frame before a time. */
  pauseBefore(ms) {
    const at = this.#lastFrameBefore(ms);
    return at === null ? this.pause() : this.show(at, false);
  }

  #lastFrameBefore(ms) {
    const span = this.#playable.spanAt(ms - 1) ?? this.#playable.spanBefore(ms);
    return span ? Math.min(ms, span.to) - 1 : null;
  }

  stop() {
    this.#turn++;
    this.active = this.playing = false;
    this.#target = this.#failed = null;
    this.#next = null;
    this.#stopWatching();
    this.#front.clear();
    this.#back.clear();
    emit(this, "loading", { since: null });
  }
}
