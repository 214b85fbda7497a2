/*
 * video-line.js - whether a line carries the live video, and what is asked for if it does not.
 *
 * What a line does not carry waits on the way, where the recorder cannot see it, and the picture gets older and older.
 * A new request begins with the newest key frame and drops what waits. If that happens twice in a short time, key frames
 * only are asked for, and after a while every frame again.
 */
const LATE_S = 0.8, LATE_FOR_MS = 2000; // later than the frame of its stream that came soonest
const AGAIN_MS = 20000; // two streams that are late so close together: the line does not carry the video
const PATIENCE_MS = 30000, PATIENCE_MAX_MS = 480000; // with key frames only

export class VideoLine {
  keyframes = false; // what to ask for: key frames only
  #began = 0;
  #soonest; // seconds, by both clocks
  #lateSince; // null: the newest frame was not late
  #renewed = -Infinity; // when a stream was late last
  #patience = PATIENCE_MS;

  /* A stream begins, with what `keyframes` says. Times are in milliseconds by a clock that nobody sets. */
  begin(now) {
    this.#began = now;
    this.#soonest = Infinity;
    this.#lateSince = null;
  }

  /* A frame has come; `time`: where it is in the video, in seconds. True if another stream is due. */
  take(time, now) {
    const delay = now / 1000 - time;
    this.#soonest = Math.min(this.#soonest, delay);
    if (this.keyframes) return this.#triesAll(now);
    this.#lateSince = delay - this.#soonest < LATE_S ? null : this.#lateSince ?? now;
    if (this.#lateSince === null || now - this.#lateSince < LATE_FOR_MS) return false;
    this.#renew(now);
    return true;
  }

  #renew(now) {
    if (now - this.#renewed < AGAIN_MS) {
      this.keyframes = true;
      this.#patience = Math.min(2 * this.#patience, PATIENCE_MAX_MS);
    } else if (now - this.#began > PATIENCE_MAX_MS) {
      this.#patience = PATIENCE_MS;
    }
    this.#renewed = now;
  }

  #triesAll(now) {
    if (now - this.#began < this.#patience) return false;
    this.keyframes = false;
    return true;
  }
}
