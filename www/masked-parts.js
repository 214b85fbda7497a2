/*
 * masked-parts.js - over the picture: the outlines of what the recorder keeps black ([mask] in recorder.ini), hatched.
 * They belong to the recorder's settings of now; older footage may show what is there.
 */
const SVG = "http://www.w3.org/2000/svg";
const UNITS = 1000; // across the picture, and down

/* The corners [x, y] of an area in the API's form, in shares of the picture; null if it is none. */
export function cornersOf(text) {
  const numbers = text.split(",").map(Number);
  if (numbers.length < 4 || numbers.length % 2 || !numbers.every(Number.isFinite)) return null;
  const [x, y, width, height] = numbers;
  if (numbers.length === 4) return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
  return numbers.flatMap((number, at) => (at % 2 ? [] : [[number, numbers[at + 1]]]));
}

function outline({ name, area }) {
  const corners = cornersOf(area), made = document.createElementNS(SVG, "polygon");
  const title = document.createElementNS(SVG, "title");
  if (!corners) return null;
  title.textContent = `Masked: ${name}`;
  made.setAttribute("points", corners.map(([x, y]) => `${x * UNITS},${y * UNITS}`).join(" "));
  made.setAttribute("fill", "url(#masked-hatch)");
  made.append(title);
  return made;
}

export class MaskedParts {
  #node;
  #drawn = "[]";

  /* node: an <svg> that covers the picture and has a <defs>. */
  constructor(node) {
    this.#node = node;
  }

  /* info: of /camera_info, or null. Cheap if nothing has changed. */
  show(info) {
    const masks = info?.masks ?? [], drawn = JSON.stringify(masks);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    for (const old of this.#node.querySelectorAll("polygon")) old.remove();
    this.#node.append(...masks.map(outline).filter(Boolean));
    this.#node.setAttribute("aria-label", `Masked: ${masks.map(({ name }) => name).join(", ")}`);
    this.#node.toggleAttribute("hidden", !masks.length);
  }
}
