/*
 * motion-strip.js - draws what moved, below the recordings: a bar for each step, as high as the part of the picture
 * that moved, in the colour of the strongest movement. Hatched: it is not known what moved, or not yet. Empty: nothing
 * moved. Nothing is drawn of the future.
 */
const FULL_CELLS = 192; // a third of the picture is as high as it gets
const LEAST_PX = 3;

/* How high a bar is, 0 to 1. One person far away has to be seen, too. */
export const barHeight = (cells) => Math.min(1, Math.sqrt(cells / FULL_CELLS));

/* context.fillStyle is what to fill with. */
function fill(context, scale, { from, to }, top, height, least = 0) {
  const left = Math.max(scale.x(from), -2), right = Math.min(scale.x(to), scale.width + 2);
  if (right > left) context.fillRect(left, top, Math.max(right - left, least), height);
}

/* motion: a MotionSteps; now: null if it is not known. */
export function drawMotion(context, scale, ink, { motion, now }, top, height) {
  context.fillStyle = ink.unknown;
  fill(context, scale, { from: scale.from, to: Math.min(scale.to, now ?? scale.to) }, top, height);
  if (!motion.range) return;
  context.fillStyle = ink.lane;
  for (const span of motion.covered) fill(context, scale, span, top, height);
  for (const { at, moving, cells, strongest } of motion.steps) {
    if (!moving) continue;
    const bar = LEAST_PX + barHeight(cells) * (height - LEAST_PX);
    context.fillStyle = ink[strongest];
    fill(context, scale, { from: at, to: Math.min(at + motion.stepMs, now ?? Infinity) }, top + height - bar, bar, 2);
  }
}
