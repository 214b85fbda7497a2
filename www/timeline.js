/*
 * timeline.js - the timeline as something to handle: the wheel and two fingers zoom around the pointer, a drag pans, a
 * click goes to that time, and a drag in the lane below (or with Shift) selects a range.
 */
import { emit } from "./events.js";
import { TimeScale } from "./time-scale.js";
import { drawTimeline, makeInk, HEIGHT, LANE_TOP, RULER } from "./timeline-draw.js";

const CLICK_PX = 5, HANDLE_PX = 9, TOUCH_HANDLE_PX = 22;
const WHEEL_PIXELS = [1, 30, 300]; // per unit of WheelEvent.deltaMode: pixels, lines, pages

/*
 * Events: "pick" {ms} at a click, "hover" {ms, x} (ms is null when the pointer has left), "select" {range, final}
 * during and after a drag (final: after it), "move" when another period is shown.
 */
export class Timeline extends EventTarget {
  scale = new TimeScale();
  model = {
    spans: [], gaps: [], segments: [], memory: null, motion: null, range: null, now: null, playhead: null, hover: null,
  };
  limits = { from: 0, to: Date.now() }; // some part of that always stays visible
  #canvas;
  #context;
  #ink = null;
  #queued = false;
  #pointers = new Map(); // id -> {x, y}
  #drag = null; // {kind: "pan" | "select", x, moved, fixed}: fixed is the time at the other end of the selection
  #pinch = null; // distance between two fingers

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
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

  /* Draws once in the next frame, however often it is called before that. */
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
    this.scale.clamp(this.limits.from, this.limits.to);
    this.draw();
    emit(this, "move");
  }

  zoom(factor, x = this.#anchor()) {
    this.scale.zoom(factor, x);
    this.#changed();
  }

  /* Keys zoom around the playhead if it is visible. */
  #anchor() {
    const at = this.model.playhead ?? this.model.now ?? 0;
    return this.scale.contains(at) ? this.scale.x(at) : this.scale.width / 2;
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
    const { deltaX, deltaY, shiftKey, ctrlKey, offsetX } = event;
    const pixels = WHEEL_PIXELS[event.deltaMode];
    const sideways = deltaX || (shiftKey ? deltaY : 0);
    if (Math.abs(sideways) > Math.abs(shiftKey ? 0 : deltaY)) this.pan(-sideways * pixels);
    else this.zoom(Math.exp(Math.max(-300, Math.min(300, deltaY * pixels)) * (ctrlKey ? 0.01 : 0.002)), offsetX);
    this.#hover(offsetX);
  }

  /* If one end of the selection is at `x`, the time of the other end, which stays; else null. */
  #fixedEnd(x, touch) {
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
    const fixed = this.#fixedEnd(x, event.pointerType === "touch" && event.offsetY >= LANE_TOP);
    const select = event.shiftKey || event.offsetY >= LANE_TOP || (fixed !== null && event.offsetY > RULER);
    this.#drag = { kind: select ? "select" : "pan", x, moved: false, fixed: fixed ?? this.scale.time(x) };
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
    else this.#selectTo(x, false);
    return this.#hover(x);
  }

  #selectTo(x, final) {
    const at = this.scale.time(Math.max(0, Math.min(this.scale.width, x))), { fixed } = this.#drag;
    emit(this, "select", { range: { from: Math.min(at, fixed), to: Math.max(at, fixed) }, final });
  }

  #up(event, finished) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pinch !== null) {
      this.#pinch = this.#pointers.size === 2 ? this.#pinch : null;
      return;
    }
    const drag = this.#drag;
    if (drag?.moved && drag.kind === "select") this.#selectTo(event.offsetX, true);
    else if (drag && !drag.moved && finished) emit(this, "pick", { ms: this.scale.time(event.offsetX) });
    this.#drag = null;
    if (event.pointerType === "touch") this.#leave();
  }

  #point(event) {
    const lane = event.offsetY >= LANE_TOP;
    const handle = this.#fixedEnd(event.offsetX, false) !== null && event.offsetY > RULER;
    this.#canvas.style.cursor = handle ? "ew-resize" : lane || event.shiftKey ? "crosshair" : "pointer";
    this.#hover(event.offsetX);
  }

  #hover(x) {
    this.model.hover = this.scale.time(x);
    emit(this, "hover", { ms: this.model.hover, x });
    this.draw();
  }

  #leave() {
    if (this.#drag) return;
    this.model.hover = null;
    emit(this, "hover", { ms: null, x: 0 });
    this.draw();
  }
}
