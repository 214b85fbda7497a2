/* overlay.js - what is shown over the picture: clock, mode, why there is no picture, and short notices. */
import { find, setText } from "./dom.js";
import { formatClock, formatDay, SECOND } from "./time.js";

const NOTICE_MS = 7 * SECOND, SLOW_MS = 500;
const OLD_MS = SECOND; // an older live picture shows its age

/* Somebody switched the camera or recording off, or it is not recorded here. */
const isIntended = (info) => ["off", "remote"].includes(info?.state) ||
  (info?.state === "streaming" && info.recording?.state === "off");

export class Overlay {
  #notice = 0;
  #loading = 0;

  /* mode: "live", "playback" or "grid" */
  setMode(mode) {
    find("screen").classList.toggle("live", mode === "live");
    find("grid").hidden = mode !== "grid";
    find("picture").hidden = find("clock").hidden = mode === "grid";
    if (mode === "live") find("live").hidden = false;
    find("go-live").setAttribute("aria-pressed", mode === "live");
    if (mode !== "live") find("no-picture").hidden = true;
  }

  setStatus(status, mode) {
    const { title, detail, word, records, live, info } = status, pill = find("state");
    setText(pill, word);
    pill.classList.toggle("good", live && records);
    pill.classList.toggle("bad", !(live && records) && !isIntended(info));
    if (mode !== "live" || !live) this.#setRate(live ? info.measured_fps : null, info);
    find("go-live").classList.toggle("stale", mode === "live" && !live);
    if (mode !== "live") return;
    find("screen").classList.toggle("stale", !live);
    find("screen").classList.toggle("moving", live);
    find("no-picture").hidden = live;
    setText(find("no-picture-title"), title);
    setText(find("no-picture-detail"), detail);
    if (!live) setText(find("mode"), info?.memory?.to ? "Last picture" : "No picture");
  }

  #setRate(fps, info) {
    const size = () => `${info.resolution.width} × ${info.resolution.height}`;
    setText(find("rate"), fps === null ? "" : `${fps.toFixed(1)} fps · ${size()}`);
  }

  /* What is seen of a camera that sends pictures: {captured, age, rate} of live.js. */
  setLive({ captured, age, rate }, info) {
    this.setTime(captured, false);
    this.#setRate(rate, info);
    setText(find("mode"), age > OLD_MS ? `Live, ${(age / SECOND).toFixed(age < 10 * SECOND ? 1 : 0)} s ago` : "Live");
  }

  /* ms: wall time of the picture, or null; exact: with hundredths of a second. */
  setTime(ms, exact) {
    find("time").hidden = find("day").hidden = ms === null;
    setText(find("time"), ms === null ? "" : formatClock(ms, exact));
    find("time").setAttribute("datetime", ms === null ? "" : new Date(ms).toISOString());
    setText(find("day"), ms === null ? "" : formatDay(ms));
  }

  setPlaying(playing) {
    setText(find("mode"), playing ? "Recorded" : "Paused");
    this.setButton(playing);
  }

  setButton(playing) {
    find("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    find("play").querySelector("use").setAttribute("href", playing ? "#icon-pause" : "#icon-play");
  }

  /* A sentence about what just happened; it disappears by itself. */
  notify(text) {
    const node = find("notice");
    clearTimeout(this.#notice);
    node.hidden = !text;
    setText(node, text);
    this.#notice = setTimeout(() => (node.hidden = true), NOTICE_MS);
  }

  /*
   * Shows how long a picture has been loading, once that takes long enough to notice. since: performance.now(), or
   * null: loaded.
   */
  setLoading(since) {
    const node = find("loading");
    clearInterval(this.#loading);
    node.hidden = true;
    if (since === null) return;
    this.#loading = setInterval(() => {
      const ms = performance.now() - since;
      node.hidden = ms < SLOW_MS;
      setText(node, `Loading the recording, ${(ms / SECOND).toFixed(0)} s`);
    }, 100);
  }

  /* A small picture of the moment, until the recording's own is there. */
  setStill(url) {
    find("still").hidden = !url;
    if (url) find("still").src = url;
    else find("still").removeAttribute("src");
  }
}
