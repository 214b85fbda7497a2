/* health.js - how the recorder is: in a word at the top, and in the panel's figures. */
import * as api from "./api.js";
import { since } from "./camera.js";
import { element, find, setText } from "./dom.js";
import { formatBytes, formatClock, formatDay, formatLength, HOUR, SECOND } from "./time.js";

const POLL_MS = 5000;

const RECORDING = {
  recording: (r) => `on, ${since(r.since)}`,
  off: (r) => `switched off ${since(r.since)}`,
  waiting: () => "waits for the camera",
  encoder: () => "the encoder is being started again",
  "no pictures": () => "the camera's frames cannot be decoded",
  disk: (r) => `the disk does not take it: ${r.disk_error ?? "no reason is known"}`,
};

function lasts(free, perHour) {
  if (!(perHour > 0) || !(free >= 0)) return "not known yet";
  return `about ${formatLength(free / perHour * HOUR)} at the present rate`;
}

const memoryWords = (memory) => (memory?.seconds ? `${formatLength(memory.seconds * SECOND)} (${formatBytes(memory.bytes)})` : "empty");

function errorWords(info) {
  if (!info.last_error) return "none";
  const at = Date.parse(info.last_error_time);
  return `${info.last_error} (${formatDay(at, false)}, ${formatClock(at)})`;
}

function encoderWords({ encoder, behind_seconds: behind, thinned }) {
  const late = behind > 2 ? `, ${formatLength(behind * SECOND)} behind` : "";
  return `${encoder ?? "none"}${late}${thinned ? `, ${thinned} frames left out` : ""}`;
}

/* [word, figure] */
function figures(info, archive) {
  const { recording } = info, used = archive.segments.reduce((sum, file) => sum + file.size, 0);
  return [
    ["Recording", (RECORDING[recording.state] ?? (() => recording.state))(recording)],
    ["Camera", [info.name ?? info.device ?? "none", info.format].filter(Boolean).join(", ")],
    ["Picture", `${info.resolution.width} × ${info.resolution.height}, ${info.measured_fps.toFixed(1)} of ${info.fps.toFixed(0)} fps`],
    ["Disk used", formatBytes(used)],
    ["Disk free", formatBytes(recording.disk_free_bytes)],
    ["Room for", lasts(recording.disk_free_bytes, archive.bytesPerHour)],
    ["In memory", memoryWords(info.memory)],
    ["Frames lost", `${info.lost} lost, ${info.damaged} damaged, of ${info.frames}`],
    ["Encoder", encoderWords(recording)],
    ["Last error", errorWords(info)],
  ];
}

export class Health {
  #camera;
  #allow;
  #timer = 0;
  #stopped = false;

  /* `allow` is told whether the recorder takes changes. */
  constructor(camera, allow) {
    this.#camera = camera;
    this.#allow = allow;
    this.#poll();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /* The figures, from what the page knows anyway. */
  draw(info, archive) {
    if (!info || find("health").hidden) return;
    const rows = figures(info, archive), list = find("health-figures");
    if (list.children.length !== rows.length * 2) list.replaceChildren(...rows.flatMap(() => [element("dt"), element("dd")]));
    rows.forEach(([word, figure], number) => {
      setText(list.children[2 * number], word);
      setText(list.children[2 * number + 1], figure);
    });
  }

  async #poll() {
    const answer = await api.health(this.#camera).catch(() => ({ status: "failed", reasons: ["The recorder cannot be reached."], warnings: [] }));
    if (this.#stopped) return;
    this.#say(answer);
    if ("allow_control" in answer) this.#allow(answer.allow_control);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #say({ status, reasons = [], warnings = [] }) {
    const words = { ok: "All is well", warning: "A warning", failed: "Trouble" }[status] ?? "Trouble";
    find("health-button").dataset.status = status;
    setText(find("health-word"), words);
    const list = find("health-reasons"), sentences = [...reasons, ...warnings];
    if (list.textContent === sentences.join("")) return;
    list.replaceChildren(...sentences.map((text) => element("li", {}, text)));
  }
}
