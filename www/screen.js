/*
 * screen.js - what is seen: one camera live, its recording, or all cameras; and every way from one to the other.
 *
 * Events to the owner: opened(open), changed(jump) at a new state (jump: one that the browser's Back undoes), moved() when the moment
 * that is seen has jumped, and archiveChanged(), preview(url), allow(allowed) of the camera that is open.
 */
import { find } from "./dom.js";
import { Grid } from "./grid.js";
import { Opened } from "./open-camera.js";
import { formatWhen, SECOND } from "./time.js";

const NEAR_LIVE_MS = 1.2 * SECOND;
const FRESH_MS = 200; // behind the newest indexed frame: there it is still complete when it is asked for

export class Screen {
  mode = "live"; // "live", "back" or "grid"
  open = null; // the camera in large, see open-camera.js; while all are seen, the one that was seen last
  #stage;
  #cameras;
  #owner;
  #grid = null;
  #until = null; // a cut is being played: up to there

  constructor(stage, cameras, owner) {
    this.#stage = stage;
    this.#cameras = cameras;
    this.#owner = owner;
  }

  now() {
    return this.open?.camera.now() ?? Date.now();
  }

  /* The moment that is seen. */
  get moment() {
    return this.head ?? this.now();
  }

  /* The same, of a recording; null where it is none. */
  get head() {
    return this.mode === "back" ? this.open.player.at : null;
  }

  /* --- which camera --- */

  openCamera(name) {
    this.#grid?.stop();
    this.#grid = null;
    find("camera-choice").value = name ?? "";
    if (this.open?.camera === this.#cameras.get(name)) return;
    this.open?.stop();
    this.open = new Opened(this.#cameras.get(name), { ...this.#owner, player: this.#playerOwner() });
    this.#owner.opened(this.open);
  }

  chooseCamera(name) {
    if (!name) return this.chooseGrid();
    this.openCamera(name);
    this.enterLive();
    return this.#owner.changed(true);
  }

  chooseGrid() {
    if (!this.#cameras.several || this.mode === "grid") return;
    this.enterGrid();
    this.#owner.changed(true);
  }

  enterGrid() {
    const last = this.open?.camera.name;
    this.openCamera(this.#cameras.has(last) ? last : this.#cameras.names[0]);
    this.open.player.stop();
    this.open.live.stop();
    this.#setMode("grid");
    find("camera-choice").value = "";
    this.#grid = new Grid(find("grid"), this.#cameras.names, (name) => this.chooseCamera(name));
    for (const camera of this.#cameras) this.#grid.follow(camera);
  }

  /* News of a camera. */
  follow(camera) {
    this.#grid?.follow(camera);
    if (camera !== this.open?.camera) return;
    this.#stage.setStatus(camera.status, this.mode);
    if (this.mode === "live") this.open.live.follow(camera.status);
  }

  #setMode(mode) {
    this.mode = mode;
    document.body.dataset.mode = mode;
    this.#stage.setMode(mode);
    this.#stage.setStatus(this.open.camera.status, mode);
    this.#stage.setButton(mode === "live");
  }

  /* --- live --- */

  enterLive() {
    const { player, live } = this.open;
    player.stop();
    this.#until = null;
    this.#stage.setStill(null);
    this.#setMode("live");
    if (!live.running) live.start();
    this.#owner.moved();
  }

  goLive() {
    if (this.mode === "live") return;
    this.openCamera(this.open.camera.name);
    this.enterLive();
    this.#owner.changed(true);
  }

  /* Live stands still on the newest recorded picture. */
  async #pauseLive() {
    if (this.mode !== "live") return;
    const { camera, footage } = this.open;
    await camera.refresh();
    if (this.mode === "live") this.showAt(footage.edge() - FRESH_MS, false);
  }

  /* --- the recording --- */

  /* The picture on the screen stays until the recording's is there: live goes on below, or a small preview is shown. */
  enterBack(ms, play) {
    const { camera, player, previews } = this.open;
    if (play && Math.abs(this.now() - ms) < NEAR_LIVE_MS && camera.status.live) return this.enterLive();
    this.openCamera(camera.name);
    if (!player.shows) this.#stage.setStill(previews.near(ms));
    this.#setMode("back");
    return player.show(ms, play);
  }

  /* A wish to see that moment. */
  showAt(ms, play = true) {
    const before = this.head;
    this.#until = null;
    this.enterBack(ms, play);
    if (this.mode === "back" && this.head !== before) this.#owner.changed(true);
    this.#owner.moved();
  }

  playCut({ from, to }) {
    this.showAt(from);
    this.#until = to;
  }

  /* To be called some times a second. However late that is, a cut that was played stands still on its own last frame. */
  tick() {
    const { player } = this.open, until = this.#until;
    if (until === null || player.at < until) return;
    this.#until = null;
    player.standBefore(until);
  }

  skip(ms) {
    if (this.mode === "grid" || (this.mode === "live" && ms > 0)) return;
    this.showAt(Math.min(this.moment + ms, this.now()), this.mode === "live" || this.open.player.playing);
  }

  togglePlay() {
    if (this.mode !== "back") return this.#pauseLive();
    const { player } = this.open;
    this.#until = null;
    return player.playing ? player.pause() : player.play();
  }

  step(frames) {
    if (this.mode === "back") this.open.player.step(frames);
    else this.#pauseLive();
  }

  setSpeed(speed) {
    if (![...find("speed").options].some((option) => Number(option.value) === speed)) return;
    this.#showSpeed(speed);
    this.open.player.setSpeed(speed);
  }

  #showSpeed(speed) {
    find("speed").value = String(speed);
  }

  chooseSpeed(speed) {
    this.setSpeed(speed);
    this.#owner.changed(false);
  }

  #playerOwner() {
    return {
      picture: () => this.#pictureShown(),
      playing: (playing) => this.#playingChanged(playing),
      waiting: (began) => this.#stage.wait(began),
      gap: (gap) => this.#stage.tell(`Nothing was recorded from ${formatWhen(gap.from)} to ${formatWhen(gap.to)}${gap.cause ? ` (${gap.cause})` : ""}. On from there.`),
      nothing: (ms) => this.#nothingFrom(ms),
      slowed: () => this.#showSpeed(1),
      caughtUp: () => this.goLive(),
      failed: (problem) => this.#stage.tell(problem.message),
    };
  }

  /* Live takes the place of a wish that cannot be met, also in the browser's history: Back shall not come here again. */
  #nothingFrom(ms) {
    if (ms > this.now() + SECOND) this.#stage.tell(`${formatWhen(ms)} is still to come. This is live.`);
    else if (!this.open.camera.status.live) this.#stage.tell(`Nothing is recorded at ${formatWhen(ms)} or later.`);
    this.enterLive();
    this.#owner.changed(false);
  }

  #pictureShown() {
    if (this.mode !== "back") return;
    this.open.live.stop();
    find("live").hidden = true;
    this.#stage.setStill(null);
    this.#owner.moved();
  }

  #playingChanged(playing) {
    if (this.mode !== "back") return;
    this.#stage.setPlaying(playing ? "Recorded" : "Paused", playing);
    this.#owner.changed(false);
  }
}
