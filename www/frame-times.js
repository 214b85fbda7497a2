/*
 * frame-times.js - when each frame of a clip begins, read from the clip's own header. Exact frame steps need that,
 * because the rate of a camera varies.
 *
 * ISO/IEC 14496-12: moov (8.2.1) / trak / mdia with mdhd (8.4.2, the timescale) / minf / stbl with stts (8.6.1.2, runs
 * of equal durations). Clips have one track, moov before mdat, and their frames in the order of presentation.
 */
import { request } from "./api.js";

const FIRST_BYTES = 128 * 1024;

async function readStart(url, bytes) {
  const answer = await request(url, { headers: { Range: `bytes=0-${bytes - 1}` } });
  return new DataView(await answer.arrayBuffer());
}

const typeAt = (view, at) => String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));

/*
 * {at, end} of the payload of the first box of that type within [from, to), or null. `end` may be beyond what was
 * fetched.
 */
function findBox(view, from, to, type) {
  for (let at = from; at + 8 <= Math.min(to, view.byteLength);) {
    const size = view.getUint32(at);
    if (size < 8) return null;
    if (typeAt(view, at) === type) return { at: at + 8, end: at + size };
    at += size;
  }
  return null;
}

function findPath(view, types) {
  let box = { at: 0, end: view.byteLength };
  for (const type of types) {
    box = box && findBox(view, box.at, box.end, type);
  }
  return box;
}

function timescaleOf(view, mdhd) {
  return view.getUint32(mdhd.at + (view.getUint8(mdhd.at) === 1 ? 20 : 12));
}

/* When each frame begins, and when the last one ends, in seconds; null if `view` does not hold the whole header. */
export function frameTimes(view) {
  const media = ["moov", "trak", "mdia"];
  const mdhd = findPath(view, [...media, "mdhd"]), stts = findPath(view, [...media, "minf", "stbl", "stts"]);
  if (!mdhd || !stts || stts.end > view.byteLength) return null;
  const timescale = timescaleOf(view, mdhd), times = [0];
  let sum = 0;
  for (let at = stts.at + 8; at + 8 <= stts.end; at += 8) {
    for (let count = view.getUint32(at); count > 0; count--) times.push((sum += view.getUint32(at + 4)) / timescale);
  }
  return Float64Array.from(times);
}

export async function fetchFrameTimes(url) {
  let view = await readStart(url, FIRST_BYTES);
  const moov = findPath(view, ["moov"]);
  if (moov && moov.end > view.byteLength) view = await readStart(url, moov.end);
  const times = frameTimes(view);
  if (!times) throw new Error("Cannot read the frame times of this clip.");
  return times;
}

/* Number of the frame that is shown at `time`, in seconds. */
export function frameAt(times, time) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return Math.min(low, times.length - 2);
}
