/* clip-lists.js - kept clips and recordings: what there is, to be played, downloaded, and (clips, where it is allowed) deleted. */
import * as api from "./api.js";
import { element, find, icon, isDisabled, setDisabled, setText } from "./dom.js";
import { fetchFrameTimes } from "./frame-times.js";
import { formatBytes, formatClock, formatDay, formatLength, SECOND } from "./time.js";

const SHOWN = 100;

const iconButton = (name, label, act) => {
  const button = element("button", { class: "quiet", type: "button", "aria-label": label, title: label }, icon(name));
  button.addEventListener("click", () => !isDisabled(button) && act(button));
  return button;
};

const download = (href, file) =>
  element("a", { class: "quiet", href, download: file, "aria-label": `Download ${file}`, title: "Download" }, icon("download"));

function row(title, detail, ...buttons) {
  return element("li", {}, element("div", { class: "row-words" }, title, detail), element("div", { class: "row-buttons" }, ...buttons));
}

/* Recordings come with the archive; a list of ours shows them, newest first. */
export class Recordings {
  #owner;
  #shown = SHOWN;
  #drawn = "";

  /* owner: {camera(), play(ms)} */
  constructor(owner) {
    this.#owner = owner;
  }

  draw(archive) {
    const files = archive.segments, newest = files.at(-1);
    const state = `${files.length} ${newest?.file} ${newest?.size} ${this.#shown} ${archive.problem?.message}`;
    if (state === this.#drawn || find("recordings").hidden) return;
    this.#drawn = state;
    const shown = files.slice(-this.#shown).reverse();
    find("recordings-list").replaceChildren(...shown.map((file) => this.#row(file)));
    setText(find("recordings-words"), this.#words(archive));
    const more = find("recordings-more");
    more.hidden = files.length <= this.#shown;
    more.onclick = () => {
      this.#shown += SHOWN;
      this.draw(archive);
    };
  }

  #words({ segments, problem }) {
    if (problem) return `The list cannot be had: ${problem.message}`;
    if (!segments.length) return "Nothing is recorded yet.";
    const bytes = segments.reduce((sum, file) => sum + file.size, 0), length = segments.reduce((sum, file) => sum + file.to - file.from, 0);
    return `${segments.length} recordings, ${formatLength(length)}, ${formatBytes(bytes)}`;
  }

  #row(file) {
    const camera = this.#owner.camera(), href = api.path(`/recordings/${encodeURIComponent(file.file)}`, { camera });
    const open = file.state === "recording";
    return row(
      element("strong", {}, `${formatDay(file.from, false)}, ${formatClock(file.from)}`),
      element("span", {}, `${open ? "recording now · " : ""}${formatLength(file.to - file.from)} · ${formatBytes(file.size)}`),
      iconButton("play", `Play from ${formatClock(file.from)}`, () => this.#owner.play(file.from)),
      download(href, file.file));
  }
}

export class Clips {
  #owner;
  #durations = new Map();
  #why = null;

  /* owner: {camera(), open(title, url), ask(question, word), tell(text)} */
  constructor(owner) {
    this.#owner = owner;
  }

  /* `why` deleting is not allowed, or null. */
  allow(why) {
    if (why === this.#why) return;
    this.#why = why;
    for (const button of find("clips-list").querySelectorAll("button[data-deletes]")) setDisabled(button, why);
  }

  async load() {
    try {
      const clips = await api.clips(this.#owner.camera());
      clips.sort((a, b) => Date.parse(b.kept) - Date.parse(a.kept));
      find("clips-list").replaceChildren(...clips.map((clip) => this.#row(clip)));
      setText(find("clips-words"), clips.length ? "" : "No clip is kept yet. Cut one on the time line, then press Keep: it stays for good.");
    } catch (problem) {
      setText(find("clips-words"), `The list cannot be had: ${problem.message}`);
    }
  }

  #row(clip) {
    const url = api.path(`/clips/${encodeURIComponent(clip.file)}`, { camera: this.#owner.camera() });
    const kept = Date.parse(clip.kept), detail = element("span", {}, "");
    this.#describe(clip, url, `${formatBytes(clip.size)} · kept ${formatDay(kept, false)}, ${formatClock(kept)}`, detail);
    const remove = iconButton("trash", `Delete ${clip.file}`, () => this.#delete(clip));
    remove.dataset.deletes = "yes";
    setDisabled(remove, this.#why);
    return row(element("strong", { title: clip.file }, clip.file.replace(/\.mp4$/, "")), detail,
      iconButton("play", `Play ${clip.file}`, () => this.#owner.open(clip.file, url)), download(url, clip.file), remove);
  }

  /* The length stands in the clip's own header. */
  async #describe(clip, url, words, node) {
    setText(node, words);
    const key = `${clip.file} ${clip.kept}`;
    if (!this.#durations.has(key)) {
      const times = await fetchFrameTimes(url).catch(() => [NaN]);
      this.#durations.set(key, times.at(-1) * SECOND);
    }
    const length = this.#durations.get(key);
    if (!Number.isNaN(length)) setText(node, `${formatLength(length)} · ${words}`);
  }

  async #delete(clip) {
    if (!await this.#owner.ask(`Delete ${clip.file}? It cannot be brought back.`, "Delete")) return;
    try {
      await api.deleteClip(this.#owner.camera(), clip.file);
      this.#owner.tell(`${clip.file} is deleted.`);
    } catch (problem) {
      this.#owner.tell(`${clip.file} was not deleted: ${problem.message}`);
    }
    this.load();
  }
}
