/*
 * motion-question.js - what the page asks about motion: which part of the picture, how strong, and which period.
 *
 * There is one question for the whole page. Everything that shows motion (the strip below the timeline, the list of
 * events, the heat map, playback of moving seconds) listens to it and asks the recorder the same.
 */
import { emit } from "./events.js";

export const STRENGTHS = ["faint", "clear", "strong"];

/* Shares of the picture, as the API takes them: "0.25,0.1,0.5,0.333" */
export const areaText = ({ x, y, width, height }) =>
  [x, y, width, height].map((share) => String(Math.round(share * 1000) / 1000)).join();

/* The area of such a text, or null: it is not one. */
export function parseArea(text) {
  const shares = (text ?? "").split(",").map((share) => (share.trim() === "" ? NaN : Number(share)));
  const [x, y, width, height] = shares;
  const inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1.001 && y + height <= 1.001;
  return shares.length === 4 && inside ? { x, y, width, height } : null;
}

/*
 * area: {x, y, width, height} in shares of the picture, or null: the whole picture
 * excluded: [{name, x, y, width, height, lifted}]: parts that do not count, except those that are lifted
 * strength: the least that counts, one of STRENGTHS
 * only: whether playback and downloads leave out what does not move
 * range: {from, to} in milliseconds: the period that the timeline shows, or null until there is one
 *
 * Event: "change" {changed, final}. changed: the names of what is different, such as ["area"]. final: false while
 * somebody is still dragging; a last event with final: true always follows.
 */
export class MotionQuestion extends EventTarget {
  camera = null;
  area = null;
  excluded = [];
  strength = STRENGTHS[0];
  only = false;
  range = null;

  /* set({ area }, { final: false }): the properties that are given; the others stay. */
  set(values, { final = true } = {}) {
    const changed = Object.keys(values);
    Object.assign(this, values);
    emit(this, "change", { changed, final });
  }

  /* The parts that do not count at present. */
  get applied() {
    return this.excluded.filter(({ lifted }) => !lifted);
  }

  /*
   * For path() of api.js: {camera, area, not, strength}, of which `not` is a list. Two questions with the same
   * text of that have the same answer.
   */
  get query() {
    return {
      camera: this.camera,
      area: this.area && areaText(this.area),
      not: this.applied.map(areaText),
      strength: this.strength === STRENGTHS[0] ? null : this.strength,
    };
  }
}

export const question = new MotionQuestion();
