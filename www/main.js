/* main.js - the page put together: its parts, what they tell each other, and its state in the address. */
import { addressOf, readAddress, writeAddress } from "./address.js";
import { CameraList } from "./camera-list.js";
import { Cut } from "./selection.js";
import { setText, find } from "./dom.js";
import { listenKeys } from "./keys.js";
import { Clips, Recordings } from "./clip-lists.js";
import { ask, openCinema, setUpDialogs, setUpTabs, showTab } from "./panels.js";
import { Screen } from "./screen.js";
import { Stage } from "./overlay.js";
import { MINUTE } from "./time.js";
import { TimelineView } from "./timeline-view.js";
import { keyTable, wireButtons } from "./commands.js";

const TICK_MS = 100, REMEMBER_MS = 400;
const USUAL_SPAN_MS = 10 * MINUTE; // around the moment that a link names
const NO_CONTROL = "Not allowed here: http.allow_control in the recorder's configuration is off.";

class Page {
  stage = new Stage();
  cameras = new CameraList((camera) => this.#news(camera), () => this.#apply(readAddress()));
  view = new TimelineView({
    pick: (ms) => this.screen.open && this.screen.showAt(ms),
    cut: (range, done) => this.screen.open && this.cut.set(range, done),
    moved: () => this.#remember(false),
  });
  screen = new Screen(this.stage, this.cameras, {
    opened: (open) => this.#opened(open),
    changed: (jump) => this.#remember(jump),
    moved: () => this.#jumped(),
    archiveChanged: () => this.#archiveChanged(),
    preview: (url) => this.view.showPreview(url),
    allow: (allowed) => this.#allow(allowed),
  });
  cut = new Cut(this.#cutOwner());
  clips = new Clips({ camera: () => this.#camera, open: openCinema, ask, tell: (text) => this.stage.tell(text) });
  recordings = new Recordings({ camera: () => this.#camera, play: (ms) => this.screen.showAt(ms) });
  #turn = 0; // each jump ends what a link wished for before
  #pending = true; // a link's wish is on its way: the address stays as it is
  #timer = 0;

  async start() {
    const table = keyTable(this);
    setUpDialogs(table);
    setUpTabs(() => this.#drawLists());
    wireButtons(this);
    listenKeys(table);
    await this.cameras.learn();
    this.#apply(readAddress());
    addEventListener("popstate", () => this.#apply(readAddress()));
    setInterval(() => this.#tick(), TICK_MS);
  }

  get #camera() {
    return this.screen.open?.camera.name ?? null;
  }

  /* --- the state and its address --- */

  #apply(wish) {
    const { cameras, screen } = this, known = cameras.has(wish.camera), turn = ++this.#turn;
    if (wish.wrong) this.stage.tell(`The link's time "${wish.wrong}" is none. Right is t=2026-05-17T10:23:00.`);
    if (wish.camera && !known && cameras.several) this.stage.tell(`There is no camera "${wish.camera}" here.`);
    const at = wish.at ?? wish.range?.from ?? null;
    this.#pending = false;
    if (cameras.several && !known && at === null) return screen.enterGrid();
    screen.openCamera(known ? wish.camera : cameras.names[0]);
    screen.setSpeed(wish.speed);
    this.#pending = at !== null;
    this.#applyZoom(wish.zoom, at);
    this.cut.set(wish.range, false);
    if (at === null) return screen.enterLive();
    return screen.open.archive.ready.then(() => turn === this.#turn && this.#arrive(at, wish.range));
  }

  #applyZoom(zoom, at) {
    if (at !== null) this.view.showAround(at, zoom ?? USUAL_SPAN_MS);
    else if (zoom !== null) this.view.showNow(zoom);
    else this.view.showUsual();
  }

  #arrive(at, range) {
    this.#pending = false;
    this.cut.set(range, true);
    this.screen.enterBack(at, true);
  }

  get #state() {
    const { screen, cameras } = this, alone = screen.mode !== "grid";
    return {
      camera: cameras.several && alone ? this.#camera : null,
      at: screen.head,
      range: alone ? this.cut.range : null,
      zoom: alone ? this.view.zoom : null,
      speed: screen.open.player.speed,
    };
  }

  /* jump: a step that the browser's Back undoes; what changes by itself waits until it rests. */
  #remember(jump) {
    clearTimeout(this.#timer);
    if (jump) {
      this.#turn++;
      this.#pending = false;
      writeAddress(this.#state, true);
    } else if (!this.#pending) {
      this.#timer = setTimeout(() => writeAddress(this.#state, false), REMEMBER_MS);
    }
  }

  /* --- news --- */

  #opened(open) {
    this.cut.set(null, false);
    this.view.watch(open);
    this.clips.load();
    this.#news(open.camera);
  }

  #news(camera) {
    const { screen } = this;
    screen.follow(camera);
    if (camera !== screen.open?.camera) return;
    const name = camera.status.info?.camera ?? "";
    setText(find("camera-name"), name);
    document.title = `${name ? `${name} · ` : ""}${camera.status.title} · Recorder`;
    this.#drawLists();
  }

  #archiveChanged() {
    this.view.archiveChanged();
    this.#drawLists();
  }

  #drawLists() {
    if (!this.screen.open) return;
    const { archive, camera, health } = this.screen.open;
    this.recordings.draw(archive);
    health.draw(camera.status.info, archive);
  }

  #allow(allowed) {
    this.cut.allow(allowed ? null : NO_CONTROL);
    this.clips.allow(allowed ? null : NO_CONTROL);
  }

  /* What goes by itself. */
  #tick() {
    const { screen, stage, view } = this, { player, footage, camera } = screen.open;
    screen.tick();
    if (screen.mode === "back") stage.setMoment(screen.head, !player.playing);
    else stage.setMoment(camera.status.live ? screen.now() : footage.memory?.to ?? null, false);
    view.tick({ now: screen.now(), head: screen.head, playing: screen.mode === "back" && player.playing });
  }

  #jumped() {
    this.#tick();
    if (this.screen.head === null) this.view.bringNow();
    else this.view.follow();
  }

  /* --- the cut --- */

  #cutOwner() {
    return {
      camera: () => this.#camera,
      hasAny: (from, to) => this.screen.open.footage.hasAny(from, to),
      gapsIn: (from, to) => this.screen.open.footage.gapsIn(from, to),
      changed: (range, done) => this.#cutChanged(range, done),
      play: (range) => this.screen.playCut(range),
      kept: () => this.#kept(),
      address: (range) => location.origin + location.pathname + addressOf({ ...this.#state, at: range.from, range }),
      now: () => this.screen.now(),
      tell: (text) => this.stage.tell(text),
    };
  }

  #cutChanged(range, done) {
    this.view.setRange(range);
    if (done) this.#remember(false);
  }

  #kept() {
    showTab("clips");
    this.clips.load();
  }
}

new Page().start();
