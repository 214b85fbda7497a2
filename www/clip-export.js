/*
 * clip-export.js - downloads a clip with a bar that shows how far it is. What the page cannot hold goes to the
 * browser's own downloads.
 */
import { describe, Problem, request } from "./api.js";
import { find, setText } from "./dom.js";
import { saveFile } from "./picture-tools.js";
import { formatBytes } from "./time.js";

const LARGEST = 1e9; // bytes; browsers keep the pieces of a file that is being made in memory, then on the disk
const DAY_MS = 86400000; // the limit of fetch(): a slow line may take long; the bar shows that it moves
const LOST = "The connection to the recorder was lost. Press Download to try again.";

class TooLarge extends Error {}

/* The file name that the recorder gives (RFC 6266), or null. */
export function fileNameOf(disposition) {
  const [, coded] = disposition?.match(/filename\*=UTF-8''([^;]+)/i) ?? [];
  const [, plain] = disposition?.match(/filename="?([^";]+)"?/i) ?? [];
  try {
    return coded ? decodeURIComponent(coded) : plain ?? null;
  } catch {
    return plain ?? null;
  }
}

export class ClipExport {
  #overlay;
  #stop = null; // AbortController of what runs

  constructor(overlay) {
    this.#overlay = overlay;
    find("export-cancel").addEventListener("click", () => this.#stop?.abort());
  }

  get running() {
    return this.#stop !== null;
  }

  /* bytes: what it will have, or null; name: the file's, or null for the recorder's own. */
  async start({ url, bytes, name }) {
    if (this.running) return this.#overlay.notify("One clip is being downloaded already.");
    this.#stop = new AbortController();
    this.#show(0, bytes);
    try {
      if ((bytes ?? (await describe(url, this.#stop.signal)).bytes) > LARGEST) throw new TooLarge();
      const { blob, named } = await this.#fetch(url, this.#stop.signal);
      const file = name ?? named ?? "clip.mp4";
      saveFile(blob, file);
      this.#overlay.notify(`Downloaded ${file} (${formatBytes(blob.size)}).`);
    } catch (problem) {
      if (problem instanceof TooLarge) this.#leaveToBrowser(url, name);
      else if (!this.#stop.signal.aborted) this.#overlay.notify(problem instanceof Problem ? problem.message : LOST);
    }
    this.#stop = null;
    find("export").hidden = true;
    return undefined;
  }

  #leaveToBrowser(url, name) {
    const link = document.createElement("a");
    link.href = url;
    link.download = name ?? "";
    link.click();
    this.#overlay.notify("This is a large clip: the browser shows how far its download is.");
  }

  async #fetch(url, signal) {
    const answer = await request(url, { signal, limit: DAY_MS });
    const total = Number(answer.headers.get("Content-Length")), reader = answer.body.getReader(), pieces = [];
    for (let got = 0; ;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      this.#show(got += value.length, total);
    }
    const blob = new Blob(pieces, { type: "video/mp4" });
    return { blob, named: fileNameOf(answer.headers.get("Content-Disposition")) };
  }

  #show(got, total) {
    find("export").hidden = false;
    find("export-bar").max = total || 1;
    find("export-bar").value = got;
    setText(find("export-text"), total ? `${formatBytes(got)} of ${formatBytes(total)}` : formatBytes(got));
  }
}
