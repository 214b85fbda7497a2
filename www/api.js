/* api.js - the recorder's HTTP interface. Times are milliseconds since the epoch, with fractions. */
import { problemWords } from "./problem-words.js";

const ANSWER_LIMIT_MS = 15000;

/* What went wrong, in the page's words. status is that of the answer, or 0 if nobody answered. */
export class Problem extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/*
 * Where the API is. The page is at /ui/, or below the path that a proxy gave the recorder, such as /cam/ui/. With its
 * origin, because fetch() refuses addresses with a name and a password, which it would take from those of the page:
 * http://user:password@host/ui/.
 */
const { origin = "", pathname = "/" } = globalThis.location ?? {};
const ROOT = origin + pathname.replace(/ui\/[^/]*$/, "");

/*
 * `base` begins with a slash, as the API's paths do. Skips values that are null or undefined; a list repeats its name.
 */
export function path(base, values) {
  const query = Object.entries(values)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const address = ROOT + base.slice(1);
  return query ? `${address}?${query}` : address;
}

/* Epoch seconds: the only form of a time that no clock change can make ambiguous. */
export const seconds = (ms) => (ms / 1000).toFixed(3);

/* more: further parameters */
export const footagePath = (camera, fromMs, toMs, speed = 1, more = {}) =>
  path("/footage", { from: seconds(fromMs), to: seconds(toMs), speed: speed > 1 ? speed : null, camera, ...more });

export const snapshotPath = (camera, atMs, width) =>
  path("/snapshot", { at: atMs === null ? null : seconds(atMs), width, camera });

/* The API's sentence, or "". */
async function sentenceOf(response) {
  try {
    return (await response.json()).detail || "";
  } catch {
    return "";
  }
}

/* fetch() that always ends within the limit: with a successful answer, or by throwing a Problem. */
export async function request(url, { limit = ANSWER_LIMIT_MS, signal, ...options } = {}) {
  const timeout = AbortSignal.timeout(limit), stop = new AbortController();
  for (const cause of [timeout, signal]) cause?.addEventListener("abort", () => stop.abort(), { once: true });
  if (signal?.aborted) stop.abort();
  let response;
  try {
    response = await fetch(url, { ...options, signal: stop.signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, timeout.aborted
      ? `The recorder did not answer within ${limit / 1000} s.`
      : "Cannot reach the recorder. Is it running, and is this device connected to the network?");
  }
  if (response.ok) return response;
  throw new Problem(response.status, problemWords(response.status, await sentenceOf(response)));
}

export async function json(url, options) {
  const response = await request(url, options);
  try {
    return await response.json();
  } catch {
    throw new Problem(response.status, "The recorder's answer was incomplete.");
  }
}

export const cameraInfo = (camera) => json(path("/camera_info", { camera }), { limit: 5000 });

/* /health reports problems with status 503, which is an answer like any other here. */
export async function health(camera) {
  const response = await fetch(path("/health", { camera }), { signal: AbortSignal.timeout(5000) });
  return response.json();
}

export const timeline = (camera, fromMs) =>
  json(path("/timeline", { from: fromMs === null ? null : seconds(fromMs), camera }));

/*
 * Motion. query: that of motion-question.js; range: {from, to}. The counts and the periods of events are read as CSV,
 * which is a fraction of the JSON.
 */
const rangeOf = ({ from, to }) => ({ from: seconds(from), to: seconds(to) });

export const motionSteps = (query, range, step, signal) =>
  json(path("/motion", { ...query, ...rangeOf(range), step }), { signal });

export const heatmap = (query, range, signal) =>
  json(path("/motion/heatmap", { ...query, ...rangeOf(range) }), { signal });

/* {events: [{from, to}] oldest first, unknown: [{from, to}], more}: more is true if there are older ones. */
export async function eventTimes(query, range, limit, signal) {
  const values = { ...query, ...rangeOf(range), limit, format: "csv" };
  const text = await (await request(path("/events", values), { signal })).text();
  const lines = text.split("\r\n").slice(1).map((line) => line.split(","));
  const read = (wanted) => lines.filter(([type]) => type === wanted)
    .map(([, from, to]) => ({ from: Date.parse(from), to: Date.parse(to) })).reverse();
  return { events: read("motion"), unknown: read("unknown"), more: lines.some(([type]) => type === "more") };
}

export const recordings = (camera, values = {}) => json(path("/recordings", { ...values, camera }));

export const clips = (camera) => json(path("/clips", { camera }));

export function keepClip(camera, fromMs, toMs, label) {
  const query = { from: seconds(fromMs), to: seconds(toMs), label: label || null, camera };
  return json(path("/clips", query), { method: "POST", limit: 120000 });
}

/* wanted: "on" or "off" */
export const switchRecording = (camera, wanted) =>
  json(path("/control", { recording: wanted, camera }), { method: "POST" });

/* The clip as clips() lists it. */
export const labelClip = (camera, file, label) =>
  json(path(`/clips/${encodeURIComponent(file)}`, { label, camera }), { method: "PATCH", limit: 120000 });

/* {deleted, store}: store says how long a copy in the store stays. */
export const deleteClip = (camera, file) =>
  json(path(`/clips/${encodeURIComponent(file)}`, { camera }), { method: "DELETE" });

/* What recorder.ini chooses: {file, device, width, height, fps, format, controls}. Only for those who may change it. */
export const setup = (camera) => json(path("/setup", { camera }));

/* choice: some of {device, width, height, fps, format, controls}. Resolves to {restarts}. */
export function saveSetup(camera, { controls = {}, ...choice }) {
  const control = Object.entries(controls).map(([name, value]) => `${name}:${value}`);
  return json(path("/setup", { ...choice, control, camera }), { method: "POST" });
}

export const setControl = (camera, control, value) =>
  json(path("/control", { control, value, camera }), { method: "POST" });

/* What a clip would be, without fetching it: {bytes, start, source}. `start` is the wall time of its first frame. */
export async function describe(url, signal) {
  const { headers } = await request(url, { method: "HEAD", signal }).catch((problem) => explain(url, signal, problem));
  return {
    bytes: Number(headers.get("Content-Length")),
    start: Number(headers.get("X-Clip-Start")) * 1000,
    source: headers.get("X-Clip-Source") ?? "",
  };
}

/* The answer to a HEAD request has no body that could say what is wrong, so this asks again with GET. */
async function explain(url, signal, problem) {
  if (!problem.status) throw problem;
  return request(url, { headers: { Range: "bytes=0-0" }, signal });
}
