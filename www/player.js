/*
 * player.js - plays the archive: pieces of at most a minute, one after the other, each a clip in one of two decks.
 *
 * While one deck plays, the other one makes the next piece ready, so segments, gaps and restarts pass without a stop: no piece
 * holds a gap, and the next one begins behind it. Up to FASTEST_DECODED the browser plays every frame faster; beyond that the
 * recorder sends key frames only, since decoding sixteen times the frames would be more than most machines can do.
 *
 * Events to the owner: picture(), playing(bool), waiting(ms or null: since when), gap(gap), nothing(ms: from there on), caughtUp(),
 * slowed() to speed 1, failed(problem).
 */
import { footagePath } from "./api.js";
import { Deck } from "./clip-video.js";
import { SECOND } from "./time.js";

const PIECE_MS = 60 * SECOND, MEMORY_PIECE_MS = 20 * SECOND;
const AHEAD_MS = 10 * SECOND; // of playing: when the next piece is made ready
const LEAST_MS = 0.5 * SECOND; // a piece at the growing end is worth its request
const LIVE_MS = 2 * SECOND; // nearer to now than that, live is the better picture
const RETRY_MS = 250;
const FASTEST_DECODED = 4;

const floor = (ms) => Math.floor(ms / SECOND) * SECOND;

export class Player {
  speed = 1;
  playing = false;
  active = false;
  #source;
  #owner;
  #front;
  #back;
  #next = null; // promise of the back deck's piece
  #turn = 0; // each show() ends what went before
  #wanted = null; // where a show() is on its way to
  #timer = 0;

  /* source: {camera, spanAt, spanAfter, spanBefore, gapAt, edge(), behind(ms)}, see playable.js. */
  constructor(videos, source, owner) {
    [this.#front, this.#back] = videos.map((video) => new Deck(video));
    this.#source = source;
    this.#owner = owner;
    for (const video of videos) video.onended = () => this.#goOn(video);
  }

  /* The wall time of the picture, or of the one that is being fetched. */
  get at() {
    if (this.#wanted !== null) return this.#wanted;
    return this.#front.piece ? this.#front.at : null;
  }

  get shows() {
    return this.active && this.#front.loaded;
  }

  get video() {
    return this.#front.video;
  }

  get source() {
    return this.#front.piece?.source ?? "";
  }

  /* Goes to a point in time; in a gap to what comes behind it. */
  async show(ms, play) {
    const turn = ++this.#turn;
    this.active = true;
    this.playing = play;
    const at = this.#landing(ms);
    this.#owner.playing(play);
    if (at === null) return this.#nothingFrom(ms);
    this.#wanted = at;
    this.#front.video.pause();
    this.#owner.waiting(performance.now());
    try {
      if (!await this.#bring(at, turn)) return;
      this.#wanted = null;
      this.#run();
    } catch (problem) {
      if (turn === this.#turn) this.#fail(problem);
    }
    if (turn === this.#turn) this.#owner.waiting(null);
  }

  #fail(problem) {
    this.#wanted = null;
    this.playing = false;
    this.#owner.playing(false);
    this.#owner.failed(problem);
  }

  #nothingFrom(ms) {
    this.playing = false;
    this.#owner.nothing(ms);
  }

  /* Where a wish for `ms` ends up: there, behind the gap (or before the first recording), or null at the end of everything. */
  #landing(ms) {
    if (this.#source.spanAt(ms)) return ms;
    const gap = this.#source.gapAt(ms) ?? { from: ms, cause: null }, next = this.#source.spanAfter(ms);
    if (next && next.from - ms > SECOND) this.#owner.gap({ ...gap, to: next.from });
    return next ? next.from : null;
  }

  /* False where another wish has come meanwhile: then it is that one's turn to change anything. */
  async #bring(at, turn) {
    if (this.#front.loaded && this.#front.covers(at, this.#lapse)) {
      await this.#front.seek(at);
      return turn === this.#turn;
    }
    this.#next = null;
    if (this.#back.loaded && this.#back.covers(at, this.#lapse)) await this.#back.seek(at);
    else await this.#back.load(this.#pieceFor(at), at);
    if (turn !== this.#turn) return false;
    this.#swap();
    return true;
  }

  #swap() {
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#front.setFront(true);
    this.#back.setFront(false);
    this.#back.clear();
    this.#next = null;
  }

  get #lapse() {
    return this.speed > FASTEST_DECODED ? this.speed : 1;
  }

  /* The piece that holds `ms`, which lies in a span. */
  #pieceFor(ms) {
    const span = this.#source.spanAt(ms), speed = this.#lapse;
    const from = Math.max(floor(ms), span.from);
    const length = (span.memory ? MEMORY_PIECE_MS : PIECE_MS) * Math.max(speed, Math.min(this.speed, FASTEST_DECODED));
    const to = Math.min(span.to, floor(from + length));
    return { from, to, speed, url: footagePath(this.#source.camera, from, to, speed) };
  }

  #run() {
    clearInterval(this.#timer);
    this.#owner.picture();
    if (!this.playing) return this.#settle();
    this.#front.video.playbackRate = this.speed > FASTEST_DECODED ? 1 : this.speed;
    this.#timer = setInterval(() => this.#prepare(), 250);
    return this.#front.play().catch((error) => error.name === "AbortError" || this.#fail(error));
  }

  async #settle() {
    const turn = this.#turn;
    try {
      await this.#front.settle();
    } catch (problem) {
      this.#owner.failed(problem);
    }
    if (turn === this.#turn && !this.playing) this.#owner.picture();
  }

  /* What comes behind the front piece: a point in time, or null where there is nothing yet. */
  #following() {
    const { to } = this.#front.piece;
    const span = this.#source.spanAt(to) ?? this.#source.spanAfter(to - 1);
    if (!span) return null;
    const at = Math.max(to, span.from);
    return at < span.to - LEAST_MS || this.#source.spanAfter(at) ? at : null;
  }

  /* Makes the next piece ready in time. */
  #prepare() {
    if (this.#next || this.#wanted !== null || !this.#front.piece || this.#front.left > AHEAD_MS) return;
    const at = this.#following();
    if (at === null || (this.#front.left > SECOND && this.#source.edge() - at < 3 * SECOND)) return;
    this.#next = this.#back.load(this.#pieceFor(at), at).then((done) => (done ? at : null), (problem) => {
      this.#next = null;
      throw problem;
    });
    this.#next.catch(() => {});
  }

  async #goOn(video) {
    if (video !== this.#front.video || !this.playing || !this.active) return;
    const turn = this.#turn, from = this.#front.piece.to;
    this.#prepare();
    const at = this.#next ? await this.#next.catch(() => null) : null;
    if (turn !== this.#turn) return;
    if (at === null) return this.#waitOrLive(from);
    if (at - from > SECOND) this.#owner.gap({ ...this.#source.gapAt(from), from, to: at });
    this.#swap();
    this.#run();
  }

  /* At the end of what is indexed: near enough to now that is live, else the recorder's encoder is late, and is waited for. */
  #waitOrLive(from, since = performance.now()) {
    const at = this.#following(), turn = this.#turn;
    if (at !== null) return this.show(at, true);
    if (this.#source.behind(from) < LIVE_MS + SECOND) return this.#owner.caughtUp();
    this.#owner.waiting(since);
    return setTimeout(() => turn === this.#turn && this.playing && this.#waitOrLive(from, since), RETRY_MS);
  }

  play() {
    if (!this.active || this.#wanted !== null) {
      this.playing = true;
      return this.#owner.playing(true);
    }
    this.playing = true;
    this.#owner.playing(true);
    return this.#front.ended ? this.#goOn(this.#front.video) : this.#run();
  }

  pause() {
    this.playing = false;
    this.#owner.playing(false);
    this.#owner.waiting(null);
    if (this.active && this.#wanted === null && this.#front.piece) this.#run();
  }

  setSpeed(speed) {
    const at = this.at, before = this.#lapse;
    this.speed = speed;
    if (!this.active || at === null) return;
    if (before !== this.#lapse) this.show(at, this.playing);
    else if (this.#wanted === null && !this.#front.ended) this.#run(); // else the next piece begins at that speed
  }

  /* One frame on or back, over the borders of pieces and gaps. */
  async step(frames) {
    if (!this.active || this.#wanted !== null || !this.#front.piece) return;
    if (this.playing) this.pause();
    if (this.#lapse !== 1) {
      this.speed = 1;
      this.#owner.slowed();
      await this.show(this.#front.at, false);
    }
    const { piece } = this.#front;
    try {
      if (await this.#front.step(frames)) return this.#owner.picture();
      const at = frames > 0 ? this.#following() : this.#before(piece.start);
      if (at !== null) await this.show(at, false);
    } catch (problem) {
      this.#owner.failed(problem);
    }
  }

  /* Stands still on the last frame before a point in time. */
  standBefore(ms) {
    const at = this.#before(ms);
    return at === null ? this.pause() : this.show(at, false);
  }

  #before(start) {
    const span = this.#source.spanAt(start - 1) ?? this.#source.spanBefore(start);
    return span ? Math.min(start, span.to) - 1 : null;
  }

  stop() {
    this.#turn++;
    this.active = this.playing = false;
    this.#wanted = null;
    this.#next = null;
    clearInterval(this.#timer);
    this.#front.clear();
    this.#back.clear();
    this.#owner.waiting(null);
  }
}
