/*
 * timeline-draw.js - draws the timeline, all of it each time: a few hundred rectangles take less than a millisecond,
 * and nothing can be out of date.
 *
 *     RULER   hours and days
 *     BAND    what is recorded (solid), gaps (hatched, by cause), borders of segments, what memory holds (line below)
 *     STRIP   what moved (motion-strip.js)
 *     LANE    the selection
 */
import { isIntended } from "./gap-causes.js";
import { drawMotion } from "./motion-strip.js";
import { formatClock, formatTick, isRepeated, stepFor, ticksBetween, SECOND } from "./time.js";

export const RULER = 26, LANE_TOP = 110, HEIGHT = 136;
const BAND = 46, BAND_END = RULER + BAND, STRIP_TOP = 78, STRIP = 28, STRIP_END = STRIP_TOP + STRIP;
const LANE = HEIGHT - LANE_TOP;
const TICK_SPACE = 92, BORDER_SPACE = 5, FONT = "12px system-ui, sans-serif", BOLD = "600 12px system-ui, sans-serif";

const COLOURS = ["bg", "text", "muted", "line", "span", "span-edge", "test", "gap", "gap-soft", "memory", "now",
  "playhead", "selection", "selection-soft", "lane", "faint", "clear", "strong"];

/* The style sheet's custom properties. They are read again when the system changes between dark and light. */
export function readColours(node) {
  const style = getComputedStyle(node);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--tl-${name}`).trim()]));
}

function hatch(context, colour, background) {
  const tile = new OffscreenCanvas(8, 8), draw = tile.getContext("2d");
  draw.fillStyle = background;
  draw.fillRect(0, 0, 8, 8);
  draw.strokeStyle = colour;
  draw.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    draw.beginPath();
    draw.moveTo(shift - 1, 9);
    draw.lineTo(shift + 9, -1);
    draw.stroke();
  }
  return context.createPattern(tile, "repeat");
}

export function makeInk(context, node) {
  const colours = readColours(node);
  const lost = hatch(context, colours.gap, colours["gap-soft"]), intended = hatch(context, colours.line, colours.lane);
  return { ...colours, lost, intended, unknown: intended };
}

/* At least `least` pixels wide, so that a short gap does not vanish among 72 hours. */
function block(context, scale, item, top, height, least = 1) {
  const left = Math.max(scale.x(item.from), -2), right = Math.min(scale.x(item.to), scale.width + 2);
  if (right < 0 || left > scale.width) return;
  context.fillRect(left, top, Math.max(right - left, least), height);
}

/* The label with the playhead's time, which stays inside: {text, left, right}; null if the playhead is out of view. */
function playheadLabel(context, scale, at) {
  const x = at === null ? NaN : scale.x(at), text = at === null ? "" : formatClock(at);
  if (!(x >= -60 && x <= scale.width + 60)) return null;
  context.font = BOLD;
  const width = context.measureText(text).width + 12;
  const left = Math.min(Math.max(x - width / 2, 0), scale.width - width);
  return { text, left, right: left + width };
}

/* taken: where the playhead's label is, or null. What it would cut is left out. */
function drawRuler(context, scale, ink, taken) {
  const step = stepFor(TICK_SPACE * scale.msPerPixel);
  context.textBaseline = "middle";
  let free = -Infinity;
  for (const at of ticksBetween(scale.from, scale.to, step)) {
    const x = Math.round(scale.x(at)), tenths = step < SECOND ? `.${Math.round(at % 1000 / 100)}` : "";
    const label = formatTick(at, step) + tenths, day = /[A-Za-z]/.test(label);
    context.fillStyle = day ? ink.muted : ink.line;
    context.fillRect(x, RULER - (day ? 8 : 5), 1, day ? 8 : 5);
    context.fillRect(x, RULER, 1, BAND);
    if (x + 5.5 < free) continue;
    context.font = day ? BOLD : FONT;
    const left = x + 5.5, right = left + context.measureText(label).width;
    if (right > scale.width || (taken && left < taken.right && right > taken.left)) continue;
    context.fillStyle = day ? ink.text : ink.muted;
    context.fillText(label, left, RULER / 2);
    free = day || isRepeated(at) ? right + 8 : left;
  }
}

function drawArchive(context, scale, ink, model) {
  context.fillStyle = ink.lane;
  context.fillRect(0, RULER, scale.width, BAND);
  for (const span of model.spans) {
    context.fillStyle = span.source === "test" ? ink.test : ink.span;
    block(context, scale, span, RULER, BAND);
  }
  for (const gap of model.gaps) {
    context.fillStyle = isIntended(gap.cause) ? ink.intended : ink.lost;
    block(context, scale, gap, RULER, BAND, 1.5);
  }
}

function drawBorders(context, scale, ink, model) {
  context.fillStyle = ink["span-edge"];
  let last = -Infinity;
  for (const { from } of model.segments) {
    const x = Math.round(scale.x(from));
    if (x < 0 || x > scale.width || x - last < BORDER_SPACE) continue;
    context.fillRect(x, BAND_END - 10, 1, 10);
    last = x;
  }
}

function drawMemory(context, scale, ink, memory) {
  if (!memory) return;
  context.fillStyle = ink.memory;
  block(context, scale, memory, BAND_END + 1, 3);
}

function drawSelection(context, scale, ink, range) {
  context.fillStyle = ink.lane;
  context.fillRect(0, LANE_TOP, scale.width, LANE);
  if (!range) {
    context.font = FONT;
    context.fillStyle = ink.muted;
    context.fillText("Drag here to select a range", 10, LANE_TOP + LANE / 2 + 1);
    return;
  }
  context.fillStyle = ink["selection-soft"];
  block(context, scale, range, RULER, LANE_TOP - RULER);
  context.fillStyle = ink.selection;
  block(context, scale, range, LANE_TOP, LANE, 2);
  for (const ms of [range.from, range.to]) {
    const x = Math.round(scale.x(ms));
    context.fillRect(x - 1, RULER, 2, HEIGHT - RULER);
    context.beginPath();
    context.roundRect(x - 5, LANE_TOP, 10, LANE, 4);
    context.fill();
  }
}

function drawLine(context, x, colour, top, width = 1) {
  context.fillStyle = colour;
  context.fillRect(Math.round(x - width / 2), top, width, STRIP_END + 2 - top);
}

function drawNow(context, scale, ink, now) {
  const x = scale.x(now);
  if (x < -20 || x > scale.width + 20) return;
  drawLine(context, x, ink.now, RULER, 2);
  context.beginPath();
  context.arc(x, RULER, 4, 0, 7);
  context.fill();
}

function drawPlayhead(context, scale, ink, at, { text, left, right }) {
  drawLine(context, scale.x(at), ink.playhead, 4, 2);
  context.fillStyle = ink.playhead;
  context.beginPath();
  context.roundRect(left, 3, right - left, 19, 5);
  context.fill();
  context.font = BOLD;
  context.fillStyle = ink.bg;
  context.fillText(text, left + 6, 13);
}

/* model: {spans, gaps, segments, memory, motion, range, now, playhead, hover}; what is null is not drawn. */
export function drawTimeline(context, ratio, scale, ink, model) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, scale.width, HEIGHT);
  drawArchive(context, scale, ink, model);
  const label = playheadLabel(context, scale, model.playhead);
  drawRuler(context, scale, ink, label);
  drawBorders(context, scale, ink, model);
  drawMemory(context, scale, ink, model.memory);
  if (model.motion) drawMotion(context, scale, ink, model, STRIP_TOP, STRIP);
  drawSelection(context, scale, ink, model.range);
  if (model.hover !== null) drawLine(context, scale.x(model.hover), ink.text, RULER);
  if (model.now !== null) drawNow(context, scale, ink, model.now);
  if (label) drawPlayhead(context, scale, ink, model.playhead, label);
}
