/*
 * picture-zoom.js - looking closer at the picture, live or recorded: the wheel, two fingers, a double tap and keys
 * enlarge it around a point; a drag moves it while it is enlarged.
 *
 * The picture is moved and scaled by the compositor (style properties --zoom, --pan-x, --pan-y). Its areas go along.
 */
import { find, setText } from "./dom.js";

const MOST = 10, STEP = 1.5, TAP_ZOOM = 2.5, WHEEL = 0.002, LINE_PX = 33;
const DRAG_PX = 6, DOUBLE_TAP_MS = 280, DOUBLE_TAP_PX = 40;
const PAN_SHARE = 0.15; // of the picture, by an arrow key

const limit = (value, least, most) => Math.min(most, Math.max(least, value));

/*
 * The view after zooming by `factor` around a point of the frame, {x, y} in pixels; the frame is {width, height}. A
 * view is {scale, x, y}: what was at (px, py) is now at (scale * px + x, scale * py + y). It always fills the frame.
 */
export function zoomedBy(view, factor, point, frame) {
  const scale = limit(view.scale * factor, 1, MOST), by = scale / view.scale;
  return fitted({ scale, x: point.x - by * (point.x - view.x), y: point.y - by * (point.y - view.y) }, frame);
}

export function fitted({ scale, x, y }, { width, height }) {
  return { scale, x: limit(x, width * (1 - scale), 0), y: limit(y, height * (1 - scale), 0) };
}

export class PictureZoom {
  #screen = find("screen");
  #view = { scale: 1, x: 0, y: 0 };
  #pointers = new Map(); // id -> {x, y} of what touches the picture
  #moved = false; // the press that goes on is a drag
  #touched = false; // the last press was a finger's
  #tap = null; // {timer, x, y}: a tap that may be the first of two
  #passed = false; // a click of this file's own
  #frame = null; // size of the screen when it was last drawn

  constructor() {
    const screen = this.#screen, first = { capture: true };
    screen.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    screen.addEventListener("pointerdown", (event) => this.#down(event), first);
    screen.addEventListener("pointermove", (event) => this.#move(event), first);
    for (const type of ["pointerup", "pointercancel"]) screen.addEventListener(type, (event) => this.#up(event), first);
    screen.addEventListener("click", (event) => this.#click(event), first);
    find("picture").addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resized()).observe(screen);
  }

  get zoomed() {
    return this.#view.scale > 1;
  }

  /* By a key or a button: around the middle. */
  step(inwards) {
    const { width, height } = this.#size;
    if (find("picture").hidden) return; // all cameras are shown
    this.#zoom(inwards ? STEP : 1 / STEP, { x: width / 2, y: height / 2 });
    if (this.zoomed) find("picture").focus({ preventScroll: true });
  }

  /* Returns whether the picture was enlarged. */
  reset() {
    const { zoomed } = this;
    this.#show({ scale: 1, x: 0, y: 0 });
    return zoomed;
  }

  get #size() {
    return { width: this.#screen.clientWidth, height: this.#screen.clientHeight };
  }

  #pointOf({ clientX, clientY }) {
    const { left, top } = this.#screen.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #zoom(factor, point) {
    this.#show(zoomedBy(this.#view, factor, point, this.#size));
  }

  #pan(x, y) {
    this.#show(fitted({ ...this.#view, x: this.#view.x + x, y: this.#view.y + y }, this.#size));
  }

  #show(view) {
    this.#view = view;
    this.#frame = this.#size;
    this.#screen.classList.toggle("zoomed", view.scale > 1);
    for (const [name, value] of [["zoom", view.scale], ["pan-x", `${view.x}px`], ["pan-y", `${view.y}px`]]) {
      this.#screen.style.setProperty(`--${name}`, value);
    }
    find("zoom-reset").hidden = view.scale === 1;
    setText(find("zoom-reset"), `${view.scale.toFixed(1)}×`);
  }

  /* What was in the middle stays there. */
  #resized() {
    const { width, height } = this.#size, before = this.#frame;
    if (!this.zoomed || !before?.width || !width) return;
    const { scale, x, y } = this.#view;
    this.#show(fitted({ scale, x: x * width / before.width, y: y * height / before.height }, this.#size));
  }

  /* Over the picture itself, and not while all cameras are shown. */
  #isPicture(target) {
    return find("picture").contains(target) || find("areas").contains(target);
  }

  #wheel(event) {
    if (!this.#isPicture(event.target) || (!this.zoomed && event.deltaY > 0)) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode ? LINE_PX : 1) * (event.ctrlKey ? 4 : 1);
    this.#zoom(Math.exp(-pixels * WHEEL), this.#pointOf(event));
  }

  /* --- presses: one moves what is enlarged, two enlarge --- */

  get #drawing() {
    return this.#screen.classList.contains("drawing");
  }

  #down(event) {
    this.#touched = event.pointerType === "touch";
    const own = this.#isPicture(event.target) && !event.target.closest(".area");
    if (!own || this.#drawing || event.button !== 0 || (!this.#touched && !this.zoomed)) return;
    this.#pointers.set(event.pointerId, this.#pointOf(event));
    this.#moved &&= this.#pointers.size > 1;
    if (this.#pointers.size === 2) this.#moved = true;
    if (this.#moved || this.zoomed) event.stopImmediatePropagation();
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId), now = this.#pointOf(event);
    if (!before) return;
    const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (other) this.#pinch(before, now, other);
    else if (!this.zoomed || (!this.#moved && Math.hypot(now.x - before.x, now.y - before.y) < DRAG_PX)) return;
    else this.#drag(event, before, now);
    this.#pointers.set(event.pointerId, now);
    event.stopImmediatePropagation();
  }

  #drag(event, before, now) {
    if (!this.#moved) this.#screen.setPointerCapture(event.pointerId);
    this.#moved = true;
    this.#pan(now.x - before.x, now.y - before.y);
  }

  #pinch(before, now, other) {
    const distance = (one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    this.#pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.#zoom(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pointers.size || !this.#moved) return;
    setTimeout(() => (this.#moved = false)); // its click comes first, if it comes
  }

  /* --- taps --- */

  /* A click plays or pauses, unless it ends a drag; that of a finger waits for a second one, which enlarges. */
  #click(event) {
    if (this.#passed || !find("picture").contains(event.target)) return;
    if (this.#moved) return event.stopImmediatePropagation();
    if (!this.#touched || this.#drawing) return undefined;
    event.stopImmediatePropagation();
    const point = this.#pointOf(event), first = this.#tap;
    clearTimeout(first?.timer);
    this.#tap = null;
    if (first && Math.hypot(point.x - first.x, point.y - first.y) < DOUBLE_TAP_PX) {
      return this.zoomed ? this.reset() : this.#zoom(TAP_ZOOM, point);
    }
    this.#tap = { timer: setTimeout(() => this.#pass(event.target), DOUBLE_TAP_MS), ...point };
    return undefined;
  }

  #pass(target) {
    this.#tap = null;
    this.#passed = true;
    target.click();
    this.#passed = false;
  }

  /* While the picture has the focus and is enlarged, the arrow keys move it. */
  #key(event) {
    const { width, height } = this.#size;
    const [x, y] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (x === undefined || !this.zoomed || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#pan(x * width * PAN_SHARE, y * height * PAN_SHARE);
  }
}
