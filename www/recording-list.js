/* recording-list.js - the list of recordings: to play and to download. */
import * as api from "./api.js";
import { element, find, setText } from "./dom.js";
import { downloadLink, iconButton, row } from "./list-row.js";
import { formatBytes, formatClock, formatDate, formatLength } from "./time.js";

const PAGE_ROWS = 100;
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
