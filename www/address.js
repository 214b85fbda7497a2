/*
 * address.js - the state of the page in its address: #camera=yard&t=…&from=…&to=…&zoom=3600&speed=2
 *
 * t is the time that is shown (absent: live), from and to are the selection, zoom is the length of the timeline in
 * seconds. Times are read in every form of time-parse.js, so a link in an alert can be #t=1779006180.
 */
import { formatIso, SECOND } from "./time.js";
import { parseTime } from "./time-parse.js";

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};

function readTime(values, name) {
  const side = name === "to" ? "to" : "from";
  const ms = values.has(name) ? parseTime(values.get(name), Date.now(), side) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function readPositive(values, name, fallback) {
  const number = Number(values.get(name));
  return number > 0 && Number.isFinite(number * SECOND) ? number : fallback;
}

/* {camera, at, range, zoom, speed, invalid}: `invalid` is the text of a time that cannot be read, or null. */
export function readAddress(hash = location.hash) {
  const values = new Map(hash.replace(/^#/, "").split("&").filter(Boolean).map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), decode(pair.slice(equals + 1))];
  }));
  const from = readTime(values, "from"), to = readTime(values, "to"), zoom = readPositive(values, "zoom", null);
  const invalid = ["t", "from", "to"].find((name) => values.has(name) && readTime(values, name) === null);
  return {
    camera: values.get("camera") || null,
    at: readTime(values, "t"),
    range: from !== null && to !== null && from < to ? { from, to } : null,
    zoom: zoom && zoom * SECOND,
    speed: readPositive(values, "speed", 1),
    invalid: invalid ? values.get(invalid) : null,
  };
}

/*
 * A frame begins between two milliseconds. The earlier one still shows the frame before it, so the address has the
 * later one.
 */
const formatFrameTime = (ms) => formatIso(Math.ceil(ms));

export function addressOf(state) {
  const values = [];
  if (state.camera) values.push(["camera", encodeURIComponent(state.camera)]);
  if (state.at !== null) values.push(["t", formatFrameTime(state.at)]);
  if (state.range) values.push(["from", formatIso(state.range.from)], ["to", formatIso(state.range.to)]);
  if (state.zoom) values.push(["zoom", String(Math.max(1, Math.round(state.zoom / SECOND)))]);
  if (state.speed !== 1) values.push(["speed", String(state.speed)]);
  return `#${values.map((pair) => pair.join("=")).join("&")}`;
}

/* A jump becomes a new entry in the browser's history; anything else replaces the current one. */
export function writeAddress(state, jump) {
  const address = addressOf(state);
  if (address === location.hash || (address === "#" && !location.hash)) return;
  if (jump) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
