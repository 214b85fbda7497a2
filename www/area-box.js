/*
 * area-box.js - a rectangle on the picture that can be moved and resized: with handles, or with the arrow keys (with
 * Shift: its size). It snaps to nothing; the recorder takes the cells of which it covers a part.
 */
import { element, setText } from "./dom.js";
import { emit } from "./events.js";

const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const KEY_STEP = { x: 1 / 32, y: 1 / 18 }; // a cell
const LEAST = { x: 1 / 64, y: 1 / 36 }; // half a cell: a smaller one is hard to hold

const limit = (value, least, most) => Math.min(most, Math.max(least, value));

/* The rectangle between two points, in shares of the picture. */
export function areaBetween(a, b) {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/* At least so large that it can be handled, and inside the picture. */
export function fitArea({ x, y, width, height }) {
  const fitted = { width: limit(width, LEAST.x, 1), height: limit(height, LEAST.y, 1) };
  return { x: limit(x, 0, 1 - fitted.width), y: limit(y, 0, 1 - fitted.height), ...fitted };
}

export function moveArea(area, dx, dy) {
  return fitArea({ ...area, x: area.x + dx, y: area.y + dy });
}

/* edge: one of HANDLES; that edge or corner goes to `at`, and the opposite one stays. */
export function resizeArea(area, edge, at) {
  const right = area.x + area.width, bottom = area.y + area.height;
  const x = edge.includes("w") ? Math.min(at.x, right - LEAST.x) : area.x;
  const y = edge.includes("n") ? Math.min(at.y, bottom - LEAST.y) : area.y;
  const toX = edge.includes("e") ? Math.max(at.x, area.x + LEAST.x) : right;
  const toY = edge.includes("s") ? Math.max(at.y, area.y + LEAST.y) : bottom;
  return fitArea({ x, y, width: toX - x, height: toY - y });
}

/*
 * Events: "change" {area, final} while it is moved or resized and after that, "remove" by the Delete key, "leave" by
 * Escape.
 */
export class AreaBox extends EventTarget {
  #handles = HANDLES.map((edge) => element("b", { "data-edge": edge, "aria-hidden": "true" }));
  #label = element("span", { class: "area-label" });
  #shareAt;
  #drag = null; // {edge, from, area}
  area;

  /* shareAt(event): the share of the picture at a pointer. */
  constructor(kind, shareAt) {
    super();
    this.#shareAt = shareAt;
    this.node = element("div", { class: `area ${kind}`, role: "group", tabindex: "0" }, this.#label, ...this.#handles);
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) this.node.addEventListener(type, () => this.#up());
    this.node.addEventListener("keydown", (event) => this.#key(event));
  }

  show(area, label, description) {
    this.area = area;
    const percent = (share) => `${share * 100}%`;
    Object.assign(this.node.style, {
      left: percent(area.x), top: percent(area.y), width: percent(area.width), height: percent(area.height),
    });
    setText(this.#label, label);
    this.node.setAttribute("aria-label", description);
  }

  #down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.node.setPointerCapture(event.pointerId);
    this.node.focus({ preventScroll: true });
    this.#drag = { edge: event.target.dataset.edge ?? null, from: this.#shareAt(event), area: this.area, moved: false };
  }

  #move(event) {
    if (!this.#drag) return;
    const { edge, from, area } = this.#drag, at = this.#shareAt(event);
    this.#drag.moved = true;
    this.#change(edge ? resizeArea(area, edge, at) : moveArea(area, at.x - from.x, at.y - from.y), false);
  }

  #up() {
    const { moved } = this.#drag ?? {};
    this.#drag = null;
    if (moved) this.#change(this.area, true);
  }

  #change(area, final) {
    this.area = area;
    emit(this, "change", { area, final });
  }

  #key(event) {
    const { key, shiftKey } = event;
    const dx = ({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0) * KEY_STEP.x;
    const dy = ({ ArrowUp: -1, ArrowDown: 1 }[key] ?? 0) * KEY_STEP.y;
    if (dx || dy) {
      const { x, y, width, height } = this.area;
      const corner = { x: x + width + dx, y: y + height + dy };
      this.#change(shiftKey ? resizeArea(this.area, "se", corner) : moveArea(this.area, dx, dy), true);
    } else if (key === "Delete" || key === "Backspace") {
      emit(this, "remove");
    } else if (key === "Escape") {
      emit(this, "leave");
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
