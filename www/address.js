/*
 * address.js - the state of the page in its address: #camera=yard&t=…&from=…&to=…&zoom=3600&speed=2
 *
 * t is the point looked at (absent: live), from and to the cut, zoom the seconds on the time line. Times are read in every form of
 * time.js, so a link from an alert can be #t=2026-05-17T10:23:00.
 */
import { formatIso, parseTime, SECOND } from "./time.js";

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};

function time(values, name) {
  const ms = values.has(name) ? parseTime(values.get(name), Date.now()) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function positive(values, name, fallback) {
  const number = Number(values.get(name));
  return number > 0 && Number.isFinite(number * SECOND) ? number : fallback;
}

/* {camera, at, range, zoom, speed, wrong}: `wrong` names a time that is none, so that a broken link does not pass for live. */
export function readAddress(hash = location.hash) {
  const values = new Map(hash.replace(/^#/, "").split("&").filter(Boolean).map((pair) => {
    const cut = pair.indexOf("=");
    return cut < 0 ? [pair, ""] : [pair.slice(0, cut), decode(pair.slice(cut + 1))];
  }));
  const from = time(values, "from"), to = time(values, "to");
  const wrong = ["t", "from", "to"].find((name) => values.has(name) && time(values, name) === null);
  return {
    camera: values.get("camera") || null,
    at: time(values, "t"),
    range: from !== null && to !== null && from < to ? { from, to } : null,
    zoom: positive(values, "zoom", null) && positive(values, "zoom", null) * SECOND,
    speed: positive(values, "speed", 1),
    wrong: wrong ? values.get(wrong) : null,
  };
}

/* A frame begins between two milliseconds: at the earlier one the frame before it stands. */
const formatMoment = (ms) => formatIso(Math.ceil(ms));

export function addressOf(state) {
  const values = [];
  if (state.camera) values.push(["camera", encodeURIComponent(state.camera)]);
  if (state.at !== null) values.push(["t", formatMoment(state.at)]);
  if (state.range) values.push(["from", formatIso(state.range.from)], ["to", formatIso(state.range.to)]);
  if (state.zoom) values.push(["zoom", String(Math.max(1, Math.round(state.zoom / SECOND)))]);
  if (state.speed !== 1) values.push(["speed", String(state.speed)]);
  return `#${values.map((pair) => pair.join("=")).join("&")}`;
}

/* A jump is a new entry in the browser's history; what changes by itself is not. */
export function writeAddress(state, jump) {
  const address = addressOf(state);
  if (address === location.hash || (address === "#" && !location.hash)) return;
  if (jump) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
