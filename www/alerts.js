/*
 * alerts.js - notifications of the browser about what a camera sees, for as long as the page is open. Whether and when
 * is chosen per camera, on this device, and kept in the browser.
 */
import { element, find, setText } from "./dom.js";
import { emit } from "./events.js";
import { MINUTE } from "./time.js";

const STORED = "recorder.alerts";
const PAUSE_MS = MINUTE; // between two notifications that something moved
const KINDS = ["motion-start", "tampering", "camera-lost", "disk-failing", "encoder-failing"];
const NEEDS_HTTPS = "This browser only shows notifications of pages that are opened over HTTPS, or on the recorder's "
  + "own machine (localhost).";
const NOT_THERE = "This browser cannot show notifications of a page.";
const FORBIDDEN = "This browser does not let this page show notifications. You can allow that in its settings.";
const EXPLANATION = "While this page is open, also in the background, the browser tells you when something moves, at "
  + "most once a minute, and when the camera, the disk or the encoder fails.";

/* Why this browser shows no notifications of the page, or null. */
export function alertsProblem({ isSecureContext, Notification } = globalThis) {
  if (!isSecureContext) return NEEDS_HTTPS;
  if (!Notification) return NOT_THERE;
  return Notification.permission === "denied" ? FORBIDDEN : null;
}

const minutesOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/* Whether a time is in the quiet hours. quiet: {on, from: "22:00", to: "07:00"}; they may go past midnight. */
export function isQuiet({ on, from, to }, ms) {
  const date = new Date(ms), at = date.getHours() * 60 + date.getMinutes();
  const [start, end] = [minutesOf(from), minutesOf(to)];
  return on && (start <= end ? start <= at && at < end : at >= start || at < end);
}

function readStored() {
  const nothing = { cameras: [], quiet: { on: false, from: "22:00", to: "07:00" } };
  try {
    const { cameras, quiet } = JSON.parse(localStorage.getItem(STORED));
    const isTime = (text) => /^\d\d:\d\d$/.test(text);
    return Array.isArray(cameras) && isTime(quiet.from) && isTime(quiet.to) ? { cameras, quiet } : nothing;
  } catch {
    return nothing;
  }
}

/* Events: "change" when other cameras are chosen, "open" {camera, ms} when a notification was clicked. */
export class Alerts extends EventTarget {
  #stored = readStored();
  #saidAt = new Map(); // camera -> when a movement was told last

  constructor() {
    super();
    for (const id of ["alerts-quiet", "alerts-from", "alerts-to"]) {
      find(id).addEventListener("change", () => this.#quietChanged());
    }
  }

  /* The cameras, of those that exist, that are to be told about. names: as in CameraList. */
  of(names) {
    return alertsProblem() ? [] : names.filter((name) => this.#stored.cameras.includes(name ?? ""));
  }

  open(names) {
    const problem = alertsProblem(), { on, from, to } = this.#stored.quiet;
    find("alerts-choices").hidden = problem !== null;
    setText(find("alerts-message"), problem ?? EXPLANATION);
    find("alerts-cameras").replaceChildren(...names.map((name) => this.#row(name)));
    find("alerts-quiet").checked = on;
    find("alerts-from").value = from;
    find("alerts-to").value = to;
    find("alerts").showModal();
  }

  #row(name) {
    const box = element("input", { type: "checkbox", checked: this.#stored.cameras.includes(name ?? "") });
    box.addEventListener("change", () => this.#choose(name, box));
    return element("li", {}, element("label", {}, box, ` ${name ?? "Notify me"}`));
  }

  /* The first notification says that they are on, and shows whether the browser allows any. */
  async #choose(name, box) {
    const allowed = !box.checked || await globalThis.Notification.requestPermission() === "granted";
    const works = allowed && (!box.checked || this.#show({ id: "on", text: "Notifications are on." }, name, null));
    if (!works) {
      box.checked = false;
      setText(find("alerts-message"), allowed ? NOT_THERE : FORBIDDEN);
    }
    const others = this.#stored.cameras.filter((one) => one !== (name ?? ""));
    this.#store({ cameras: box.checked ? [...others, name ?? ""] : others });
  }

  #quietChanged() {
    const [from, to] = ["alerts-from", "alerts-to"].map((id) => find(id).value);
    if (from && to) this.#store({ quiet: { on: find("alerts-quiet").checked, from, to } });
  }

  #store(values) {
    Object.assign(this.#stored, values);
    try {
      localStorage.setItem(STORED, JSON.stringify(this.#stored));
    } catch {
      // The choice holds until the page is closed.
    }
    emit(this, "change");
  }

  /* Shows what a camera has told, unless somebody is looking at the page. picture: the address of a small one. */
  tell({ camera, kind, data }, ms, picture) {
    const wanted = KINDS.includes(kind) && this.of([camera]).length && globalThis.Notification.permission === "granted";
    if (!wanted || document.hasFocus() || isQuiet(this.#stored.quiet, ms)) return;
    if (kind === "motion-start") {
      if (performance.now() - (this.#saidAt.get(camera) ?? -PAUSE_MS) < PAUSE_MS) return;
      this.#saidAt.set(camera, performance.now());
    }
    this.#show(data, camera, ms, picture);
  }

  /* ms: where a click leads, or null. Returns false in the browser of a phone, which does not let a page do that. */
  #show({ id, text }, camera, ms, picture) {
    try {
      const note = new globalThis.Notification(camera ?? "Recorder", { body: text, icon: picture, tag: id });
      note.onclick = () => {
        window.focus();
        note.close();
        if (ms !== null) emit(this, "open", { camera, ms });
      };
      return true;
    } catch {
      return false;
    }
  }
}
