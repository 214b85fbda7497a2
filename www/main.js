/* main.js - the page: one camera (or the grid of all), live or looking back, and what hand and keyboard wish. */
import { addressOf, readAddress, writeAddress } from "./address.js";
import { health as askHealth } from "./api.js";
import { Archive } from "./archive.js";
import { Camera } from "./cameras.js";
import { Cut } from "./cut.js";
import { element, find } from "./dom.js";
import { Footage } from "./footage.js";
import { Grid } from "./grid.js";
import { Health } from "./health.js";
import { listenKeys } from "./keys.js";
import { Clips, Recordings } from "./lists.js";
import { Live } from "./live.js";
import { openCinema, ask, setUpDialogs, setUpTabs, showTab } from "./panels.js";
import { Player } from "./player.js";
import { Previews } from "./preview.js";
import { Stage } from "./stage.js";
import { formatClock, formatLength, parseTime, HOUR, MINUTE, SECOND } from "./time.js";
import { Timeline } from "./timeline.js";
import { keyTable, wireButtons } from "./wishes.js";

const TICK_MS = 100, REMEMBER_MS = 400;
const NEAR_LIVE_MS = 1.2 * SECOND;
const NO_CONTROL = "Not allowed here: http.allow_control in the recorder's configuration is off.";

export class Page {
  mode = "live"; // "live", "back" or "grid"
  stage = new Stage();
  timeline = new Timeline(find("timeline"), this.#timelineOwner());
  names = [null];
  #cameras = new Map();
  #open = null; // what belongs to the camera that is shown: {camera, archive, footage, player, live, previews, health}
  #grid = null;
  #until = null; // a cut is being played: up to there
  #zoomed = false; // the zoom is the user's wish
  #headSeen = false;
  #tickAt = 0;
  #remember = 0;
  #allowed = null;

  async start() {
    this.cut = new Cut(this.#cutOwner());
    this.clips = new Clips({ camera: () => this.#open?.camera.name ?? null, open: openCinema, ask, tell: (text) => this.stage.tell(text) });
    this.recordings = new Recordings({ camera: () => this.#open?.camera.name ?? null, play: (ms) => this.showAt(ms) });
    this.timeline.limits = () => [this.#open?.archive.from ?? Date.now() - HOUR, this.now()];
    const table = keyTable(this);
    setUpDialogs(table);
    setUpTabs(() => this.#drawLists());
    wireButtons(this);
    listenKeys(table);
    await this.#learnNames();
    this.#apply(readAddress());
    addEventListener("popstate", () => this.#apply(readAddress()));
    setInterval(() => this.#tick(), TICK_MS);
  }

  /* Which cameras there are. A recorder that does not answer yet has at least the one that serves without a name. */
  async #learnNames() {
    const answer = await askHealth(null).catch(() => ({}));
    if (!answer.cameras) setTimeout(() => this.#learnNames(), 5 * SECOND);
    const names = answer.cameras?.length > 1 ? answer.cameras : [null];
    if (names.join() === this.names.join() && this.#cameras.size) return;
    this.names = names;
    for (const camera of this.#cameras.values()) camera.stop();
    this.#cameras = new Map(names.map((name) => [name, new Camera(name, (camera) => this.#status(camera))]));
    const many = names.length > 1;
    find("camera-choice").hidden = find("grid-button").hidden = !many;
    find("camera-name").hidden = many;
    if (many) find("camera-choice").replaceChildren(element("option", { value: "" }, "All cameras"), ...names.map((name) => element("option", { value: name }, name)));
  }

  /* --- the state and its address --- */

  #apply(wish) {
    if (wish.wrong) this.stage.tell(`The link's time "${wish.wrong}" is none. Right is t=2026-05-17T10:23:00.`);
    const several = this.names.length > 1;
    if (wish.camera && !this.#cameras.has(wish.camera) && several) this.stage.tell(`There is no camera "${wish.camera}" here.`);
    if (several && !this.#cameras.has(wish.camera) && wish.at === null) return this.#showGrid();
    this.#openCamera(this.#cameras.has(wish.camera) ? wish.camera : this.names[0]);
    this.setSpeed(wish.speed, false);
    this.#zoomed = wish.zoom !== null;
    const span = wish.zoom ?? 10 * MINUTE, at = wish.at ?? wish.range?.from ?? null;
    if (at !== null) this.timeline.show(at - span / 2, at + span / 2);
    else if (wish.zoom !== null) this.timeline.show(this.now() - span * 0.92, this.now() + span * 0.08);
    this.cut.set(wish.range, true);
    if (at === null) return this.#enterLive();
    this.#zoomed = true;
    return this.#open.archive.ready.then(() => this.#enterBack(at, true));
  }

  get #state() {
    return {
      camera: this.names.length > 1 && this.mode !== "grid" ? this.#open?.camera.name ?? null : null,
      at: this.mode === "back" ? this.#open.player.at : null,
      range: this.mode === "grid" ? null : this.cut.range,
      zoom: this.#zoomed && this.mode !== "grid" ? this.timeline.scale.span : null,
      speed: this.#open?.player.speed ?? 1,
    };
  }

  /* jump: a step that the browser's Back undoes. */
  remember(jump) {
    clearTimeout(this.#remember);
    if (jump) writeAddress(this.#state, true);
    else this.#remember = setTimeout(() => writeAddress(this.#state, false), REMEMBER_MS);
  }

  /* --- which camera --- */

  #openCamera(name) {
    this.#grid?.stop();
    this.#grid = null;
    find("camera-choice").value = name ?? "";
    if (this.#open?.camera.name === name) return;
    this.#close();
    const camera = this.#cameras.get(name), archive = new Archive(name, () => this.#archiveChanged());
    const footage = new Footage(camera, archive);
    const player = new Player([find("deck-1"), find("deck-2")], footage, this.#playerOwner());
    const previews = new Previews(name, (ms, url) => this.#showPreview(ms, url));
    const health = new Health(name, (allowed) => this.#allow(allowed));
    this.#open = { camera, archive, footage, player, previews, health, live: new Live(find("live"), name) };
    this.#status(camera);
    this.clips.load();
  }

  #close() {
    if (!this.#open) return;
    const { archive, player, previews, health, live } = this.#open;
    for (const part of [archive, player, previews, health, live]) part.stop();
    this.#open = null;
  }

  chooseCamera(name) {
    if (!name) return this.showGrid();
    this.#openCamera(name);
    this.cut.set(null, true);
    this.#enterLive();
    return this.remember(true);
  }

  showGrid() {
    if (this.names.length < 2) return;
    this.#showGrid();
    this.remember(true);
  }

  #showGrid() {
    this.#openCamera(this.names[0]);
    this.#open.player.stop();
    this.#open.live.stop();
    this.#setMode("grid");
    find("camera-choice").value = "";
    this.#grid = new Grid(find("grid"), this.names, (name) => this.chooseCamera(name));
    for (const camera of this.#cameras.values()) this.#grid.follow(camera);
  }

  #status(camera) {
    this.#grid?.follow(camera);
    if (camera !== this.#open?.camera) return;
    this.stage.setStatus(camera.status, this.mode);
    if (this.mode === "live") this.#open.live.follow(camera.status);
    const name = camera.status.info?.camera ?? "";
    find("camera-name").textContent = name;
    document.title = `${name ? `${name} · ` : ""}${camera.status.title} · Recorder`;
    this.#drawLists();
  }

  #allow(allowed) {
    if (allowed === this.#allowed) return;
    this.#allowed = allowed;
    this.cut.allow(allowed ? null : NO_CONTROL);
    this.clips.allow(allowed ? null : NO_CONTROL);
  }

  /* --- live, or looking back --- */

  #setMode(mode) {
    this.mode = mode;
    document.body.dataset.mode = mode;
    this.stage.setMode(mode);
    if (this.#open) this.stage.setStatus(this.#open.camera.status, mode);
    this.stage.setButton(mode === "live");
  }

  #enterLive() {
    const { player, live } = this.#open;
    player.stop();
    this.#until = null;
    this.stage.setStill(null);
    this.#setMode("live");
    if (!live.running) live.start();
    if (this.timeline.scale.x(this.now()) > this.timeline.scale.width) this.timeline.centre(this.now() - this.timeline.scale.span * 0.42);
    this.#tick();
  }

  goLive() {
    if (this.mode === "live") return;
    if (this.mode === "grid") this.#openCamera(this.#open.camera.name);
    this.#enterLive();
    this.remember(true);
  }

  /* The picture on the screen stays until the recording's is there: live goes on below, or a small preview is shown. */
  #enterBack(ms, play) {
    const { player, previews } = this.#open;
    if (play && ms > this.now() - NEAR_LIVE_MS && this.#open.camera.status.live) return this.#enterLive();
    if (this.mode === "grid") this.#openCamera(this.#open.camera.name);
    if (!player.shows) this.stage.setStill(previews.near(ms));
    this.#setMode("back");
    return player.show(ms, play);
  }

  /* A wish to see that moment. */
  showAt(ms, play = true) {
    this.#until = null;
    const before = addressOf(this.#state);
    this.#enterBack(ms, play);
    if (this.mode === "back" && before !== addressOf(this.#state)) this.remember(true);
    this.#follow();
  }

  playCut({ from, to }) {
    this.showAt(from);
    this.#until = to;
  }

  /* The moment that is shown. */
  get moment() {
    return (this.mode === "back" ? this.#open.player.at : null) ?? this.now();
  }

  now() {
    return this.#open?.camera.now() ?? Date.now();
  }

  skip(ms) {
    if (this.mode === "live" && ms > 0) return;
    this.showAt(this.moment + ms, this.mode === "live" || this.#open.player.playing);
  }

  togglePlay() {
    if (this.mode !== "back") return this.#pauseLive();
    const { player } = this.#open;
    this.#until = null;
    return player.playing ? player.pause() : player.play();
  }

  step(frames) {
    if (this.mode === "back") this.#open.player.step(frames);
    else this.#pauseLive();
  }

  /* Live stands still on the newest recorded picture. */
  async #pauseLive() {
    if (this.mode !== "live") return;
    const { camera, footage } = this.#open;
    await camera.refresh();
    if (this.mode === "live") this.showAt(footage.edge() - 200, false);
  }

  setSpeed(speed, remember = true) {
    const choice = find("speed");
    if (![...choice.options].some((option) => Number(option.value) === speed)) return;
    choice.value = String(speed);
    this.#open?.player.setSpeed(speed);
    if (remember) this.remember(false);
  }

  goTo(text) {
    const ms = parseTime(text, this.now());
    if (Number.isNaN(ms)) return this.stage.tell(`"${text}" is not a time. Right are 10:23:05, 2026-05-17 10:23:00 and -90s.`);
    this.timeline.centre(ms);
    return this.showAt(ms);
  }

  #playerOwner() {
    return {
      picture: () => this.#pictureShown(),
      playing: (playing) => this.#playingChanged(playing),
      waiting: (began) => this.stage.wait(began),
      gap: (gap) => this.stage.tell(`Nothing was recorded from ${formatClock(gap.from)} to ${formatClock(gap.to)}${gap.cause ? ` (${gap.cause})` : ""}. On from there.`),
      caughtUp: () => this.goLive(),
      failed: (problem) => this.stage.tell(problem.message),
    };
  }

  #pictureShown() {
    if (this.mode !== "back") return;
    this.#open.live.stop();
    find("live").hidden = true;
    this.stage.setStill(null);
    this.#tick();
  }

  #playingChanged(playing) {
    if (this.mode !== "back") return;
    this.stage.setPlaying(playing ? "Recording" : "Paused", playing);
    this.remember(false);
  }

  /* --- the time line --- */

  #timelineOwner() {
    return {
      pick: (ms) => this.showAt(ms),
      hover: (ms, x) => this.#hover(ms, x),
      cut: (range, done) => this.cut.set(range, done),
      moved: () => this.#moved(),
    };
  }

  #moved() {
    this.#zoomed = true;
    this.#headSeen = false;
    if (this.#open) this.remember(false);
  }

  zoomTo(span) {
    if (span === "all") return this.timeline.show(this.#open.archive.from ?? this.now() - HOUR, this.now() + (this.now() - (this.#open.archive.from ?? 0)) * 0.02);
    const at = this.moment, share = this.mode === "back" ? 0.5 : 0.92;
    return this.timeline.show(at - span * share, at + span * (1 - share));
  }

  #hover(ms, x) {
    const preview = find("preview"), { archive, footage, previews } = this.#open ?? {};
    preview.hidden = ms === null || !this.#open;
    if (preview.hidden) return previews?.forget();
    const width = preview.offsetWidth, room = this.timeline.scale.width;
    preview.style.left = `${Math.round(Math.min(Math.max(x - width / 2, 0), room - width))}px`;
    const span = footage.spanAt(ms), gap = archive.gapAt(ms);
    find("preview-picture").hidden = !span;
    find("preview-words").textContent = span ? this.#momentWords(ms, span) : this.#emptyWords(ms, gap);
    if (span) previews.want(ms, this.timeline.scale.perPixel, span);
    else previews.forget();
    return undefined;
  }

  #momentWords(ms, span) {
    return formatClock(ms, this.timeline.scale.span < 2 * MINUTE) + (span.source === "test" ? " · test picture" : span.memory ? " · in memory only" : "");
  }

  #emptyWords(ms, gap) {
    if (gap) return `Nothing recorded for ${formatLength(gap.to - gap.from)} from ${formatClock(gap.from)}: ${gap.cause}`;
    return ms > this.now() ? "Still to come" : "Nothing recorded";
  }

  #showPreview(ms, url) {
    const picture = find("preview-picture");
    if (url) picture.src = url;
    else picture.removeAttribute("src");
  }

  #archiveChanged() {
    const { archive } = this.#open ?? {};
    if (!archive) return;
    Object.assign(this.timeline.model, { spans: archive.spans, gaps: archive.gaps, segments: archive.segments });
    if (!this.#zoomed && archive.from !== null) this.#firstZoom(archive.from);
    const words = find("archive-words");
    words.hidden = archive.spans.length > 0;
    words.textContent = archive.problem ? `The recordings cannot be listed: ${archive.problem.message}` : "Nothing is recorded yet.";
    this.#drawLists();
    this.timeline.draw();
  }

  /* What is there, at most the last hours, at least some minutes. */
  #firstZoom(from) {
    const span = Math.min(Math.max(this.now() - from, 3 * MINUTE), 2 * HOUR) * 1.06;
    this.timeline.scale.show(this.now() - span * 0.96, this.now() + span * 0.04);
  }

  #drawLists() {
    if (!this.#open) return;
    const { archive, camera, health } = this.#open;
    this.recordings.draw(archive);
    health.draw(camera.status.info, archive);
  }

  /* What goes by itself: clock, head, now, and the piece of time that is seen. */
  #tick() {
    if (!this.#open) return;
    const { player, footage, camera } = this.#open, { model, scale } = this.timeline;
    const now = this.now(), wasSeen = scale.x(this.#tickAt) <= scale.width;
    if (this.mode === "live") this.stage.setMoment(camera.status.live ? now : footage.memory?.to ?? null, false);
    else if (this.mode === "back") this.stage.setMoment(player.at, !player.playing);
    if (this.#until !== null && player.at >= this.#until) this.#endOfCut();
    if (this.mode !== "back" && this.#tickAt && wasSeen) scale.from += now - this.#tickAt;
    if (this.mode === "back" && player.playing) this.#follow();
    this.#tickAt = now;
    Object.assign(model, { now, head: this.mode === "back" ? player.at : null, memory: footage.memory });
    this.#sayValue();
    this.timeline.draw();
  }

  #endOfCut() {
    this.#until = null;
    this.#open.player.pause();
  }

  /* Turns the page when the point looked at leaves it, but not when the user has moved away from it. */
  #follow() {
    const { scale } = this.timeline, at = this.#open.player.at, x = scale.x(at ?? 0);
    const seen = at !== null && x >= 0 && x <= scale.width;
    if (at !== null && !seen && this.#headSeen) scale.from = at - scale.span * 0.1;
    this.#headSeen = seen || this.#headSeen;
  }

  #sayValue() {
    const canvas = find("timeline"), { archive } = this.#open, at = Math.round(this.moment / SECOND);
    if (canvas.getAttribute("aria-valuenow") === String(at)) return;
    canvas.setAttribute("aria-valuemin", Math.round((archive.from ?? this.now()) / SECOND));
    canvas.setAttribute("aria-valuemax", Math.round(this.now() / SECOND));
    canvas.setAttribute("aria-valuenow", at);
    canvas.setAttribute("aria-valuetext", this.mode === "back" ? formatClock(this.moment) : "live");
  }

  /* --- the cut --- */

  #cutOwner() {
    return {
      camera: () => this.#open?.camera.name ?? null,
      hasAny: (from, to) => this.#open.footage.hasAny(from, to),
      gapsIn: (from, to) => this.#open.footage.gapsIn(from, to),
      changed: (range, done) => this.#cutChanged(range, done),
      play: (range) => this.playCut(range),
      kept: () => {
        showTab("clips");
        this.clips.load();
      },
      address: (range) => location.origin + location.pathname + addressOf({ ...this.#state, at: range.from, range }),
      now: () => this.now(),
      tell: (text) => this.stage.tell(text),
    };
  }

  #cutChanged(range, done) {
    this.timeline.model.range = range;
    this.timeline.draw();
    if (done && this.#open) this.remember(false);
  }
}

new Page().start();
