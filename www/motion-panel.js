/*
 * motion-panel.js - everything that the page shows of motion: the strip below the recordings, the rectangles on the
 * picture, the numbers of events, the heat map, and playback of only what moves.
 */
import { copyText, find, setText } from "./dom.js";
import { emit } from "./events.js";
import {
  cleanName, freeName, iniLine, loadExcluded, mayAdd, mergeExcluded, saveExcluded,
} from "./excluded-areas.js";
import { ExcludedList } from "./excluded-list.js";
import { HeatMap } from "./heat-map.js";
import { MaskedParts } from "./masked-parts.js";
import { countText, MotionCounts } from "./motion-counts.js";
import { question, STRENGTHS } from "./motion-question.js";
import { MotionSteps } from "./motion-steps.js";
import { MovingPeriods } from "./moving-periods.js";
import { PictureAreas } from "./picture-areas.js";
import { PictureBox } from "./picture-box.js";
import { formatWhen } from "./time.js";

const REST_MS = 250; // the timeline rests once it has not moved for so long
const DRIFT = 0.02; // with live, the period that is asked about follows in steps of that share
const SWITCH_ON = "To watch for motion, set enabled = yes in the section [motion] of recorder.ini.";
const PRESSED = { look: "look-here", exclude: "not-here" };

/* A sentence about why nothing is known of what moves, or "". info: of /camera_info; steps: a MotionSteps. */
export function motionMessage(info, steps) {
  const { state, error } = info?.motion ?? {};
  if (steps.problem) return `Cannot load what moved: ${steps.problem.message}`;
  const nothing = steps.range !== null && steps.covered.length === 0;
  if (state === "off") return `${nothing ? "It is not known what moved here: m" : "M"}otion is off. ${SWITCH_ON}`;
  if (state === "failing") return `Motion is not watched at present: ${error ?? "the reason is unknown"}.`;
  return nothing ? "It is not known what moved in this period: there are no records of it." : "";
}

/* Events: "change" when what belongs into the address is different, "look" when somebody begins to look at a part. */
export class MotionPanel extends EventTarget {
  #screen;
  #view;
  #overlay;
  #steps = new MotionSteps();
  #box = new PictureBox(find("areas"));
  #areas = new PictureAreas(this.#box);
  #masked = new MaskedParts(find("masked"));
  #counts = new MotionCounts();
  #list = new ExcludedList();
  #heat = new HeatMap();
  #movedAt = 0; // when the timeline moved last
  #looks = false; // there is a rectangle to look at
  #applying = false; // an address says the question: that is no reason to remember it

  constructor(screen, view, overlay) {
    super();
    Object.assign(view.timeline.model, { motion: this.#steps });
    this.#screen = screen;
    this.#view = view;
    this.#overlay = overlay;
    view.timeline.addEventListener("move", () => (this.#movedAt = performance.now()));
    this.#steps.addEventListener("change", () => view.timeline.draw());
    this.#counts.addEventListener("change", () => this.#showCounts());
    this.#areas.addEventListener("arm", () => this.#showButtons());
    this.#areas.addEventListener("draw", () => overlay.notify(""));
    this.#areas.addEventListener("exclude", ({ area }) => this.#addExcluded(area));
    question.addEventListener("change", ({ changed, final }) => this.#questionChanged(changed, final));
  }

  /* Another camera is shown, whose parts that do not count are others. */
  open() {
    const { camera } = this.#screen.current;
    this.#steps.clear();
    this.#counts.open();
    question.set({ camera: camera.name, area: null, excluded: loadExcluded(camera.name), range: null });
    this.#followOnly();
  }

  /* state: {area, excluded, strength, only, heat} of an address. */
  apply({ area, excluded, strength, only, heat }) {
    const stored = loadExcluded(question.camera);
    this.#applying = true;
    question.set({ area, excluded: excluded ? mergeExcluded(excluded, stored) : stored, strength, only });
    this.#applying = false;
    if (heat !== this.#heat.shown) this.showHeat(heat);
    this.#showButtons();
  }

  get state() {
    const { area, excluded, strength, only } = question;
    return { area, excluded, strength, only, heat: this.#heat.shown };
  }

  /* To be called several times a second. */
  tick(now) {
    const { current, mode } = this.#screen, { scale } = this.#view.timeline;
    if (mode === "grid") return;
    this.#box.tick();
    this.#masked.show(current.camera.status.info);
    this.#steps.follow(scale, now);
    this.#followRange(scale, now);
    const message = motionMessage(current.camera.status.info, this.#steps);
    find("motion-message").hidden = !message;
    setText(find("motion-message"), message);
  }

  #followRange(scale, now) {
    if (performance.now() - this.#movedAt < REST_MS) return;
    const { range } = question, from = Math.floor(scale.from), to = Math.ceil(Math.min(scale.to, now));
    const drift = range ? Math.max(Math.abs(from - range.from), Math.abs(to - range.to)) : Infinity;
    if (to > from && drift > scale.length * DRIFT) question.set({ range: { from, to } });
  }

  /* --- the question --- */

  #questionChanged(changed, final) {
    const has = (...names) => names.some((name) => changed.includes(name));
    this.#showButtons();
    if (has("excluded") && final && !has("camera") && !this.#applying) this.#save();
    if (question.area && !this.#looks) emit(this, "look");
    this.#looks = question.area !== null;
    if (has("only")) this.#followOnly();
    else if (has("area", "excluded", "strength") && final) this.#screen.current?.playable.only?.reload();
    if (has("area", "excluded", "strength", "only") && final && !this.#applying) emit(this, "change");
  }

  #save() {
    const { camera, excluded } = question;
    const saved = saveExcluded(camera, excluded);
    if (!saved) this.#overlay.notify("This browser does not let the page remember these parts; the link does.");
  }

  #addExcluded(area) {
    const { excluded } = question;
    if (!mayAdd(excluded)) return this.#overlay.notify("No more parts are possible. Remove one first.");
    question.set({ excluded: [...excluded, { name: cleanName(freeName(excluded)), ...area, lifted: false }] });
    const field = find("excluded-list").lastElementChild?.querySelector("input");
    field?.select();
    return undefined;
  }

  setStrength(strength) {
    question.set({ strength });
  }

  async copyExcluded() {
    const copied = await copyText(iniLine(question.excluded), find("excluded-text"));
    this.#overlay.notify(copied ? "The line for a [hook NAME] of recorder.ini is on the clipboard."
      : "This browser does not let the page copy. The text is selected: press Ctrl+C to copy it.");
  }

  /* --- the picture --- */

  /* A button was pressed. keyboard: there is no pointer to draw with. */
  press(kind, keyboard) {
    if (this.#areas.armed === kind || (kind === "look" && question.area)) return this.#areas.leave();
    if (keyboard) return this.#areas.addInMiddle(kind);
    this.#areas.arm(kind);
    return this.#overlay.notify(kind === "look" ? "Drag a rectangle on the picture. Only what moves there is shown."
      : "Drag a rectangle on the picture. What moves there is left out.");
  }

  /* The key for Look here: it begins, or goes on with the rectangle that is there. */
  lookByKey() {
    if (this.#screen.mode !== "grid") this.#areas.addInMiddle("look");
  }

  /* Returns true if there was a rectangle, or the page was about to draw one. */
  leave() {
    const left = question.area !== null || this.#areas.armed !== null;
    this.#areas.leave();
    return left;
  }

  showHeat(shown = !this.#heat.shown) {
    this.#heat.show(shown);
    this.#showButtons();
    emit(this, "change");
  }

  /* --- only what moves --- */

  toggleOnly() {
    if (this.#screen.mode === "grid") return;
    question.set({ only: !question.only });
    if (!question.only || this.#screen.mode !== "live") return;
    this.#screen.showAt(question.range?.from ?? this.#screen.now());
  }

  #followOnly() {
    const { current } = this.#screen;
    if (!current) return;
    const { playable, player, archive, camera } = current;
    playable.only?.stop();
    playable.only = question.only ? new MovingPeriods(archive, () => camera.now()) : null;
    playable.only?.addEventListener("change", () => this.#periodsChanged(current));
    playable.only?.addEventListener("failed", ({ problem }) => this.#overlay.notify(problem.message));
    if (!question.only && player.playing) player.show(player.at, true);
  }

  /* What plays and does not move any more is skipped at once. */
  #periodsChanged({ player }) {
    if (this.#screen.mode === "playback" && player.playing && player.at !== null) player.show(player.at, true);
  }

  /* --- what is shown --- */

  #showButtons() {
    const press = (id, pressed) => find(id).setAttribute("aria-pressed", pressed);
    for (const [kind, id] of Object.entries(PRESSED)) press(id, this.#areas.armed === kind);
    if (question.area) press("look-here", true);
    press("heat-button", this.#heat.shown);
    press("only-motion", question.only);
    press("selection-only", question.only);
    for (const strength of STRENGTHS) press(`strength-${strength}`, question.strength === strength);
  }

  #showCounts() {
    const { counts } = this.#counts, { range } = question;
    const period = range ? ` from ${formatWhen(range.from)} to ${formatWhen(range.to)}` : "";
    for (const strength of STRENGTHS) {
      const text = counts ? countText(counts[strength]) : "–";
      setText(find(`count-${strength}`), text);
      const label = `${strength}: ${counts ? text : "an unknown number of"} events${period}`;
      find(`strength-${strength}`).setAttribute("aria-label", label);
    }
    this.#list.showCounts(counts);
  }
}
