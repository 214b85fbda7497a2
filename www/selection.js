/* selection.js - the bar of a cut: its times, what it would be, and what can be done with it. */
import * as api from "./api.js";
import { copyText, find, isDisabled, setDisabled, setText, whileBusy } from "./dom.js";
import { formatBytes, formatField, formatIso, formatLength, parseTime, SECOND } from "./time.js";

const ASK_MS = 250;

const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;

/* 2 gaps, 12.0 s in all (unplugged, disk) */
export function gapWords(gaps) {
  if (!gaps.length) return "no gaps";
  const length = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const causes = [...new Set(gaps.map((gap) => gap.cause).filter(Boolean))].join(", ");
  return `${many(gaps.length, "gap", "gaps")}, ${formatLength(length)} in all${causes ? ` (${causes})` : ""}`;
}

export class Cut {
  range = null;
  #owner;
  #asking = null;
  #timer = 0;
  #useless = null;
  #forbidden = null;

  /* owner: {camera(), hasAny(from, to), gapsIn(from, to), changed(range), play(range), kept(), address(range), now(), tell(text)} */
  constructor(owner) {
    this.#owner = owner;
    for (const id of ["cut-from", "cut-to"]) {
      find(id).addEventListener("change", () => this.#typed());
      find(id).addEventListener("keydown", (event) => event.key === "Enter" && this.#typed());
    }
    find("cut-download").addEventListener("click", (event) => isDisabled(event.currentTarget) && event.preventDefault());
    this.#on("cut-play", () => this.#owner.play(this.range));
    this.#on("cut-keep", () => this.#keep());
    this.#on("cut-link", () => this.#copy(this.#owner.address(this.range), "The link is in the clipboard."));
    this.#on("cut-curl", () => this.#copy(this.curl, "The curl line is in the clipboard."));
    this.#on("cut-close", () => this.set(null, true));
  }

  #on(id, act) {
    const button = find(id);
    button.addEventListener("click", () => !isDisabled(button) && act());
  }

  get url() {
    return api.footagePath(this.#owner.camera(), this.range.from, this.range.to);
  }

  get curl() {
    const times = [this.range.from, this.range.to].map(formatIso);
    return `curl -OJ '${location.origin}${api.path("/footage", { from: times[0], to: times[1], camera: this.#owner.camera() })}'`;
  }

  /*
   * done: the range will stay so for now, and may be asked about. A clip begins on a whole second (there the key frames are), so the
   * cut does: what is said of it is what will be got.
   */
  set(range, done) {
    this.range = range && range.to > range.from ? { ...range, from: Math.floor(range.from / SECOND) * SECOND } : null;
    find("cut").hidden = !this.range;
    this.#owner.changed(this.range, done);
    this.#stopAsking();
    if (!this.range) return;
    this.#write();
    if (done) this.#timer = setTimeout(() => this.#ask(), ASK_MS);
  }

  #stopAsking() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /* Keys I and O: one end here, the other one where it was, or a little away. */
  mark(end, ms) {
    const range = { ...(this.range ?? { from: ms, to: ms }), [end]: ms };
    if (range.from >= range.to) range[end === "from" ? "to" : "from"] = ms + (end === "from" ? 10000 : -10000);
    this.set(range, true);
  }

  #write() {
    const { from, to } = this.range;
    find("cut-from").value = formatField(from);
    find("cut-to").value = formatField(to);
    this.#say(`${formatLength(to - from)}`, false);
    const download = find("cut-download");
    download.href = this.url;
    download.setAttribute("download", "");
  }

  /* useless: nothing can be done with this cut, for the reason that is said. */
  #say(text, wrong, useless = wrong) {
    setText(find("cut-words"), text);
    find("cut").classList.toggle("wrong", wrong);
    this.#useless = useless ? text : null;
    this.#enable();
  }

  #enable() {
    for (const id of ["cut-download", "cut-play"]) setDisabled(find(id), this.#useless);
    setDisabled(find("cut-keep"), this.#forbidden ?? this.#useless);
  }

  #typed() {
    const [from, to] = ["cut-from", "cut-to"].map((id) => parseTime(find(id).value, this.#owner.now()));
    if (this.range && Math.abs(from - this.range.from) < 1 && Math.abs(to - this.range.to) < 1) return;
    this.#stopAsking();
    if (Number.isNaN(from) || Number.isNaN(to)) {
      this.#say("That is not a time. Right are 10:23:05, 2026-05-17 10:23:00 and -90s.", true);
      return;
    }
    if (from >= to) {
      this.#say("The end has to lie behind the beginning.", true);
      return;
    }
    this.set({ from, to }, true);
  }

  /* What the recorder would send, before anything is fetched. */
  async #ask() {
    const { from, to } = this.range;
    if (!this.#owner.hasAny(from, to)) return this.#say(`${formatLength(to - from)}. Nothing is recorded there.`, true);
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#say(`${formatLength(to - from)} · asking for its size`, false);
    try {
      const clip = await api.describe(this.url, signal);
      if (!signal.aborted) this.#say([formatLength(to - from), formatBytes(clip.bytes), gapWords(this.#owner.gapsIn(from, to))].join(" · "), false);
    } catch (problem) {
      if (!signal.aborted) this.#say(`${formatLength(to - from)}. ${problem.message}`, true);
    }
    return undefined;
  }

  async #copy(text, done) {
    const copied = await copyText(text, find("cut-copy"));
    this.#owner.tell(copied ? done : "The browser does not let this page copy: the text is marked, press Ctrl+C.");
  }

  async #keep() {
    const { from, to } = this.range, name = find("cut-name").value.trim();
    try {
      const clip = await whileBusy(find("cut-keep"), "Keeping", () => api.keepClip(this.#owner.camera(), from, to, name));
      if (!clip) return;
      find("cut-name").value = "";
      this.#owner.tell(`Kept as ${clip.file} (${formatBytes(clip.size)}).`);
      this.#owner.kept();
    } catch (problem) {
      this.#say(problem.message, true, false);
    }
  }

  /* Keeping where the recorder allows no changes: the button stays and says why. */
  allow(why) {
    this.#forbidden = why;
    this.#enable();
  }
}
