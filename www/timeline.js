/*
 * timeline.js - the time line under the hand: wheel and pinch zoom around the pointer, a drag pans, a click goes there, and a drag in
 * the lane below (or with Shift) cuts.
 *
 * Events to the owner: pick(ms), hover(ms or null, x), cut(range, done), moved().
 */
import { drawTimeline, makeInk, HEIGHT, RULER, BAND, GAP } from "./timeline-draw.js";
import { Scale } from "./time-scale.js";

const CLICK_PX = 5, HANDLE_PX = 9, TOUCH_HANDLE_PX = 22;
const LANE_TOP = RULER + BAND + GAP;

export class Timeline {
  scale = new Scale();
  model = { spans: [], gaps: [], segments: [], memory: null, range: null, now: null, head: null, hover: null };
  limits = () => [Date.now() - 3600000, Date.now()];
  #canvas;
  #context;
  #owner;
  #ink = null;
  #queued = false;
  #pointers = new Map(); // id -> {x, y}
  #drag = null; // {kind: "pan" | "cut", x, moved, fixed}
  #pinch = null; // distance of two fingers

  constructor(canvas, owner) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#owner = owner;
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event, true));
    canvas.addEventListener("pointercancel", (event) => this.#up(event, false));
    canvas.addEventListener("pointerleave", () => this.#leave());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => this.#recolour());
    }
    this.#resize();
  }

  #recolour() {
    this.#ink = null;
    this.draw();
  }

  #resize() {
    const ratio = devicePixelRatio || 1, width = this.#canvas.clientWidth || 1;
    this.scale.width = width;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(HEIGHT * ratio);
    this.#paint();
  }

  /* Asks for one drawing in the next frame, however often it is called. */
  draw() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#queued = false;
    this.#ink ??= makeInk(this.#context, this.#canvas);
    drawTimeline(this.#context, this.#canvas.width / this.scale.width, this.scale, this.#ink, this.model);
  }

  #changed() {
    this.scale.clamp(...this.limits());
    this.draw();
    this.#owner.moved();
  }

  zoom(factor, x = this.#anchor()) {
    this.scale.zoom(factor, x);
    this.#changed();
  }

  /* Keys zoom around the point looked at, if it is in sight. */
  #anchor() {
    const x = this.scale.x(this.model.head ?? this.model.now ?? 0);
    return x >= 0 && x <= this.scale.width ? x : this.scale.width / 2;
  }

  pan(pixels) {
    this.scale.pan(pixels);
    this.#changed();
  }

  show(from, to) {
    this.scale.show(from, to);
    this.#changed();
  }

  centre(ms) {
    this.scale.centre(ms);
    this.#changed();
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 300 : 1;
    const sideways = event.deltaX || (event.shiftKey ? event.deltaY : 0);
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) this.pan(-sideways * unit);
    else this.zoom(Math.exp(Math.max(-300, Math.min(300, event.deltaY * unit)) * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX);
    this.#hover(event.offsetX);
  }

  /* Which end of the cut is under the pointer: the other one, which stays, or null. */
  #handleAt(x, touch) {
    const { range } = this.model, reach = touch ? TOUCH_HANDLE_PX : HANDLE_PX;
    if (!range) return null;
    const [left, right] = [range.from, range.to].map((ms) => Math.abs(this.scale.x(ms) - x));
    if (Math.min(left, right) > reach) return null;
    return left < right ? range.to : range.from;
  }

  #down(event) {
    if (event.button !== 0) return;
    const x = event.offsetX;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x, y: event.offsetY });
    if (this.#pointers.size === 2) return this.#beginPinch();
    const fixed = this.#handleAt(x, event.pointerType === "touch" && event.offsetY >= LANE_TOP);
    const cut = event.shiftKey || event.offsetY >= LANE_TOP || (fixed !== null && event.offsetY > RULER);
    this.#drag = { kind: cut ? "cut" : "pan", x, moved: false, fixed: fixed ?? this.scale.time(x) };
    return undefined;
  }

  #beginPinch() {
    const [one, other] = this.#pointers.values();
    this.#drag = null;
    this.#pinch = Math.max(20, Math.abs(one.x - other.x));
  }

  #movePinch() {
    const [one, other] = this.#pointers.values(), distance = Math.max(20, Math.abs(one.x - other.x));
    this.zoom(this.#pinch / distance, (one.x + other.x) / 2);
    this.#pinch = distance;
  }

  #move(event) {
    const x = event.offsetX, before = this.#pointers.get(event.pointerId);
    if (!before) return this.#point(event);
    this.#pointers.set(event.pointerId, { x, y: event.offsetY });
    if (this.#pinch !== null) return this.#movePinch();
    if (!this.#drag) return undefined;
    this.#drag.moved ||= Math.abs(x - this.#drag.x) > CLICK_PX;
    if (!this.#drag.moved) return undefined;
    if (this.#drag.kind === "pan") this.pan(x - before.x);
    else this.#cutTo(x, false);
    return this.#hover(x);
  }

  #cutTo(x, done) {
    const at = this.scale.time(Math.max(0, Math.min(this.scale.width, x))), { fixed } = this.#drag;
    this.#owner.cut({ from: Math.min(at, fixed), to: Math.max(at, fixed) }, done);
  }

  #up(event, finished) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pinch !== null) {
      this.#pinch = this.#pointers.size === 2 ? this.#pinch : null;
      return;
    }
    const drag = this.#drag;
    if (drag?.moved && drag.kind === "cut") this.#cutTo(event.offsetX, true);
    else if (drag && !drag.moved && finished) this.#owner.pick(this.scale.time(event.offsetX));
    this.#drag = null;
    if (event.pointerType === "touch") this.#leave();
  }

  #point(event) {
    const lane = event.offsetY >= LANE_TOP, handle = this.#handleAt(event.offsetX, false) !== null && event.offsetY > RULER;
    this.#canvas.style.cursor = handle ? "ew-resize" : lane || event.shiftKey ? "crosshair" : "pointer";
    this.#hover(event.offsetX);
  }

  #hover(x) {
    this.model.hover = this.scale.time(x);
    this.#owner.hover(this.model.hover, x);
    this.draw();
  }

  #leave() {
    if (this.#drag) return;
    this.model.hover = null;
    this.#owner.hover(null, 0);
    this.draw();
  }
}
