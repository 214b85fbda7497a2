/*
 * line-rate.js - how many small pictures per second a stream is asked for: at most so many, fewer if the line does not
 * carry them, and after a while more again.
 *
 * Pictures that the line does not carry come later and later. The clocks of the recorder and of this computer may
 * differ, so a picture is compared with the one of its stream that came soonest.
 */
const LATE_MS = 500, LATE_FOR_MS = 3000, FASTER_AFTER_MS = 30000;
const KEPT = 0.7; // of the rate at which pictures came

export class LineRate {
  #most;
  #since; // when the stream began
  #soonest; // milliseconds from capture to arrival, by both clocks
  #captured; // of the last picture
  #lateSince;
  #pictures;

  constructor(most) {
    this.fps = this.#most = most;
    this.begin(0);
  }

  /* A stream with `fps` begins. Times are in milliseconds; those of arrival are by a clock that nobody sets. */
  begin(now) {
    this.#since = now;
    this.#soonest = Infinity;
    this.#captured = this.#lateSince = null;
    this.#pictures = 0;
  }

  /* A picture has come. True if `fps` has changed: another stream is due. */
  take(captured, now) {
    if (captured === null || captured === this.#captured) return false; // repeated: the camera gives none
    this.#captured = captured;
    this.#pictures++;
    this.#soonest = Math.min(this.#soonest, now - captured);
    const late = now - captured - this.#soonest > LATE_MS, before = this.fps;
    this.#lateSince = late ? this.#lateSince ?? now : null;
    if (late && now - this.#lateSince > LATE_FOR_MS) this.fps = this.#slower(now);
    else if (!late && now - this.#since > FASTER_AFTER_MS) this.fps = Math.min(this.fps * 2, this.#most);
    return this.fps !== before;
  }

  #slower(now) {
    const rate = this.#pictures * 1000 / (now - this.#since);
    return Math.max(1, Math.min(this.fps - 1, Math.floor(rate * KEPT)));
  }
}
