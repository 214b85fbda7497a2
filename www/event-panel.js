/*
 * event-panel.js - events as a part of the page: the list, steps from event to event, and what happens right now. page:
 * {screen, cameras, overlay, tabs, view}
 */
import { Alerts } from "./alerts.js";
import { snapshotPath } from "./api.js";
import { find, setText } from "./dom.js";
import { EventList } from "./event-list.js";
import { findStep, hasEventAt, noStepText, LEAD_MS } from "./event-steps.js";
import { LiveEvents } from "./live-events.js";
import { question } from "./motion-question.js";
import { formatClock, SECOND } from "./time.js";

const LINE_MS = 20 * SECOND; // a line about what has just happened disappears after that
const PICTURE_WIDTH = 320;
const LOW = "(max-height: 560px)"; // a phone on its side, which has room for pictures alone
const MOTION = ["motion-start", "motion-end"], TAMPERING = ["tampering", "tampering-end"];
const HAS_PICTURE = ["tampering", "camera-lost"]; // what was seen just before

export class EventPanel {
  live = new LiveEvents();
  alerts = new Alerts();
  #page;
  #line = 0; // timer
  #shown = null; // {camera, ms}: where the button of the line leads
  #stepping = false;
  #mode = "grid"; // as of the last listen()

  constructor(page) {
    const { screen, view } = page;
    this.#page = page;
    this.list = new EventList(screen, view.timeline);
    this.list.addEventListener("choose", ({ ms }) => this.#play(ms));
    this.live.addEventListener("notification", (event) => this.#happened(event));
    this.live.addEventListener("connected", ({ connected }) => connected && this.list.catchUp());
    this.alerts.addEventListener("change", () => this.#listen());
    this.alerts.addEventListener("open", (place) => this.#open(place));
    question.addEventListener("change", ({ changed }) => this.#questionChanged(changed));
    find("event-show").addEventListener("click", () => this.#shown && this.#open(this.#shown));
  }

  /* Another camera is open. */
  watch() {
    this.#hideLine();
    this.#listen();
    this.list.clear();
  }

  /* All cameras at once need the connections for their pictures. */
  #listen() {
    const { cameras, screen } = this.#page;
    this.#mode = screen.mode;
    this.live.listen(screen.mode === "grid" ? [] : [screen.cameraName], this.alerts.of(cameras.names));
  }

  /* To be called several times a second. */
  tick() {
    const { screen } = this.#page;
    this.list.mark(screen.playhead);
    if ((screen.mode === "grid") === (this.#mode === "grid")) return;
    this.#listen();
    this.list.catchUp();
  }

  /* Somebody looks at a part of the picture: the list has what moved there. */
  #questionChanged(changed) {
    if (changed.includes("area") && question.area && find("events").hidden) this.#page.tabs.show("events");
  }

  openAlerts() {
    this.alerts.open(this.#page.cameras.names);
  }

  showLastNight() {
    const { screen, tabs } = this.#page;
    if (screen.mode === "grid") return;
    tabs.show("events");
    this.list.show("night");
    find(matchMedia(LOW).matches ? "events-message" : "side").scrollIntoView({ block: "start" });
  }

  /* --- going to an event --- */

  #play(ms) {
    const { screen, view: { timeline } } = this.#page;
    if (!timeline.scale.contains(ms)) timeline.centre(ms);
    screen.showAt(ms);
    find("screen").scrollIntoView({ block: "nearest" });
  }

  #open({ camera, ms }) {
    const { screen } = this.#page;
    this.#hideLine();
    if (screen.mode === "grid" || camera !== screen.cameraName) screen.chooseCamera(camera);
    this.#play(ms - LEAD_MS);
  }

  /* by: 1 for the next event, -1 for the previous one */
  async step(by) {
    const { screen, overlay } = this.#page, { current, time: at } = screen;
    if (this.#stepping || screen.mode === "grid") return;
    this.#stepping = true;
    try {
      const query = { ...question.query, camera: screen.cameraName };
      const limits = { from: current.archive.from ?? 0, now: screen.now() };
      const { ms, unknown } = await findStep(query, by, at, limits);
      if (screen.current !== current) return;
      if (ms === null) overlay.notify(noStepText(by, unknown));
      else this.#play(ms);
    } catch (problem) {
      overlay.notify(`Cannot find the event: ${problem.message}`);
    } finally {
      this.#stepping = false;
    }
  }

  /* --- what happens now --- */

  async #happened({ camera, kind, data }) {
    const { screen } = this.#page, mine = camera === screen.cameraName, ms = data.time * SECOND;
    if (kind === "segment") return;
    if (kind === "state") return void (mine && this.#follow(kind));
    this.alerts.tell({ camera, kind, data }, ms, snapshotPath(camera, ms, PICTURE_WIDTH));
    if (mine && kind === "lost") return void this.list.reload();
    if (mine) this.#follow(kind);
    if (kind === "motion-start") {
      if (await this.#counts(camera, ms)) this.#showLine(camera, `Movement ${formatClock(ms)}`, { camera, ms });
    } else if (!MOTION.includes(kind) && data.text && !(mine && this.#isSeen(kind))) {
      this.#showLine(camera, data.text, HAS_PICTURE.includes(kind) ? { camera, ms } : null);
    }
  }

  /* The live picture itself says that the camera is lost. */
  #isSeen(kind) {
    return this.#page.screen.mode === "live" && kind.startsWith("camera-");
  }

  /* The list and the state of the camera at once, and not at the next time that they are asked for anyway. */
  #follow(kind) {
    const { camera, health } = this.#page.screen.current;
    if (MOTION.includes(kind) || TAMPERING.includes(kind)) return void this.list.catchUp();
    camera.refresh();
    health.refresh();
  }

  /* Whether the page's question is about that movement. Notifications tell all movement. */
  async #counts(camera, ms) {
    const { area, not, strength } = question.query;
    if (!area && !not.length && !strength) return true;
    return hasEventAt({ ...question.query, camera }, ms).catch(() => true);
  }

  /* place: {camera, ms} that can be shown, or null */
  #showLine(camera, text, place) {
    const { cameras } = this.#page;
    clearTimeout(this.#line);
    this.#shown = place;
    find("event-show").hidden = !place;
    find("event-line").hidden = false;
    setText(find("event-text"), cameras.several ? `${camera}: ${text}` : text);
    this.#line = setTimeout(() => this.#hideLine(), LINE_MS);
  }

  #hideLine() {
    clearTimeout(this.#line);
    find("event-line").hidden = true;
  }
}
