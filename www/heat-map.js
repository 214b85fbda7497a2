/* heat-map.js - over the picture: for how long each part of it moved, in the period that the timeline shows. */
import { heatmap } from "./api.js";
import { find, setText } from "./dom.js";
import { Latest } from "./latest.js";
import { question } from "./motion-question.js";
import { formatLength, formatWhen, SECOND } from "./time.js";

const REFRESH_MS = 15 * SECOND;
const LATE_MS = 10 * SECOND; // the newest seconds are always unknown
/* From seldom to most often: [red, green, blue, opacity]. The same as .heat-scale in motion.css. */
const COLOURS = [[60, 60, 220, 0.3], [30, 170, 200, 0.5], [250, 210, 60, 0.65], [235, 60, 40, 0.8]];

/* share: 0 to 1 */
export function heatColour(share) {
  const at = share * (COLOURS.length - 1), low = Math.min(Math.floor(at), COLOURS.length - 2), part = at - low;
  return COLOURS[low].map((value, index) => value + (COLOURS[low + 1][index] - value) * part);
}

/* Movement spans orders of magnitude: a door and a street are both to be seen. */
export const heatShare = (seconds, most) => Math.log1p(seconds) / Math.log1p(most);

function paint(canvas, rows, most) {
  const context = canvas.getContext("2d"), image = context.createImageData(rows[0].length, rows.length);
  rows.flat().forEach((seconds, at) => {
    if (!seconds) return;
    const [red, green, blue, opacity] = heatColour(heatShare(seconds, most));
    image.data.set([red, green, blue, opacity * 255], 4 * at);
  });
  Object.assign(canvas, { width: image.width, height: image.height });
  context.putImageData(image, 0, 0);
}

export class HeatMap {
  shown = false;
  #latest = new Latest();
  #timer = 0;

  constructor() {
    question.addEventListener("change", () => this.#load());
  }

  show(shown) {
    this.shown = shown;
    find("heat").hidden = find("heat-legend").hidden = !shown;
    clearInterval(this.#timer);
    if (!shown) return this.#latest.abort();
    setText(find("heat-text"), "Loading");
    this.#timer = setInterval(() => document.hidden || this.#load(), REFRESH_MS);
    return this.#load();
  }

  #load() {
    const { query, range } = question;
    if (!this.shown || !range) return;
    this.#latest.run(async (signal) => {
      try {
        const answer = await heatmap(query, range, signal);
        if (!signal.aborted) this.#draw(answer, range);
      } catch (problem) {
        if (!signal.aborted) this.#say(problem.message, null);
      }
    });
  }

  /* most: seconds of the part that moved most, or null: there is nothing to be drawn. */
  #say(text, most) {
    const drawn = most !== null && most > 0;
    find("heat").hidden = find("heat-scale").hidden = !drawn;
    setText(find("heat-text"), text);
    setText(find("heat-most"), drawn ? formatLength(most * SECOND) : "");
  }

  #draw({ cells, known, moving }, { from, to }) {
    const period = `${formatWhen(from)} – ${formatWhen(to)}`;
    if (!cells) return this.#say(`${period}: it is not known what moved.`, null);
    const most = Math.max(...cells.flat()), unknown = to - from - known * SECOND;
    paint(find("heat"), cells, most);
    const but = unknown > LATE_MS ? ` (${formatLength(unknown)} unknown)` : "";
    return this.#say(`${moving ? "Movement" : "Nothing moved"} ${period}${but}`, most);
  }
}
