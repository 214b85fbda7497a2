/*
 * clip-list.js - the list of kept clips, with a picture and the moment of the footage: to play, to download and, if
 * that is allowed, to rename and to delete.
 */
import * as api from "./api.js";
import { askForText, askToConfirm, openClip } from "./panels.js";
import { clipFile, LABEL_TOO_LONG, labelFits } from "./clip-name.js";
import { element, find, setText } from "./dom.js";
import { downloadLink, iconButton, row } from "./list-row.js";
import { ClipPictures } from "./clip-pictures.js";
import { formatBytes, formatDate, formatDay, formatClock, formatLength, SECOND } from "./time.js";

const NO_CLIPS = "No clips have been kept yet.";
const HOW_TO_KEEP = "Select a range on the timeline and press Keep. Kept clips stay until somebody deletes them.";

/* What the list shows for a clip: its label, or its file if it has none or it cannot be read. */
const nameOf = ({ file, label }) => label || file.replace(/\.mp4$/, "");

/* Sun 17 May 2026, 10:23:05 · 18.0 s · 3.2 MB; if the file does not say when, when it was kept. */
export function detailOf({ start, duration, size, kept }) {
  const from = Date.parse(start);
  const when = Number.isNaN(from) ? `kept ${formatDate(Date.parse(kept))}` : `${formatDay(from)}, ${formatClock(from)}`;
  const length = duration === null ? null : formatLength(duration * SECOND);
  return [when, length, formatBytes(size)].filter(Boolean).join(" · ");
}

export class ClipList {
  #screen;
  #overlay;
  #pictures = new ClipPictures();
  #forbidden = null;
  #empty = false;

  constructor(screen, overlay) {
    this.#screen = screen;
    this.#overlay = overlay;
  }

  /* reason: why the recorder changes no clips, or null. */
  forbidChanges(reason) {
    this.#forbidden = reason;
    for (const button of find("clips-list").querySelectorAll("button[data-changes]")) button.hidden = Boolean(reason);
    find("clips-forbidden").hidden = !reason;
    setText(find("clips-forbidden"), reason ?? "");
    this.#showEmpty();
  }

  #showEmpty() {
    if (this.#empty) setText(find("clips-message"), this.#forbidden ? NO_CLIPS : `${NO_CLIPS} ${HOW_TO_KEEP}`);
  }

  async load() {
    try {
      const clips = await api.clips(this.#screen.cameraName);
      clips.sort((a, b) => Date.parse(b.kept) - Date.parse(a.kept));
      this.#pictures.clear();
      find("clips-list").replaceChildren(...clips.map((clip) => this.#row(clip)));
      setText(find("clips-message"), "");
      this.#empty = !clips.length;
      this.#showEmpty();
    } catch (problem) {
      setText(find("clips-message"), `Cannot list the clips: ${problem.message}`);
    }
  }

  #row(clip) {
    const url = api.path(`/clips/${encodeURIComponent(clip.file)}`, { camera: this.#screen.cameraName });
    const name = nameOf(clip), title = element("strong", { title: clip.file }, name);
    const play = iconButton("play", `Play ${name}`, () => openClip(name, url));
    const made = row(title, element("span", {}, detailOf(clip)), play, downloadLink(url, clipFile(name)),
      this.#changer("pencil", `Rename ${name}`, () => this.#rename(clip)),
      this.#changer("trash", `Delete ${name}`, () => this.#delete(clip)));
    const silent = { tabindex: "-1", "aria-hidden": "true" }; // the button Play does the same
    const picture = element("button", { class: "clip-picture", type: "button", title: `Play ${name}`, ...silent });
    picture.addEventListener("click", () => openClip(name, url));
    made.prepend(picture);
    this.#pictures.add(picture, url, `${clip.file} ${clip.kept} ${clip.size}`);
    return made;
  }

  #changer(name, label, act) {
    const button = iconButton(name, label, act);
    button.dataset.changes = "yes";
    button.hidden = Boolean(this.#forbidden);
    return button;
  }

  async #rename(clip) {
    const label = (await askForText("Name of the clip", nameOf(clip), "Rename"))?.trim();
    if (label === undefined || label === nameOf(clip)) return;
    if (!labelFits(label)) return this.#overlay.notify(LABEL_TOO_LONG);
    try {
      const renamed = await api.labelClip(this.#screen.cameraName, clip.file, label);
      this.#overlay.notify(`It is “${nameOf(renamed)}” now.`);
    } catch (problem) {
      this.#overlay.notify(`Cannot rename ${nameOf(clip)}: ${problem.message}`);
    }
    return this.load();
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
