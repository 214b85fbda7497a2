/*
 * grid.js - all cameras at once. A browser opens six connections to a host: STREAMS of them carry live pictures, so
 * that two are left for everything else. The other cameras show a picture every STILL_MS.
 */
import { request, snapshotPath } from "./api.js";
import { element, setText } from "./dom.js";
import { emit } from "./events.js";
import { Live } from "./live.js";

const STREAMS = 4, STILL_MS = 2000, TILE_FPS = 10, STILL_WIDTH = 480;
const SHAPE = 16 / 9, GAP_PX = 6;

/* {columns, width} of the largest tiles that all fit. */
export function fitTiles(count, roomWidth, roomHeight) {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const fitsWidth = (roomWidth - (columns - 1) * GAP_PX) / columns;
    const fitsHeight = (roomHeight - (rows - 1) * GAP_PX) / rows * SHAPE;
    const width = Math.floor(Math.min(fitsWidth, fitsHeight));
    if (width > best.width) best = { columns, width };
  }
  return best;
}

class Tile {
  #picture = element("img", { alt: "" });
  #state = element("span", { class: "tile-state" });
  #live = null;
  #timer = 0;
  #url = null;

  constructor(name, streams) {
    const caption = element("span", { class: "tile-caption" }, element("strong", {}, name), this.#state);
    const properties = { class: "tile", type: "button", "aria-label": `Camera ${name}` };
    this.name = name;
    this.node = element("button", properties, this.#picture, caption);
    if (streams) this.#live = new Live(this.#picture, name, TILE_FPS);
    else this.#pollStill();
    this.#live?.start();
  }

  async #pollStill() {
    try {
      const answer = await request(snapshotPath(this.name, null, STILL_WIDTH), { limit: 5000 });
      const before = this.#url;
      this.#url = URL.createObjectURL(await answer.blob());
      this.#picture.src = this.#url;
      if (before) URL.revokeObjectURL(before);
    } catch {
      // The caption shows the state of the camera, which is the reason.
    }
    this.#timer = setTimeout(() => this.#pollStill(), STILL_MS);
  }

  follow(status) {
    this.#live?.follow(status);
    this.node.classList.toggle("off", !status.live);
    setText(this.#state, status.live ? `${status.info.measured_fps.toFixed(0)} fps` : status.title);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#live?.stop();
    if (this.#url) URL.revokeObjectURL(this.#url);
  }
}

/* Event: "choose" {name} when a tile is pressed. */
export class Grid extends EventTarget {
  #tiles = [];
  #node;
  #observer = new ResizeObserver(() => this.#fit());

  constructor(node, names) {
    super();
    this.#node = node;
    this.#tiles = names.map((name, number) => new Tile(name, number < STREAMS));
    for (const { name, node: button } of this.#tiles) {
      button.addEventListener("click", () => emit(this, "choose", { name }));
    }
    node.replaceChildren(...this.#tiles.map((tile) => tile.node));
    this.#observer.observe(node);
  }

  /* If the page is too small for all tiles, the style sheet lets it scroll. */
  #fit() {
    const { columns, width } = fitTiles(this.#tiles.length, this.#node.clientWidth, this.#node.clientHeight);
    this.#node.style.setProperty("--columns", columns);
    this.#node.style.setProperty("--tile", `${width}px`);
  }

  follow(camera) {
    this.#tiles.find((tile) => tile.name === camera.name)?.follow(camera.status);
  }

  stop() {
    this.#observer.disconnect();
    for (const tile of this.#tiles) tile.stop();
  }
}
