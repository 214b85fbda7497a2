/* main.js - the page as a whole: its parts, how they follow each other, and its state in the address. */
import { addressOf, readAddress, writeAddress } from "./address.js";
import { Calendar } from "./calendar.js";
import { CameraList } from "./camera-list.js";
import { ClipExport } from "./clip-export.js";
import { ClipList } from "./clip-list.js";
import { keyTable, wireButtons } from "./commands.js";
import { find, setText } from "./dom.js";
import { EventPanel } from "./event-panel.js";
import { GapList } from "./gap-list.js";
import { listenKeys } from "./keys.js";
import { MotionPanel } from "./motion-panel.js";
import { Overlay } from "./overlay.js";
import { setUpDialogs, Tabs } from "./panels.js";
import { followFullScreen } from "./picture-tools.js";
import { PictureZoom } from "./picture-zoom.js";
import { RecordingList } from "./recording-list.js";
import { Screen } from "./screen.js";
import { Selection } from "./selection.js";
import { MINUTE } from "./time.js";
import { SetUp } from "./setup.js";
import { TimelineView } from "./timeline-view.js";

const TICK_MS = 100, REMEMBER_AFTER_MS = 400;
const AROUND_LINK_MS = 10 * MINUTE; // what the timeline shows around the time of a link
const VALID_LINK = "A valid one is t=2026-05-17T10:23:00.";
const NO_CONTROL = "To keep and delete clips from this device, set allow_control = yes in the section [http] of "
  + "recorder.ini (or local, for the recorder's own machine alone).";

class Page {
  overlay = new Overlay();
  tabs = new Tabs();
  cameras = new CameraList();
  zoom = new PictureZoom(); // before what else listens to presses on the picture
  screen = new Screen(this.overlay, this.cameras);
  view = new TimelineView();
  selection = new Selection(this.screen, this.overlay);
  motion = new MotionPanel(this.screen, this.view, this.overlay);
  exports = new ClipExport(this.overlay);
  clips = new ClipList(this.screen, this.overlay);
  setup = new SetUp(this.screen, this.overlay);
  recordings = new RecordingList(this.screen);
  gaps = new GapList(this.screen, this.view, this.overlay);
  calendar = new Calendar(this.screen, this.view);
  events = new EventPanel(this);
  #turn = 0; // a jump ends what an earlier link is still waiting for
  #arriving = true; // a link's time is still loading: the address stays as it is
  #timer = 0;
  #address = ""; // as this page has written or read it

  async start() {
    const keys = keyTable(this);
    setUpDialogs(keys);
    followFullScreen();
    wireButtons(this);
    listenKeys(keys);
    this.#listen();
    await this.cameras.load();
    this.#apply(readAddress());
    addEventListener("popstate", () => this.#apply(readAddress()));
    setInterval(() => this.#tick(), TICK_MS);
  }

  #listen() {
    const { cameras, motion, screen, selection, tabs, view: { timeline } } = this;
    cameras.addEventListener("status", ({ camera }) => this.#statusChanged(camera));
    cameras.addEventListener("change", () => this.#apply(readAddress()));
    screen.addEventListener("open", () => this.#cameraOpened());
    screen.addEventListener("change", ({ jump }) => this.#remember(jump));
    screen.addEventListener("move", () => this.#jumped());
    timeline.addEventListener("pick", ({ ms }) => screen.current && screen.showAt(ms));
    timeline.addEventListener("select", ({ range, final }) => screen.current && selection.set(range, final));
    timeline.addEventListener("move", () => this.#remember(false));
    selection.addEventListener("change", ({ final }) => this.#selectionChanged(final));
    selection.addEventListener("keep", () => this.#clipKept());
    motion.addEventListener("change", () => this.#remember(false));
    motion.addEventListener("look", () => tabs.show("events"));
    tabs.addEventListener("change", () => {
      this.#drawLists();
      this.events.list.catchUp();
    });
  }

  /* --- the state and its address --- */

  #apply(state) {
    const { cameras, overlay, screen, selection } = this, known = cameras.has(state.camera), turn = ++this.#turn;
    if (state.invalid) overlay.notify(`The time in the link, "${state.invalid}", is invalid. ${VALID_LINK}`);
    if (state.camera && !known && cameras.several) overlay.notify(`There is no camera "${state.camera}".`);
    const at = state.at ?? state.range?.from ?? null;
    this.#arriving = false;
    this.#address = location.hash;
    if (cameras.several && !known && at === null) return screen.enterGrid();
    screen.openCamera(known ? state.camera : cameras.names[0]);
    screen.setSpeed(state.speed);
    this.motion.apply(state.motion);
    this.#arriving = at !== null;
    this.#applyPeriod(state, at);
    selection.set(state.range, false);
    if (at === null) return screen.enterLive();
    return screen.current.archive.ready.then(() => turn === this.#turn && this.#arrive(at, state.range));
  }

  #applyPeriod({ zoom, view }, at) {
    if (view !== null && zoom !== null) this.view.showFrom(view, zoom);
    else if (at !== null) this.view.showAround(at, zoom ?? AROUND_LINK_MS);
    else if (zoom !== null) this.view.showNow(zoom);
    else this.view.resetZoom();
  }

  #arrive(at, range) {
    this.#arriving = false;
    this.selection.set(range, true);
    this.screen.enterPlayback(at, true);
  }

  get #state() {
    const { screen, cameras } = this, alone = screen.mode !== "grid";
    return {
      camera: cameras.several && alone ? screen.cameraName : null,
      at: screen.playhead,
      range: alone ? this.selection.range : null,
      ...this.#period(alone),
      speed: screen.current.player.speed,
      motion: alone ? this.motion.state : null,
    };
  }

  /* What the timeline shows. While it follows live, that is a length and no time. */
  #period(alone) {
    const { screen, view } = this, live = screen.playhead === null;
    if (!alone || (live && view.zoom === null)) return { zoom: null, view: null };
    return { zoom: view.length, view: live && view.showsNow ? null : view.start };
  }

  get linkToSelection() {
    const { selection: { range }, view: { length, start } } = this;
    const state = { ...this.#state, at: range.from, range, zoom: length, view: start };
    return location.origin + location.pathname + addressOf(state);
  }

  /* jump: a step that the browser's Back undoes. Anything else is written once it has been at rest for a moment. */
  #remember(jump) {
    clearTimeout(this.#timer);
    if (jump) {
      this.#turn++;
      this.#arriving = false;
      this.#write(true);
    } else if (!this.#arriving) {
      this.#timer = setTimeout(() => this.#write(false), REMEMBER_AFTER_MS);
    }
  }

  /* Not over an address that was entered just now and is still to be read. */
  #write(jump) {
    if (!jump && location.hash !== this.#address) return;
    writeAddress(this.#state, jump);
    this.#address = location.hash;
  }

  /* --- what the parts report --- */

  #cameraOpened() {
    const { current } = this.screen, { archive, camera, health } = current;
    archive.addEventListener("change", () => this.#drawLists());
    health.addEventListener("change", () => this.#allowControl(health.allowsControl));
    this.selection.set(null, false);
    this.zoom.reset();
    this.view.watch(current);
    this.motion.open();
    this.clips.load();
    this.events.watch();
    this.#statusChanged(camera);
  }

  #statusChanged(camera) {
    const { screen } = this;
    screen.follow(camera);
    if (camera !== screen.current?.camera) return;
    const name = camera.status.info?.camera ?? "";
    setText(find("camera-name"), name);
    this.setup.follow(camera.status);
    document.title = `${name ? `${name} · ` : ""}${camera.status.word} · Recorder`;
    this.#drawLists();
  }

  #drawLists() {
    if (!this.screen.current) return;
    const { archive, camera, health } = this.screen.current;
    this.recordings.draw(archive);
    health.draw(camera.status, archive);
  }

  #allowControl(allowed) {
    this.selection.forbidKeeping(allowed ? null : NO_CONTROL);
    this.clips.forbidChanges(allowed ? null : NO_CONTROL);
    find("setup-button").hidden = !allowed;
  }

  #selectionChanged(final) {
    this.view.setRange(this.selection.range);
    if (final) this.#remember(false);
  }

  #clipKept() {
    this.tabs.show("clips");
    this.clips.load();
  }

  #tick() {
    const { screen, overlay, view } = this, { player, playable, camera } = screen.current;
    screen.tick();
    if (screen.mode === "playback") overlay.setTime(screen.playhead, !player.playing);
    else if (screen.mode === "live" && camera.status.live) overlay.setLive(screen.current.live, camera.status.info);
    else overlay.setTime(camera.status.live ? screen.now() : playable.memory?.to ?? null, false);
    this.events.tick();
    view.tick({ now: screen.now(), playhead: screen.playhead, playing: screen.mode === "playback" && player.playing });
    this.gaps.draw();
    this.motion.tick(screen.now());
  }

  #jumped() {
    this.#tick();
    if (this.screen.playhead === null) this.view.bringNow();
    else this.view.follow();
  }
}

new Page().start();
