/* grid.js - all cameras at once. */
import { isRemote } from "./camera.js";
import { element, setText } from "./dom.js";
import { emit } from "./events.js";
import { Live } from "./live.js";

const TILE_FPS = 10;
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
  #state = element("span", { class: "tile-state" });
  #live;

  constructor(name) {
    const picture = element("canvas", { width: 0, height: 0 });
    const caption = element("span", { class: "tile-caption" }, element("strong", {}, name), this.#state);
    const properties = { class: "tile", type: "button", "aria-label": `Camera ${name}` };
    this.name = name;
    this.node = element("button", properties, picture, caption);
    this.#live = new Live(picture, name, TILE_FPS);
    this.#live.start();
  }

  follow(status) {
    if (isRemote(status)) this.#live.stop();
    this.node.classList.toggle("off", !status.live);
    setText(this.#state, status.live ? `${status.info.measured_fps.toFixed(0)} fps` : status.title);
  }

  stop() {
    this.#live.stop();
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
    this.#tiles = names.map((name) => new Tile(name));
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
