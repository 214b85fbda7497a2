/* event-card.js - one event in the list: a picture of its peak, cut to what moved, and when, how long and how strong. */
import { element, setText } from "./dom.js";
import { formatClock, formatDate, formatLength } from "./time.js";

const LEAST_SHARE = 0.4; // of the picture's width and height that a card shows
const MARGIN = 1.6; // the part that is shown is so much larger than what moved

const TITLES = { motion: "Movement", covered: "Camera covered", view_changed: "View changed", blurred: "Picture blurred" };

/*
 * The part of the picture, {x, y, size} in shares, that shows a box: in its middle if there is room, and with the
 * picture's shape. box: [x, y, width, height] of what moved; undefined: the whole picture.
 */
export function cropOf(box = [0, 0, 1, 1]) {
  const [x, y, width, height] = box;
  const size = Math.min(1, Math.max(LEAST_SHARE, MARGIN * width, MARGIN * height));
  const place = (start, length) => Math.min(Math.max(0, start + length / 2 - size / 2), 1 - size);
  return { x: place(x, width), y: place(y, height), size };
}

const percent = (share) => `${(share * 100).toFixed(2)}%`;

function place(node, x, y, width, height) {
  Object.assign(node.style, {
    left: percent(x), top: percent(y), width: percent(width), height: percent(height),
  });
}

/* Puts picture and outline where the crop has them. */
function applyCrop(picture, outline, box) {
  const { x, y, size } = cropOf(box);
  place(picture, -x / size, -y / size, 1 / size, 1 / size);
  outline.hidden = !box;
  if (box) place(outline, (box[0] - x) / size, (box[1] - y) / size, box[2] / size, box[3] / size);
}

export const titleOf = ({ type }) => TITLES[type] ?? type;

const detailOf = ({ type, from, to, strength }) =>
  [type === "motion" ? null : titleOf({ type }), formatLength(to - from).replace(".0 s", " s"), strength]
    .filter(Boolean).join(" · ");

/*
 * The list item of an event. choose(event) is called when it is pressed. `picture`, `show(url)` and `update(event)` are
 * for the list: where the picture's place is, to show it, and to follow an event that goes on.
 */
export class EventCard {
  #clock = element("strong");
  #detail = element("span");
  #picture = element("img", { alt: "", hidden: true });
  #outline = element("i", { class: "card-outline", hidden: true });
  #none = element("span", { class: "card-none" });
  #button;

  constructor(event, choose) {
    const frame = element("span", { class: "card-picture" }, this.#none, this.#picture, this.#outline);
    this.#button = element("button", { type: "button", class: "card" }, frame,
      element("span", { class: "card-text" }, this.#clock, this.#detail));
    this.#button.addEventListener("click", () => choose(this.event));
    this.node = element("li", {}, this.#button);
    this.update(event);
  }

  update(event) {
    this.event = event;
    setText(this.#clock, formatClock(event.from));
    setText(this.#detail, detailOf(event));
    this.#button.dataset.strength = event.strength ?? "strong";
    this.#button.setAttribute("aria-label", `${titleOf(event)} ${formatDate(event.from)}, ${detailOf(event)}`);
    applyCrop(this.#picture, this.#outline, event.box);
    if (event.snapshot === null) this.show(null);
  }

  /* url: null if there is no picture */
  show(url) {
    this.#picture.hidden = !url;
    if (url) this.#picture.src = url;
    setText(this.#none, url ? "" : this.event.snapshot === null ? "The footage is deleted" : "No picture");
  }

  /* Whether the page shows this event at present. */
  mark(shown) {
    if (shown) this.#button.setAttribute("aria-current", "true");
    else this.#button.removeAttribute("aria-current");
  }
}
