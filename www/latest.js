/* latest.js - work that is asked for faster than it can be done. */

/* Does one job at a time. Of those that come meanwhile only the newest is done: newer ones replace it. */
export class Latest {
  #busy = null; // AbortController of the job that runs
  #waiting = null;

  /* job(signal) resolves once it is done; it deals with its own failures. */
  run(job) {
    this.#waiting = job;
    this.#next();
  }

  /* Ends the job that runs, and forgets the one that waits. */
  abort() {
    this.#waiting = null;
    this.#busy?.abort();
    this.#busy = null;
  }

  async #next() {
    if (this.#busy || !this.#waiting) return;
    const job = this.#waiting, busy = new AbortController();
    this.#waiting = null;
    this.#busy = busy;
    await job(busy.signal).catch(() => {});
    if (this.#busy !== busy) return;
    this.#busy = null;
    this.#next();
  }
}
