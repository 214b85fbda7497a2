/* overlay.js - the picture's frame: its clock, what stands over it when there is none, and sentences for the moment. */
import { find, setText } from "./dom.js";
import { formatClock, formatDay, SECOND } from "./time.js";

const NOTICE_MS = 7 * SECOND, SLOW_MS = 500;

export class Stage {
  #notice = 0;
  #waiting = 0;

  /* mode: "live", "back" or "grid" */
  setMode(mode) {
    find("stage").classList.toggle("live", mode === "live");
    find("grid").hidden = mode !== "grid";
    find("picture").hidden = find("clock").hidden = mode === "grid";
    if (mode === "live") find("live").hidden = false;
    find("go-live").setAttribute("aria-pressed", mode === "live");
    if (mode !== "live") find("veil").hidden = true;
  }

  setStatus(status, mode) {
    const pill = find("state");
    setText(pill, status.title);
    pill.classList.toggle("good", status.live);
    pill.classList.toggle("bad", !status.live);
    setText(find("rate"), status.live ? `${status.info.measured_fps.toFixed(1)} fps · ${status.info.resolution.width} × ${status.info.resolution.height}` : "");
    if (mode !== "live") return;
    find("stage").classList.toggle("stale", !status.live);
    find("stage").classList.toggle("moving", status.live);
    find("veil").hidden = status.live;
    setText(find("veil-title"), status.title);
    setText(find("veil-words"), status.detail);
    setText(find("mode"), status.live ? "Live" : status.info?.memory?.to ? "Last picture" : "No picture");
  }

  setMoment(ms, exact) {
    find("time").hidden = find("day").hidden = ms === null;
    setText(find("time"), ms === null ? "" : formatClock(ms, exact));
    find("time").setAttribute("datetime", ms === null ? "" : new Date(ms).toISOString());
    setText(find("day"), ms === null ? "" : formatDay(ms));
  }

  setPlaying(words, playing) {
    setText(find("mode"), words);
    this.setButton(playing);
  }

  setButton(playing) {
    find("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    find("play").querySelector("use").setAttribute("href", playing ? "#icon-pause" : "#icon-play");
  }

  /* A sentence about what just happened; it goes by itself. */
  tell(text) {
    const node = find("notice");
    clearTimeout(this.#notice);
    node.hidden = !text;
    setText(node, text);
    this.#notice = setTimeout(() => (node.hidden = true), NOTICE_MS);
  }

  /* Shows for how long a picture is being fetched, once that is worth a word. */
  wait(began) {
    const node = find("waiting");
    clearInterval(this.#waiting);
    node.hidden = true;
    if (began === null) return;
    this.#waiting = setInterval(() => {
      const ms = performance.now() - began;
      node.hidden = ms < SLOW_MS;
      setText(node, `Fetching the recording, ${(ms / SECOND).toFixed(0)} s`);
    }, 100);
  }

  /* A small picture of the moment, until the recording's own is there. */
  setStill(url) {
    find("still").hidden = !url;
    if (url) find("still").src = url;
    else find("still").removeAttribute("src");
  }
}
