/*
 * clip-lists.js - the lists of kept clips and of recordings: to play, to download and, if that is allowed, to delete.
 */
import * as api from "./api.js";
import { element, find, icon, isDisabled, setDisabled, setText } from "./dom.js";
import { fetchFrameTimes } from "./frame-times.js";
import { askToConfirm, openClip } from "./panels.js";
import { formatBytes, formatClock, formatDate, formatLength, SECOND } from "./time.js";

const PAGE_ROWS = 100;
const NO_CLIPS = "No clips have been kept yet. Select a range on the timeline and press Keep. "
  + "Kept clips stay until somebody deletes them.";

function iconButton(name, label, act) {
  const button = element("button", { class: "quiet", type: "button", "aria-label": label, title: label }, icon(name));
  button.addEventListener("click", () => !isDisabled(button) && act(button));
  return button;
}

function downloadLink(href, file) {
  const properties = { class: "quiet", href, download: file, "aria-label": `Download ${file}`, title: "Download" };
  return element("a", properties, icon("download"));
}

function row(title, detail, ...buttons) {
  const text = element("div", { class: "row-text" }, title, detail);
  return element("li", {}, text, element("div", { class: "row-buttons" }, ...buttons));
}

/* What the list shows for a clip: its label, or its file if it has none or it cannot be read. */
const nameOf = ({ file, label }) => label || file.replace(/\.mp4$/, "");

const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);

/* Recordings, newest first; the archive knows them. */
export class RecordingList {
  #screen;
  #rows = PAGE_ROWS;
  #drawn = "";

  constructor(screen) {
    this.#screen = screen;
  }

  draw(archive) {
    const { segments, problem } = archive, newest = segments.at(-1);
    const state = `${segments.length} ${newest?.file} ${newest?.size} ${this.#rows} ${problem?.message}`;
    if (state === this.#drawn || find("recordings").hidden) return;
    this.#drawn = state;
    const shown = segments.slice(-this.#rows).reverse();
    find("recordings-list").replaceChildren(...shown.map((segment) => this.#row(segment)));
    setText(find("recordings-message"), this.#message(archive));
    const more = find("recordings-more");
    more.hidden = segments.length <= this.#rows;
    more.onclick = () => {
      this.#rows += PAGE_ROWS;
      this.draw(archive);
    };
  }

  #message({ segments, problem }) {
    if (problem) return `Cannot list the recordings: ${problem.message}`;
    if (!segments.length) return "Nothing has been recorded yet.";
    const count = segments.length === 1 ? "1 recording" : `${segments.length} recordings`;
    const length = formatLength(sum(segments, ({ from, to }) => to - from));
    return `${count}, ${length}, ${formatBytes(sum(segments, ({ size }) => size))}`;
  }

  #row({ file, from, to, size, state }) {
    const href = api.path(`/recordings/${encodeURIComponent(file)}`, { camera: this.#screen.cameraName });
    const detail = [state === "recording" ? "recording now" : null, formatLength(to - from), formatBytes(size)];
    return row(
      element("strong", {}, formatDate(from)),
      element("span", {}, detail.filter(Boolean).join(" · ")),
      iconButton("play", `Play from ${formatClock(from)}`, () => this.#screen.showAt(from)),
      downloadLink(href, file));
  }
}

export class ClipList {
  #screen;
  #overlay;
  #lengths = new Map(); // "file kept" -> milliseconds
  #forbidden = null;

  constructor(screen, overlay) {
    this.#screen = screen;
    this.#overlay = overlay;
  }

  /* reason: why the recorder deletes no clips, or null. */
  forbidDeleting(reason) {
    if (reason === this.#forbidden) return;
    this.#forbidden = reason;
    for (const button of find("clips-list").querySelectorAll("button[data-deletes]")) setDisabled(button, reason);
  }

  async load() {
    try {
      const clips = await api.clips(this.#screen.cameraName);
      clips.sort((a, b) => Date.parse(b.kept) - Date.parse(a.kept));
      find("clips-list").replaceChildren(...clips.map((clip) => this.#row(clip)));
      setText(find("clips-message"), clips.length ? "" : NO_CLIPS);
    } catch (problem) {
      setText(find("clips-message"), `Cannot list the clips: ${problem.message}`);
    }
  }

  #row(clip) {
    const url = api.path(`/clips/${encodeURIComponent(clip.file)}`, { camera: this.#screen.cameraName });
    const name = nameOf(clip), title = element("strong", { title: clip.file }, name), detail = element("span");
    this.#describe(clip, url, detail);
    const remove = iconButton("trash", `Delete ${name}`, () => this.#delete(clip));
    remove.dataset.deletes = "yes";
    setDisabled(remove, this.#forbidden);
    const play = iconButton("play", `Play ${name}`, () => openClip(name, url));
    return row(title, detail, play, downloadLink(url, `${name}.mp4`), remove);
  }

  /* The clip's own header says how long it is. */
  async #describe(clip, url, node) {
    const text = `${formatBytes(clip.size)} · kept ${formatDate(Date.parse(clip.kept))}`;
    const key = `${clip.file} ${clip.kept}`;
    setText(node, text);
    if (!this.#lengths.has(key)) {
      const times = await fetchFrameTimes(url).catch(() => [NaN]);
      this.#lengths.set(key, times.at(-1) * SECOND);
    }
    const length = this.#lengths.get(key);
    if (!Number.isNaN(length)) setText(node, `${formatLength(length)} · ${text}`);
  }

  async #delete(clip) {
    if (!await askToConfirm(`Delete ${nameOf(clip)}? This cannot be undone.`, "Delete")) return;
    try {
      const { store } = await api.deleteClip(this.#screen.cameraName, clip.file);
      this.#overlay.notify([`Deleted ${nameOf(clip)}.`, store].filter(Boolean).join(" "));
    } catch (problem) {
      this.#overlay.notify(`Cannot delete ${nameOf(clip)}: ${problem.message}`);
    }
    this.load();
  }
}
