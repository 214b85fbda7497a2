/* screen.js - what is shown: one camera live, its recording, or all cameras; and every way from one to the other. */
import { isRemote } from "./camera.js";
import { find } from "./dom.js";
import { emit } from "./events.js";
import { causeText } from "./gap-causes.js";
import { Grid } from "./grid.js";
import { OpenCamera } from "./open-camera.js";
import { formatLength, formatWhen, SECOND } from "./time.js";

const NEAR_LIVE_MS = 1.2 * SECOND;
const COMPLETE_MS = 200; // so long before the newest indexed frame, everything is sure to be there when it is asked for

/*
 * Events: "open" when `current` is another camera, "change" {jump} when the page's address changed (jump: the browser's
 * Back undoes it), "move" when the time of the picture has jumped.
 */
export class Screen extends EventTarget {
  mode = "live"; // "live", "playback" or "grid"
  current = null; // OpenCamera that is shown large; in the grid, the one that was shown last
  #overlay;
  #cameras;
  #grid = null;
  #playUntil = null; // end of the selection that is being played

  constructor(overlay, cameras) {
    super();
    this.#overlay = overlay;
    this.#cameras = cameras;
  }

  get cameraName() {
    return this.current?.camera.name ?? null;
  }

  now() {
    return this.current?.camera.now() ?? Date.now();
  }

  /* Wall time of the picture of a recording; null if none is shown. */
  get playhead() {
    return this.mode === "playback" ? this.current.player.at : null;
  }

  /* Wall time of the picture. */
  get time() {
    return this.playhead ?? this.now();
  }

  /* --- which camera --- */

  openCamera(name) {
    this.#grid?.stop();
    this.#grid = null;
    find("camera-choice").value = name ?? "";
    if (this.current?.camera === this.#cameras.get(name)) return;
    this.current?.stop();
    this.current = new OpenCamera(this.#cameras.get(name));
    this.#listen(this.current.player);
    emit(this, "open");
  }

  chooseCamera(name) {
    if (!name) return this.chooseGrid();
    this.openCamera(name);
    this.enterLive();
    return emit(this, "change", { jump: true });
  }

  chooseGrid() {
    if (!this.#cameras.several || this.mode === "grid") return;
    this.enterGrid();
    emit(this, "change", { jump: true });
  }

  enterGrid() {
    const last = this.cameraName;
    this.openCamera(this.#cameras.has(last) ? last : this.#cameras.names[0]);
    this.current.player.stop();
    this.current.live.stop();
    this.#setMode("grid");
    find("camera-choice").value = "";
    this.#grid = new Grid(find("grid"), this.#cameras.names);
    this.#grid.addEventListener("choose", ({ name }) => this.chooseCamera(name));
    for (const camera of this.#cameras) this.#grid.follow(camera);
  }

  /* Takes over the status of a camera. */
  follow(camera) {
    this.#grid?.follow(camera);
    if (camera !== this.current?.camera) return;
    if (isRemote(camera.status)) this.current.live.stop();
    this.#overlay.setStatus(camera.status, this.mode);
  }

  #setMode(mode) {
    this.mode = mode;
    document.body.dataset.mode = mode;
    this.#overlay.setMode(mode);
    this.#overlay.setStatus(this.current.camera.status, mode);
    this.#overlay.setButton(mode === "live");
  }

  /* --- live --- */

  enterLive() {
    const { camera, player, live } = this.current;
    player.stop();
    this.#playUntil = null;
    this.#overlay.setStill(null);
    this.#setMode("live");
    if (!live.running && !isRemote(camera.status)) live.start();
    emit(this, "move");
  }

  goLive() {
    if (this.mode === "live") return;
    this.openCamera(this.cameraName);
    this.enterLive();
    emit(this, "change", { jump: true });
  }

  /* Live pauses on the newest recorded picture. */
  async #pauseLive() {
    if (this.mode !== "live") return;
    const { camera, playable } = this.current;
    await camera.refresh();
    if (this.mode === "live") this.showAt(playable.end - COMPLETE_MS, false);
  }

  /* --- the recording --- */

  /* The picture on the screen stays until the recording's is there: live goes on below, or a small preview is shown. */
  enterPlayback(ms, play) {
    const { camera, player, previews } = this.current;
    if (play && Math.abs(this.now() - ms) < NEAR_LIVE_MS && camera.status.live) return this.enterLive();
    this.openCamera(camera.name);
    if (!player.shows) this.#overlay.setStill(previews.cached(ms));
    this.#setMode("playback");
    return player.show(ms, play);
  }

  showAt(ms, play = true) {
    const before = this.playhead;
    this.#playUntil = null;
    this.enterPlayback(ms, play);
    if (this.mode === "playback" && this.playhead !== before) emit(this, "change", { jump: true });
    emit(this, "move");
  }

  playRange({ from, to }) {
    this.showAt(from);
    this.#playUntil = to;
  }

  /*
   * To be called several times a second. However late that is, a selection that is played ends on its own last frame.
   */
  tick() {
    const { player } = this.current, end = this.#playUntil;
    if (end === null || player.at < end) return;
    this.#playUntil = null;
    player.pauseBefore(end);
  }

  skip(ms) {
    if (this.mode === "grid" || (this.mode === "live" && ms > 0)) return;
    this.showAt(Math.min(this.time + ms, this.now()), this.mode === "live" || this.current.player.playing);
  }

  togglePlay() {
    if (this.mode !== "playback") return this.#pauseLive();
    const { player } = this.current;
    this.#playUntil = null;
    return player.playing ? player.pause() : player.play();
  }

  step(frames) {
    if (this.mode === "playback") this.current.player.step(frames);
    else this.#pauseLive();
  }

  setSpeed(speed) {
    if (![...find("speed").options].some((option) => Number(option.value) === speed)) return;
    find("speed").value = String(speed);
    this.current.player.setSpeed(speed);
  }

  chooseSpeed(speed) {
    this.setSpeed(speed);
    emit(this, "change", { jump: false });
  }

  /* --- what the player reports --- */

  #listen(player) {
    player.addEventListener("picture", () => this.#pictureShown());
    player.addEventListener("playing", () => this.#playingChanged());
    player.addEventListener("loading", ({ since }) => this.#overlay.setLoading(since));
    player.addEventListener("gap", ({ gap }) => this.#overlay.notify(this.#gapNotice(gap)));
    player.addEventListener("nothing", ({ ms }) => this.#nothingFrom(ms));
    player.addEventListener("slowed", () => (find("speed").value = "1"));
    player.addEventListener("caughtup", () => this.#caughtUp());
    player.addEventListener("failed", ({ problem }) => this.#overlay.notify(problem.message));
  }

  /* Live is shown instead of a time that has nothing, also in the browser's history: Back must not lead here again. */
  #nothingFrom(ms) {
    const future = ms > this.now() + SECOND, when = formatWhen(ms);
    const { camera, playable } = this.current;
    if (future) this.#overlay.notify(`${when} is in the future. Showing live.`);
    else if (playable.only) this.#overlay.notify(`Nothing is known to have moved after ${when}. Showing live.`);
    else if (!camera.status.live) this.#overlay.notify(`Nothing was recorded at ${when} or later.`);
    this.enterLive();
    emit(this, "change", { jump: false });
  }

  #caughtUp() {
    if (this.current.playable.only) this.#overlay.notify("That was the newest movement. Showing live.");
    this.goLive();
  }

  #pictureShown() {
    if (this.mode !== "playback") return;
    this.current.live.stop();
    find("live").hidden = true;
    this.#overlay.setStill(null);
    emit(this, "move");
    if (!this.current.player.playing) emit(this, "change", { jump: false });
  }

  #playingChanged() {
    if (this.mode !== "playback") return;
    this.#overlay.setPlaying(this.current.player.playing);
    emit(this, "change", { jump: false });
  }

  #gapNotice({ from, to, cause, still }) {
    const period = `from ${formatWhen(from)} to ${formatWhen(to)}`;
    if (!still) return `Nothing was recorded ${period}${cause ? `: ${causeText(cause)}` : ""}. Skipped.`;
    const unknown = this.current.playable.only?.unknownIn(from, to) ?? 0;
    if (unknown < SECOND) return `Nothing moved ${period}. Skipped.`;
    return `Skipped ${period}: nothing moved, but of ${formatLength(unknown)} it is not known.`;
  }
}
