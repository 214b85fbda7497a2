/*
 * live-events.js - what happens at the recorder's cameras, as it happens. The shared worker that fetches the live
 * pictures listens for all tabs (live-hub.js, event-feed.js).
 */
import { EVENTS } from "./event-feed.js";
import { emit } from "./events.js";
import { LiveHub } from "./live-hub.js";

const PING_MS = 5000;
const ALONE = 1; // connections of a tab in browsers without shared workers

function connectAlone() {
  const { port1, port2 } = new MessageChannel();
  new LiveHub(ALONE).connect(port1);
  return port2;
}

function startWorker() {
  try {
    return new SharedWorker("live-worker.js", { type: "module", name: "live" });
  } catch {
    return null;
  }
}

/*
 * Events: "notification" {camera, kind, data}: data as shared/notify/notification.h describes it; "connected" {camera,
 * connected}: whether notifications come at present.
 */
export class LiveEvents extends EventTarget {
  #port = null;
  #heard = false;
  #shown = new Set(); // cameras that are listened to while the page is visible
  #always = new Set(); // cameras that are listened to also while it is hidden
  #watched = new Set(); // as the worker was told

  /* Listens to those cameras, and to no others. shown: while the page is visible; always: whether or not it is. */
  listen(shown, always) {
    this.#shown = new Set(shown);
    this.#always = new Set(always);
    this.#follow();
  }

  get #wanted() {
    return new Set([...document.hidden ? [] : this.#shown, ...this.#always]);
  }

  #connect() {
    document.addEventListener("visibilitychange", () => this.#follow(this.#wanted, true));
    addEventListener("pagehide", () => this.#follow(new Set()));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#follow(this.#wanted, true));
    setInterval(() => this.#port.postMessage({ type: "ping" }), PING_MS);
    const worker = startWorker();
    if (!worker) return this.#use(connectAlone());
    worker.onerror = () => this.#heard || this.#use(connectAlone()); // an old browser that has no modules in workers
    return this.#use(worker.port);
  }

  #use(port) {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data);
    this.#follow(this.#wanted, true);
  }

  /* again: the worker may have forgotten what it was told, because the page was frozen or the worker is a new one. */
  #follow(wanted = this.#wanted, again = false) {
    if (!this.#port) return wanted.size ? this.#connect() : undefined;
    const send = (type, cameras) => {
      for (const camera of cameras) this.#port.postMessage({ type, camera, fps: EVENTS, large: false });
    };
    send("unwatch", [...this.#watched].filter((camera) => !wanted.has(camera)));
    send("watch", [...wanted].filter((camera) => again || !this.#watched.has(camera)));
    this.#watched = wanted;
    return undefined;
  }

  #receive({ camera, notification, connected, ping }) {
    this.#heard = true;
    if (ping) this.#port.postMessage({ type: "ping" });
    else if (notification) emit(this, "notification", { camera, ...notification });
    else if (connected !== undefined) emit(this, "connected", { camera, connected });
  }
}
