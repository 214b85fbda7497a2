/*
 * picture-areas.js - rectangles on the picture: the one where the page looks ("Look here"), and those that do not count
 * ("Not here").
 *
 * A drag with the mouse on any picture begins to look there. A finger scrolls the page, so it draws only after one of
 * the buttons was pressed. A click beside the rectangle leaves it.
 */
import { AreaBox, areaBetween, fitArea } from "./area-box.js";
import { find } from "./dom.js";
import { emit } from "./events.js";
import { question } from "./motion-question.js";

const DRAG_PX = 6;
const MIDDLE = { x: 0.35, y: 0.3, width: 0.3, height: 0.4 };
const HOW = "Arrow keys move it, Shift and arrow keys resize it, Delete removes it.";

export const shareText = ({ x, y, width, height }) => {
  const percent = (share) => `${Math.round(share * 100)} %`;
  return `${percent(width)} × ${percent(height)} at ${percent(x)}, ${percent(y)}`;
};

/*
 * Events: "exclude" {area} when a part that does not count was drawn, "arm" when `armed` changed, "draw" when a drag
 * begins.
 */
export class PictureAreas extends EventTarget {
  armed = null; // "look" or "exclude": what the next drag draws, if a button was pressed
  #box;
  #look = null; // AreaBox
  #excluded = []; // AreaBox of each excluded part
  #drawing = null; // {kind, id, from, x, y, moved}
  #ignoreClick = false;

  /* box: the PictureBox of #areas. */
  constructor(box) {
    super();
    this.#box = box;
    const screen = find("screen");
    screen.addEventListener("pointerdown", (event) => this.#down(event));
    screen.addEventListener("pointermove", (event) => this.#move(event));
    screen.addEventListener("pointerup", (event) => this.#up(event, true));
    screen.addEventListener("pointercancel", (event) => this.#up(event, false));
    screen.addEventListener("click", (event) => this.#click(event), { capture: true });
    question.addEventListener("change", ({ changed }) => this.#questionChanged(changed));
  }

  /* kind: "look" or "exclude"; null: draw nothing any more. */
  arm(kind) {
    this.armed = kind;
    find("screen").classList.toggle("drawing", kind !== null);
    if (kind) find("screen").scrollIntoView({ block: "nearest" }); // on a phone the buttons are far below
    emit(this, "arm");
  }

  /* For the keyboard: a rectangle in the middle, ready to be moved. */
  addInMiddle(kind) {
    if (kind === "look") question.set({ area: question.area ?? MIDDLE });
    else this.#exclude(MIDDLE);
    (kind === "look" ? this.#look : this.#excluded.at(-1)).node.focus();
  }

  leave() {
    this.arm(null);
    if (question.area) question.set({ area: null });
  }

  #exclude(area) {
    emit(this, "exclude", { area });
  }

  /* --- drawing --- */

  #down(event) {
    const { target, button, pointerType, pointerId, clientX: x, clientY: y } = event;
    const free = find("picture").contains(target) || target.id === "areas";
    if (button !== 0 || !free || (!this.armed && pointerType !== "mouse") || this.#drawing) return;
    this.#drawing = { kind: this.armed ?? "look", id: pointerId, from: this.#box.shareAt(event), x, y, moved: false };
    if (this.armed) event.preventDefault();
  }

  #move(event) {
    const drawing = this.#drawing;
    if (drawing?.id !== event.pointerId) return;
    const far = Math.hypot(event.clientX - drawing.x, event.clientY - drawing.y) > DRAG_PX;
    if (far && !drawing.moved) {
      find("screen").setPointerCapture(event.pointerId);
      emit(this, "draw");
    }
    drawing.moved ||= far;
    if (drawing.moved) this.#draw(drawing, event, false);
  }

  #draw({ kind, from }, event, final) {
    const area = fitArea(areaBetween(from, this.#box.shareAt(event)));
    if (kind === "look") question.set({ area }, { final });
    else if (final) this.#exclude(area);
    else this.#showDraft(area);
    if (final || kind === "look") this.#showDraft(null);
  }

  #showDraft(area) {
    const node = find("area-draft");
    node.hidden = !area;
    for (const [name, share] of [["left", "x"], ["top", "y"], ["width", "width"], ["height", "height"]]) {
      if (area) node.style[name] = `${area[share] * 100}%`;
    }
  }

  #up(event, finished) {
    const drawing = this.#drawing;
    if (drawing?.id !== event.pointerId) return;
    this.#drawing = null;
    this.#showDraft(null);
    if (!drawing.moved) return;
    this.#ignoreClick = true;
    setTimeout(() => (this.#ignoreClick = false)); // the click comes first, if it comes
    if (!finished && drawing.kind === "exclude") return;
    this.#draw(drawing, event, true);
    this.arm(null);
  }

  /* A click on the picture plays or pauses, unless it ends a drag, or leaves the rectangle. */
  #click(event) {
    if (!find("picture").contains(event.target)) return;
    const leaves = question.area !== null || this.armed !== null;
    if (!leaves && !this.#ignoreClick) return;
    event.stopPropagation();
    if (!this.#ignoreClick) this.leave();
    this.#ignoreClick = false;
  }

  /* --- what is there --- */

  #questionChanged(changed) {
    if (changed.includes("area")) this.#showLook();
    if (changed.includes("excluded")) this.#showExcluded();
  }

  #showLook() {
    const { area } = question;
    if (!area) {
      this.#look?.node.remove();
      this.#look = null;
      return;
    }
    this.#look ??= this.#add("look", {
      change: (changed, final) => question.set({ area: changed }, { final }),
      remove: () => this.leave(),
    });
    this.#look.show(area, "Look here", `Look here: ${shareText(area)} of the picture. ${HOW}`);
  }

  #showExcluded() {
    const { excluded } = question;
    while (this.#excluded.length > excluded.length) this.#excluded.pop().node.remove();
    excluded.forEach(({ name, lifted, ...area }, at) => {
      this.#excluded[at] ??= this.#add("excluded", {
        change: (changed, final) => this.#replaceExcluded(at, { ...question.excluded[at], ...changed }, final),
        remove: () => this.#replaceExcluded(at, null, true),
      });
      const box = this.#excluded[at];
      box.node.hidden = lifted;
      box.show(area, name, `Not here, ${name}: ${shareText(area)} of the picture. ${HOW}`);
    });
  }

  #replaceExcluded(at, one, final) {
    const excluded = question.excluded.toSpliced(at, 1, ...(one ? [one] : []));
    question.set({ excluded }, { final });
  }

  #add(kind, { change, remove }) {
    const box = new AreaBox(kind, (event) => this.#box.shareAt(event));
    box.addEventListener("change", ({ area, final }) => change(area, final));
    box.addEventListener("remove", remove);
    box.addEventListener("leave", () => (kind === "look" ? remove() : box.node.blur()));
    find("areas").append(box.node);
    return box;
  }
}
