/* selection.js - the selected range: its fields, what a clip of it would be, and keeping one. */
import * as api from "./api.js";
import { clipFile, LABEL_TOO_LONG, labelFits } from "./clip-name.js";
import { find, setDisabled, setText, whileBusy } from "./dom.js";
import { emit } from "./events.js";
import { question } from "./motion-question.js";
import { AFTER_S, BEFORE_S } from "./moving-periods.js";
import { formatBytes, formatField, formatIso, formatLength, SECOND } from "./time.js";
import { readTime } from "./time-parse.js";

const DESCRIBE_AFTER_MS = 250;
const MARKED_MS = 10 * SECOND; // length of a selection of which only one end is marked

const NOTHING = "Nothing was recorded then.";
const KEPT_ALREADY = "This range has been kept already. It is in the list of clips.";
const ONLY_MOTION = "A clip of only what moved cannot be kept. Download it, or switch Only motion off.";

/* "2 gaps, 12.0 s in total (unplugged, disk)" */
export function gapText(gaps) {
  if (!gaps.length) return "no gaps";
  const length = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const causes = [...new Set(gaps.map((gap) => gap.cause).filter(Boolean))].join(", ");
  const count = gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`;
  return `${count}, ${formatLength(length)} in total${causes ? ` (${causes})` : ""}`;
}

/*
 * Events: "change" {final} when the range is another one (final: it is not being dragged any more), "keep" after a clip
 * was kept.
 */
export class Selection extends EventTarget {
  range = null; // {from, to}
  #screen;
  #overlay;
  #describing = null; // AbortController
  #timer = 0;
  #bytes = null; // that a download would have; null: not known yet
  #invalid = null; // why nothing can be done with this range

  constructor(screen, overlay) {
    super();
    question.addEventListener("change", ({ changed, final }) => this.#questionChanged(changed, final));
    this.#screen = screen;
    this.#overlay = overlay;
    for (const id of ["selection-from", "selection-to"]) {
      find(id).addEventListener("change", () => this.#readFields());
      find(id).addEventListener("keydown", (event) => event.key === "Enter" && this.#readFields());
    }
  }

  get #camera() {
    return this.#screen.cameraName;
  }

  /* The parameters that leave out what does not move. */
  get #only() {
    const { camera, ...query } = question.query;
    return question.only ? { only: "motion", ...query, before: BEFORE_S, after: AFTER_S } : {};
  }

  get url() {
    return api.footagePath(this.#camera, this.range.from, this.range.to, 1, this.#only);
  }

  /* What Download fetches, for clip-export.js. */
  get wanted() {
    const label = find("selection-label").value.trim();
    return { url: this.url, bytes: this.#bytes, name: label ? clipFile(label) : null };
  }

  get curl() {
    const [from, to] = [this.range.from, this.range.to].map(formatIso);
    return `curl -fOJ '${api.path("/footage", { from, to, camera: this.#camera, ...this.#only })}'`;
  }

  /* What a download would be depends on the question while only what moved is wanted. */
  #questionChanged(changed, final) {
    const concerned = changed.includes("only")
      || (question.only && ["area", "excluded", "strength"].some((name) => changed.includes(name)));
    if (this.range && final && concerned) this.set(this.range, true);
  }

  /*
   * final: the range stays as it is for now, so the recorder is asked about it. A clip begins on a whole second, where
   * the key frames are. So does the selection, which therefore describes exactly what a download will hold.
   */
  set(range, final) {
    this.range = range && range.to > range.from ? { ...range, from: Math.floor(range.from / SECOND) * SECOND } : null;
    find("selection").hidden = !this.range;
    this.#bytes = null;
    emit(this, "change", { final });
    this.#stopDescribing();
    if (!this.range) return;
    this.#writeFields();
    if (final) this.#timer = setTimeout(() => this.#describe(), DESCRIBE_AFTER_MS);
  }

  clear() {
    this.set(null, true);
  }

  /* Moves one end ("from" or "to") to `ms`. The other one stays if it can. */
  mark(end, ms) {
    const range = { ...(this.range ?? { from: ms, to: ms }), [end]: ms };
    if (range.from < range.to) this.set(range, true);
    else this.set(end === "from" ? { from: ms, to: ms + MARKED_MS } : { from: ms - MARKED_MS, to: ms }, true);
  }

  #writeFields() {
    const { from, to } = this.range;
    find("selection-from").value = formatField(from);
    find("selection-to").value = formatField(to);
    this.#show(formatLength(to - from));
    find("selection-download").href = this.url;
    find("selection-download").setAttribute("download", "");
  }

  #readFields() {
    const read = (side, after) => readTime(find(`selection-${side}`).value, this.#screen.now(), side, after);
    const { ms: from, error: wrongFrom } = read("from", null);
    const { ms: to, error: wrongTo } = read("to", wrongFrom ? null : from);
    if (this.range && Math.abs(from - this.range.from) < 1 && Math.abs(to - this.range.to) < 1) return;
    this.#stopDescribing();
    if (wrongFrom || wrongTo) this.#showInvalid(wrongFrom ?? wrongTo);
    else if (from >= to) this.#showInvalid("The end must be after the start.");
    else this.set({ from, to }, true);
  }

  #show(text) {
    this.#setSummary(text, false);
    this.#invalid = null;
    this.#updateButtons();
  }

  #showInvalid(text) {
    this.#setSummary(text, true);
    this.#invalid = text;
    this.#updateButtons();
  }

  #setSummary(text, wrong) {
    setText(find("selection-summary"), text);
    find("selection").classList.toggle("wrong", wrong);
  }

  #updateButtons() {
    for (const id of ["selection-download", "selection-play"]) setDisabled(find(id), this.#invalid);
    setDisabled(find("selection-keep"), this.#invalid ?? (question.only ? ONLY_MOTION : null));
  }

  #stopDescribing() {
    clearTimeout(this.#timer);
    this.#describing?.abort();
  }

  /* Shows what the recorder would send, before anything is fetched. */
  async #describe() {
    const { from, to } = this.range, { playable } = this.#screen.current, length = formatLength(to - from);
    if (!playable.hasAny(from, to)) return this.#showInvalid(`${length}. ${NOTHING}`);
    this.#describing = new AbortController();
    const { signal } = this.#describing;
    this.#show(`${length} · checking the size`);
    try {
      const { bytes } = await api.describe(this.url, signal);
      const missing = question.only ? "only what moved" : gapText(playable.gapsIn(from, to));
      if (!signal.aborted) this.#bytes = bytes;
      if (!signal.aborted) this.#show([length, formatBytes(bytes), missing].join(" · "));
    } catch (problem) {
      const why = problem.status === 404 ? NOTHING : problem.message;
      if (!signal.aborted) this.#showInvalid(`${length}. ${why}`);
    }
    return undefined;
  }

  async keep() {
    const { from, to } = this.range, label = find("selection-label").value.trim();
    if (!labelFits(label)) return this.#overlay.notify(LABEL_TOO_LONG);
    const keep = () => api.keepClip(this.#camera, from, to, label);
    try {
      const clip = await whileBusy(find("selection-keep"), "Keeping", keep);
      if (!clip) return undefined;
      find("selection-label").value = "";
      this.#overlay.notify(`Kept ${clip.label ? `“${clip.label}” ` : ""}as ${clip.file} (${formatBytes(clip.size)}).`);
      emit(this, "keep");
    } catch (problem) {
      this.#setSummary(problem.status === 409 ? KEPT_ALREADY : problem.message, true); // it can be tried again
      this.#invalid = null;
      this.#updateButtons();
    }
    return undefined;
  }

  /* reason: why the recorder keeps no clips, or null. What cannot work is not shown; the reason is. */
  forbidKeeping(reason) {
    find("selection-keep").hidden = Boolean(reason);
    find("selection-forbidden").hidden = !reason;
    setText(find("selection-forbidden"), reason ?? "");
  }
}
