/*
 * address.js - the state of the page in its address: #camera=yard&t=…&from=…&to=…&zoom=3600&view=…&speed=2
 *
 * t is the time that is shown (absent: live), from and to are the selection, zoom is the length of the timeline in
 * seconds, and view its beginning (absent: it has t in its middle, or now near its end). Times are read in every form
 * of time-parse.js, so a link in an alert can be #t=1779006180.
 *
 * The question about motion follows: area=x,y,width,height, not=NAME,x,y,width,height;… of the parts that do not count
 * (without not=, those that the browser remembers), strength=clear, only=motion, heat=1.
 */
import { readExcluded, excludedText } from "./excluded-areas.js";
import { areaText, parseArea, STRENGTHS } from "./motion-question.js";
import { formatIso, SECOND } from "./time.js";
import { readTime } from "./time-parse.js";

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};

/* Milliseconds, or null. fromMs: where the range begins whose end this is. */
function readMoment(values, name, fromMs = null) {
  const side = name === "to" ? "to" : "from";
  const { ms, error } = readTime(values.get(name) ?? "", Date.now(), side, fromMs);
  return error ? null : ms;
}

function readPositive(values, name, fallback) {
  const number = Number(values.get(name));
  return number > 0 && Number.isFinite(number * SECOND) ? number : fallback;
}

const readMotion = (values) => ({
  area: parseArea(values.get("area")),
  excluded: values.has("not") ? readExcluded(values.get("not")) : null,
  strength: STRENGTHS.find((strength) => strength === values.get("strength")) ?? STRENGTHS[0],
  only: values.get("only") === "motion",
  heat: values.get("heat") === "1",
});

/*
 * {camera, at, range, zoom, view, speed, motion, invalid}: `invalid` is the text of a time that cannot be read, or null;
 * motion: {area, excluded, strength, only, heat}, of which `excluded` is null if the address does not say it.
 */
export function readAddress(hash = location.hash) {
  const values = new Map(hash.replace(/^#/, "").split("&").filter(Boolean).map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), decode(pair.slice(equals + 1))];
  }));
  const from = readMoment(values, "from"), to = readMoment(values, "to", from);
  const zoom = readPositive(values, "zoom", null);
  const invalid = ["t", "from", "to", "view"].find((name) => values.has(name) && readMoment(values, name) === null);
  return {
    camera: values.get("camera") || null,
    at: readMoment(values, "t"),
    range: from !== null && to !== null && from < to ? { from, to } : null,
    zoom: zoom && zoom * SECOND,
    view: readMoment(values, "view"),
    speed: readPositive(values, "speed", 1),
    motion: readMotion(values),
    invalid: invalid ? values.get(invalid) : null,
  };
}

/*
 * A frame begins between two milliseconds. The earlier one still shows the frame before it, so the address has the
 * later one.
 */
const formatFrameTime = (ms) => formatIso(Math.ceil(ms));

function motionValues({ area, excluded, strength, only, heat }) {
  return [
    ["area", area && areaText(area)],
    ["not", excluded.length ? excludedText(excluded) : null],
    ["strength", strength === STRENGTHS[0] ? null : strength],
    ["only", only ? "motion" : null],
    ["heat", heat ? "1" : null],
  ].filter(([, value]) => value !== null);
}

/* state: what readAddress() gives, but for `invalid`; `motion` may be missing. */
export function addressOf(state) {
  const values = [];
  if (state.camera) values.push(["camera", encodeURIComponent(state.camera)]);
  if (state.at !== null) values.push(["t", formatFrameTime(state.at)]);
  if (state.range) values.push(["from", formatIso(state.range.from)], ["to", formatIso(state.range.to)]);
  if (state.zoom) values.push(["zoom", String(Math.max(1, Math.round(state.zoom / SECOND)))]);
  if (state.view) values.push(["view", formatIso(state.view)]);
  if (state.speed !== 1) values.push(["speed", String(state.speed)]);
  if (state.motion) values.push(...motionValues(state.motion));
  return `#${values.map((pair) => pair.join("=")).join("&")}`;
}

/* A jump becomes a new entry in the browser's history; anything else replaces the current one. */
export function writeAddress(state, jump) {
  const address = addressOf(state);
  if (address === location.hash || (address === "#" && !location.hash)) return;
  if (jump) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
