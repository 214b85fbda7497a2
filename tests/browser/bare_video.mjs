/* bare_video.mjs - a <video> in a real browser, without the page: seeks, and reads the number of the frame. */
import { existsSync } from "node:fs";
import { waitFor } from "./tap.mjs";
import { PROGRAMS } from "./user.mjs";

const SAME_PICTURE_TURNS = 300; // animation frames without a new picture, after which none is to come
const ARGUMENTS = {
  chrome: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"],
  firefox: [],
};

/* Why tests in that kind of browser cannot run here, or null. */
export async function missingFor(kind) {
  if (!existsSync(PROGRAMS[kind])) return `${PROGRAMS[kind]} is not installed`;
  return import("puppeteer-core").then(() => null, () => "puppeteer-core is not installed (make deps)");
}

/* Runs in the browser. The number in the squares of tests/tools/frames.h; -1 if there is none. */
export function readNumber(selector) {
  const picture = document.querySelector(selector), canvas = new OffscreenCanvas(320, 180);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, 320, 180);
  const { data } = context.getImageData(0, 0, 320, 180);
  let bits = 0n;
  for (let bit = 0; bit < 32; bit++) {
    const at = 4 * (((bit < 16 ? 10 : 30) * 320) + (bit % 16) * 20 + 10);
    bits = bits << 1n | BigInt(data[at] + data[at + 1] + data[at + 2] > 383);
  }
  const number = Number(bits >> 8n);
  return Math.imul(number, 0x9e3779b1) >>> 24 === Number(bits & 255n) ? number : -1;
}

/*
 * Runs in the browser. Seeks, and notes when the picture is painted. "seeked" is too early for that; only
 * requestVideoFrameCallback tells. It stays silent if the picture does not change, so animation frames are counted too.
 */
function beginSeek(at) {
  const video = document.querySelector("video");
  video.cancelVideoFrameCallback(window.request ?? 0);
  cancelAnimationFrame(window.drawing ?? 0);
  window.painted = false;
  window.turns = 0;
  window.request = video.requestVideoFrameCallback(() => { window.painted = true; });
  const turn = () => {
    window.turns += !video.seeking && video.readyState >= 2;
    window.drawing = requestAnimationFrame(turn);
  };
  turn();
  video.currentTime = at;
}

/* Runs in the browser. */
function isPainted(sameTurns) {
  const video = document.querySelector("video");
  return !video.seeking && video.readyState >= 2 && (window.painted || window.turns > sameTurns);
}

export class BareVideo {
  firefoxSettings = {};

  constructor(kind, recorder) {
    this.kind = kind;
    this.recorder = recorder;
  }

  async start() {
    const { default: puppeteer } = await import("puppeteer-core");
    this.browser = await puppeteer.launch({
      browser: this.kind, executablePath: PROGRAMS[this.kind], args: ARGUMENTS[this.kind], headless: true,
      extraPrefsFirefox: this.firefoxSettings,
    });
    this.page = await this.browser.newPage();
    this.page.setDefaultTimeout(60000);
    await this.open();
    return this;
  }

  /* Opens a page with a new <video>, on the recorder's own origin so that its pictures can be read. */
  async open(src = null) {
    await this.page.goto(`${this.recorder.url}/recordings?limit=1`);
    await this.page.evaluate((source) => {
      const video = document.createElement("video");
      video.muted = true;
      video.preload = "auto";
      if (source) video.src = source;
      document.body.replaceChildren(video);
    }, src);
    if (src) await waitFor(() => this.page.evaluate(() => document.querySelector("video").readyState >= 2), "the clip");
  }

  /* Number of the frame in the video, or in another picture. */
  number(selector = "video") {
    return this.page.evaluate(readNumber, selector);
  }

  /* Seeks to a time in seconds. Resolves to the number of the frame that is shown there. */
  async seek(seconds) {
    await this.page.evaluate(beginSeek, seconds);
    await waitFor(() => this.page.evaluate(isPainted, SAME_PICTURE_TURNS), `the picture at ${seconds} s`);
    return this.number();
  }

  async stop() {
    await this.browser?.close();
  }
}
