/* picture-tools.js - the buttons on the picture: save it, and show it on the whole screen. */
import { find } from "./dom.js";
import { formatIso } from "./time.js";

const QUALITY = 0.95;

/* What is shown large: the live picture (a canvas, or the video over it) or the recorded one. null: nothing. */
function shownPicture(mode) {
  const live = find("live"), front = document.querySelector("#picture > video.front");
  const isLive = mode === "live" || (!live.hidden && live.width && !front?.videoWidth);
  const source = isLive ? live : front;
  const [width, height] = isLive ? [live.width, live.height] : [front?.videoWidth, front?.videoHeight];
  return width && height ? { source, width, height } : null;
}

/* camera 2026-05-17 10-23-05.120 +0200.jpg: colons are not allowed in names everywhere. */
export function stillName(camera, ms) {
  const [, day, clock, offset] = formatIso(ms).match(/^(.*)T(.{12})(.*)$/);
  return `${camera} ${day} ${clock.replaceAll(":", "-")} ${offset.replace(":", "")}.jpg`;
}

/* Hands a file to the browser, which asks where to, or puts it where downloads go. */
export function saveFile(blob, name) {
  const link = document.createElement("a"), url = URL.createObjectURL(blob);
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/* page: {screen, overlay}. Saves the picture that is shown, in its full size. */
export async function saveStill({ screen, overlay }) {
  if (screen.mode === "grid") return;
  const shown = shownPicture(screen.mode), { camera, live } = screen.current;
  const ms = screen.playhead ?? live.captured;
  if (!shown || ms === null) return overlay.notify("There is no picture to save.");
  const canvas = new OffscreenCanvas(shown.width, shown.height);
  canvas.getContext("2d").drawImage(shown.source, 0, 0, shown.width, shown.height);
  const name = stillName(camera.status.info?.camera ?? "camera", ms);
  saveFile(await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY }), name);
  return overlay.notify(`Saved ${name} (${shown.width} × ${shown.height}).`);
}

/* A browser that shows only videos on its whole screen shows the picture in its whole window. */
export async function toggleFullScreen() {
  const { classList } = document.body, screen = find("screen");
  if (document.fullscreenElement) return document.exitFullscreen();
  if (classList.contains("filled")) return classList.remove("filled");
  try {
    return await screen.requestFullscreen({ navigationUI: "hide" });
  } catch {
    return classList.add("filled");
  }
}

/* Returns whether the picture had the whole window. */
export function leaveFilled() {
  const filled = document.body.classList.contains("filled");
  document.body.classList.remove("filled");
  return filled;
}

/* The button says what it does next. */
export function followFullScreen() {
  const button = find("full-screen"), use = button.querySelector("use");
  const show = () => {
    const full = document.fullscreenElement !== null || document.body.classList.contains("filled");
    button.setAttribute("aria-label", full ? "Leave full screen" : "Full screen");
    use.setAttribute("href", full ? "#icon-shrink" : "#icon-enlarge");
  };
  document.addEventListener("fullscreenchange", show);
  new MutationObserver(show).observe(document.body, { attributeFilter: ["class"] });
}
