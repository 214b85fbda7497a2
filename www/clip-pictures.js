/*
 * clip-pictures.js - the first picture of each kept clip, beside it in the list. The browser takes it from the clip
 * itself: the footage may be long gone from the archive. It is made for one clip after the other, once its row is seen.
 */

const WIDTH = 128, PATIENCE_MS = 10000;

/* Resolves to a canvas with the clip's first picture, or to null. */
async function firstPicture(url) {
  const video = document.createElement("video"), canvas = document.createElement("canvas");
  Object.assign(video, { muted: true, preload: "auto", playsInline: true });
  const loaded = new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve, { once: true });
    video.addEventListener("error", reject, { once: true });
    setTimeout(reject, PATIENCE_MS);
  });
  video.src = url;
  try {
    await loaded;
    canvas.width = WIDTH;
    canvas.height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas;
  } catch {
    return null;
  } finally {
    video.removeAttribute("src");
    video.load();
  }
}

export class ClipPictures {
  #made = new Map(); // key -> canvas, or null: there is none
  #wanted = new Map(); // node -> {url, key}
  #seen = new Set(); // nodes
  #busy = false;
  #observer = new IntersectionObserver((entries) => this.#moved(entries));

  /* key: what the clip's content depends on. */
  add(node, url, key) {
    this.#wanted.set(node, { url, key });
    this.#observer.observe(node);
  }

  clear() {
    this.#observer.disconnect();
    this.#wanted.clear();
    this.#seen.clear();
  }

  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    this.#next();
  }

  async #next() {
    if (this.#busy) return;
    const [node, wanted] = [...this.#wanted].find(([one]) => this.#seen.has(one)) ?? [];
    if (!node) return;
    this.#busy = true;
    this.#wanted.delete(node);
    if (!this.#made.has(wanted.key)) this.#made.set(wanted.key, await firstPicture(wanted.url));
    const canvas = this.#made.get(wanted.key);
    if (canvas) node.replaceChildren(canvas);
    this.#busy = false;
    this.#next();
  }
}
