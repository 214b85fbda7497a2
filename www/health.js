/* health.js - the health of the recorder: a word at the top, and the figures in the panel. */
import * as api from "./api.js";
import { since } from "./camera.js";
import { element, find, setText } from "./dom.js";
import { emit } from "./events.js";
import { drawRecordingSwitch } from "./recording-switch.js";
import { formatBytes, formatClock, formatDate, formatLength, formatWhen, HOUR, SECOND } from "./time.js";

const POLL_MS = 2000;
const STATUSES = { ok: "Healthy", warning: "Warning", failed: "Problem" };
const UNREACHABLE = { status: "failed", reasons: ["Cannot reach the recorder."], warnings: [] };

const OFF = { schedule: "off by the schedule (record.hours)", "camera off": "off, as the camera is" };

const until = (text) => (text ? `on again ${formatWhen(Date.parse(text))}` : "");

const RECORDING = {
  recording: (recording) => `on, ${since(recording.since)}`,
  off: (recording) => [OFF[recording.off_cause] ?? "off", since(recording.since), until(recording.on_at)]
    .filter(Boolean).join(", "),
  waiting: () => "waiting for the camera",
  encoder: () => "restarting the encoder",
  "no pictures": () => "the camera's frames cannot be decoded",
  disk: (recording) => `cannot write to the disk: ${recording.disk_error ?? "unknown reason"}`,
};

function recordingText({ state, recording }) {
  if (state === "off") return OFF["camera off"];
  return (RECORDING[recording.state] ?? (() => recording.state))(recording);
}

function pictureText({ resolution, measured_fps: measured, fps }) {
  return `${resolution.width} × ${resolution.height}, ${measured.toFixed(1)} of ${fps.toFixed(0)} fps`;
}

function roomText(free, perHour) {
  if (!(perHour > 0) || !(free >= 0)) return "not known yet";
  return `about ${formatLength(free / perHour * HOUR)} at the current rate`;
}

function memoryText(memory) {
  return memory?.seconds ? `${formatLength(memory.seconds * SECOND)} (${formatBytes(memory.bytes)})` : "empty";
}

function encoderText({ encoder, behind_seconds: behind, thinned }) {
  const late = behind > 2 ? `, ${formatLength(behind * SECOND)} behind` : "";
  return `${encoder ?? "none"}${late}${thinned ? `, ${thinned} frames dropped` : ""}`;
}

const MOTION = {
  off: () => "off",
  starting: () => "starting",
  running: (motion) => `watched, ${motion.records} seconds so far`,
  failing: (motion) => `not watched: ${motion.error ?? "unknown reason"}`,
};

function motionText(motion) {
  return (MOTION[motion?.state] ?? (() => "unknown"))(motion);
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/* How much of the footage is newer than what is in the store; null: nothing is. */
function behindText({ store, memory, recording }) {
  const newest = Date.parse(recording.state === "recording" ? memory?.to : recording.indexed_until);
  const behind = newest - Date.parse(store.until);
  if (Number.isNaN(behind)) return "nothing is known to be there";
  return behind < SECOND ? null : `${formatLength(behind)} behind`;
}

const STORE = {
  shipping: () => null,
  failing: ({ error, failing_since: time }) => `${error ?? "unknown reason"}, ${since(time)}`,
  down: () => "recorder-ship is not running",
};

/* info: of /camera_info. */
export function storeText(info) {
  const { store } = info;
  if (store === null) return "none: recordings are only here";
  if (!store) return "unknown";
  const { waiting_segments: waiting, deleted_unshipped: lost } = store;
  const parts = [(STORE[store.state] ?? (() => "unknown"))(store), behindText(info),
    waiting > 0 ? `${plural(waiting, "recording")} (${formatBytes(store.waiting_bytes)}) to go` : null,
    lost > 0 ? `${plural(lost, "recording")} deleted unshipped` : null].filter(Boolean);
  return parts.join(", ") || "all shipped";
}

function errorText({ last_error: error, last_error_time: time }) {
  return error ? `${error} (${formatDate(Date.parse(time))})` : "none";
}

/* Of a camera whose footage comes from the store. */
const remoteFigures = ({ remote }, used) => [
  ["Footage", remote?.text ?? "from the store"],
  ["Newest", remote?.newest ? formatWhen(Date.parse(remote.newest)) : "not known"],
  ["In the store", formatBytes(used)],
];

/* [label, figure] */
export function figures(info, archive) {
  const { recording } = info, used = archive.segments.reduce((sum, { size }) => sum + size, 0);
  if (info.state === "remote") return remoteFigures(info, used);
  return [
    ["Recording", recordingText(info)],
    ["Camera", [info.name ?? info.device ?? "none", info.format].filter(Boolean).join(", ")],
    ["Picture", pictureText(info)],
    ["Disk used", formatBytes(used)],
    ["Disk free", formatBytes(recording.disk_free_bytes)],
    ["Room for", roomText(recording.disk_free_bytes, archive.bytesPerHour)],
    ["Needed", recording.disk_need?.text ?? "unknown"],
    ["In memory", memoryText(info.memory)],
    ["Frames lost", `${info.lost} lost, ${info.damaged} damaged, of ${info.frames}`],
    ["Encoder", encoderText(recording)],
    ["Motion", motionText(info.motion)],
    ["Store", storeText(info)],
    ["Last error", errorText(info)],
  ];
}

/* Event: "change" when it is known whether the recorder allows changes. */
export class Health extends EventTarget {
  allowsControl = false;
  #camera;
  #timer = 0;
  #stopped = false;

  constructor(camera) {
    super();
    this.#camera = camera;
    this.#poll();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /* Draws the figures from what the page knows already. */
  draw({ info, infoAt, problem }, archive) {
    if (!info || find("health").hidden) return;
    find("health-old").hidden = !problem;
    setText(find("health-old"), `The recorder does not answer. What is known of it is of ${formatClock(infoAt)}:`);
    find("health-figures").classList.toggle("old", Boolean(problem));
    const rows = figures(info, archive), list = find("health-figures");
    drawRecordingSwitch(this.#camera, info.recording, this.allowsControl && !problem);
    if (list.children.length !== rows.length * 2) {
      list.replaceChildren(...rows.flatMap(() => [element("dt"), element("dd")]));
    }
    rows.forEach(([label, figure], number) => {
      setText(list.children[2 * number], label);
      setText(list.children[2 * number + 1], figure);
    });
  }

  /* Asks at once. */
  refresh() {
    clearTimeout(this.#timer);
    return this.#poll();
  }

  async #poll() {
    const answer = await api.health(this.#camera).catch(() => UNREACHABLE);
    if (this.#stopped) return;
    this.#show(answer);
    if ("allow_control" in answer) {
      this.allowsControl = answer.allow_control;
      emit(this, "change");
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #show({ status, reasons = [], warnings = [] }) {
    find("health-button").dataset.status = status;
    setText(find("health-status"), STATUSES[status] ?? STATUSES.failed);
    const list = find("health-reasons"), sentences = [...reasons, ...warnings];
    if (list.textContent === sentences.join("")) return;
    list.replaceChildren(...sentences.map((text) => element("li", {}, text)));
  }
}
