/*
 * thumbnails.js - small pictures for a list, of which those that are visible are fetched, two at a time.
 *
 * The recorder makes one picture after the other, and its queue is short. So what has left the window is not asked for
 * any more, and an answer that says "later" is taken at its word.
 */
import { request } from "./api.js";

const AT_ONCE = 2, KEPT = 300, LATER_MS = 2000, NEAR = "300px";
const NEVER = [400, 403, 404, 410]; // statuses that the same request has the next time, too

export class Thumbnails {
  #urls = new Map(); // address -> URL of the picture, or null: there is none
  #wanted = new Map(); // node -> {address, show}: not fetched yet
  #visible = new Set(); // nodes
  #busy = 0;
  #observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: NEAR });

  /* show(url) is called once the node has been near the window and its picture is there; null: there is none. */
  add(node, address, show) {
    this.#wanted.set(node, { address, show });
    this.#observer.observe(node);
  }

  remove(node) {
    this.#wanted.delete(node);
    this.#visible.delete(node);
    this.#observer.unobserve(node);
  }

  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
    this.#next();
  }

  #next() {
    for (const [node, wanted] of this.#wanted) {
      if (!this.#visible.has(node)) continue;
      if (this.#urls.has(wanted.address)) this.#show(node, wanted);
      else if (this.#busy < AT_ONCE) this.#fetch(node, wanted);
    }
  }

  #show(node, { address, show }) {
    this.#wanted.delete(node);
    this.#observer.unobserve(node);
    show(this.#urls.get(address));
  }

  async #fetch(node, wanted) {
    this.#wanted.delete(node);
    this.#busy++;
    try {
      const answer = await request(wanted.address);
      this.#keep(wanted.address, URL.createObjectURL(await answer.blob()));
    } catch (problem) {
      if (NEVER.includes(problem.status)) this.#keep(wanted.address, null);
      else await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    }
    this.#busy--;
    if (this.#visible.has(node)) this.#wanted.set(node, wanted);
    else if (node.isConnected) this.add(node, wanted.address, wanted.show);
    this.#next();
  }

  #keep(address, url) {
    this.#urls.set(address, url);
    for (const [oldest, old] of this.#urls) {
      if (this.#urls.size <= KEPT) return;
      if (old) URL.revokeObjectURL(old);
      this.#urls.delete(oldest);
    }
  }
}
