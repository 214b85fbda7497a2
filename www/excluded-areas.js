/*
 * excluded-areas.js - the parts of the picture that do not count, with their names: in the address as
 * NAME,x,y,width,height;…, in the browser's storage as JSON, one entry per camera, and for a [hook NAME] of
 * recorder.ini.
 */
import { areaText, parseArea } from "./motion-question.js";

const MOST = 16, NAME_LENGTH = 40; // as many as the API takes

/* A name that has no character of its own meaning in an address or in recorder.ini. */
export const cleanName = (text) =>
  text.replace(/[\p{Cc},;#=]/gu, " ").replace(/\s+/g, " ").trim().slice(0, NAME_LENGTH);

/* [{name, x, y, width, height, lifted: false}] of the decoded text in an address; what cannot be read is left out. */
export function readExcluded(text) {
  return text.split(";").slice(0, MOST).map((one) => {
    const comma = one.indexOf(","), area = parseArea(one.slice(comma + 1));
    return area && { name: cleanName(one.slice(0, comma)), ...area, lifted: false };
  }).filter(Boolean);
}

export const excludedText = (excluded) => excluded.filter(({ lifted }) => !lifted)
  .map((one) => `${encodeURIComponent(one.name)},${areaText(one)}`).join(";");

const keyOf = (camera) => `not-here ${location.pathname} ${camera ?? ""}`;

/* What the browser remembers of a camera. It may forbid that, or hold something else. */
export function loadExcluded(camera) {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(camera)));
    return stored.slice(0, MOST).filter((one) => parseArea(areaText(one)))
      .map(({ name, x, y, width, height, lifted }) =>
        ({ name: cleanName(String(name)), x, y, width, height, lifted: lifted === true }));
  } catch {
    return [];
  }
}

/* Returns false if the browser does not remember it. */
export function saveExcluded(camera, excluded) {
  try {
    if (excluded.length) localStorage.setItem(keyOf(camera), JSON.stringify(excluded));
    else localStorage.removeItem(keyOf(camera));
    return true;
  } catch {
    return false;
  }
}

const isSame = (a, b) => a.name === b.name && areaText(a) === areaText(b);

/* What a link says, which applies, and what else the browser remembers, which does not. */
export function mergeExcluded(linked, stored) {
  const others = stored.filter((one) => !linked.some((other) => isSame(one, other)));
  return linked.concat(others.map((one) => ({ ...one, lifted: true }))).slice(0, MOST);
}

/* A name that no other part has: "Part 1". */
export function freeName(excluded) {
  const names = new Set(excluded.map(({ name }) => name));
  for (let number = 1; ; number++) if (!names.has(`Part ${number}`)) return `Part ${number}`;
}

export const mayAdd = (excluded) => excluded.length < MOST;

/* For a [hook NAME] in recorder.ini. */
export const iniLine = (excluded) =>
  `not = ${excluded.filter(({ lifted }) => !lifted).map(areaText).join(" ")}`;
