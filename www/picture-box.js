/*
 * picture-box.js - where on the screen the picture is: between the black bars beside or above it. Shares of the picture
 * are what the API calls an area.
 */
import { find } from "./dom.js";

/* Width and height of what is shown, or null. */
function pictureSize() {
  const live = find("live"), video = document.querySelector("video.front");
  const [width, height] = !live.hidden && live.width ? [live.width, live.height]
    : [video?.videoWidth ?? 0, video?.videoHeight ?? 0];
  return width && height ? { width, height } : null;
}

/* {left, top, width, height} of a picture of that size as large as fits into that room, in the middle of it. */
export function fitPicture(size, room) {
  const scale = Math.min(room.width / size.width, room.height / size.height);
  const width = size.width * scale, height = size.height * scale;
  return { left: (room.width - width) / 2, top: (room.height - height) / 2, width, height };
}

/* An element that always covers just the picture. Its children's percentages are shares of the picture. */
export class PictureBox {
  #node;
  #drawn = "";
  #size = { width: 16, height: 9 };

  constructor(node) {
    this.#node = node;
  }

  /* To be called several times a second. */
  tick() {
    this.#size = pictureSize() ?? this.#size;
    const { clientWidth: width, clientHeight: height } = this.#node.parentElement;
    const { width: w, height: h } = this.#size, drawn = [w, h, width, height].join();
    if (drawn === this.#drawn || !width) return;
    this.#drawn = drawn;
    for (const [name, value] of Object.entries(fitPicture(this.#size, { width, height }))) {
      this.#node.style[name] = `${value}px`;
    }
  }

  /* The share of the picture that is at a point of the page, {x, y}, each from 0 to 1. */
  shareAt({ clientX, clientY }) {
    const { left, top, width, height } = this.#node.getBoundingClientRect();
    const limit = (share) => Math.min(1, Math.max(0, share));
    return { x: limit((clientX - left) / width), y: limit((clientY - top) / height) };
  }
}
