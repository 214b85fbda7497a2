/* bare_video.mjs - a bare <video> in a real browser, without the page: seeks in it, and reads the frame's number off the picture. */
import { existsSync } from "node:fs";
import { PROGRAMS } from "./user.mjs";
import { waitFor } from "./tap.mjs";

const SAME_PICTURE_TURNS = 300; // of drawing, after which no other picture is to come; a browser that stands still draws none
const ARGUMENTS = { chrome: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"], firefox: [] };

/* What is missing for tests in that kind of browser; null where nothing is. */
export async function missingFor(kind) {
  if (!existsSync(PROGRAMS[kind])) return `${PROGRAMS[kind]} is not installed`;
  return import("puppeteer-core").then(() => null, () => "puppeteer-core is not installed (make deps)");
}

/* The number in the squares of tests/tools/frames.h; -1 where none can be read. Runs in the browser. */
function readNumber(selector) {
  const picture = document.querySelector(selector), canvas = new OffscreenCanvas(320, 180), context = canvas.getContext("2d");
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

export class BareVideo {
  constructor(kind, recorder) {
    this.kind = kind;
    this.recorder = recorder;
  }

  async start() {
    const { default: puppeteer } = await import("puppeteer-core");
    this.browser = await puppeteer.launch({ browser: this.kind, executablePath: PROGRAMS[this.kind], args: ARGUMENTS[this.kind], headless: true });
    this.page = await this.browser.newPage();
    this.page.setDefaultTimeout(60000);
    await this.open();
    return this;
  }

  /* A new <video>, of the recorder's own origin so that its pictures can be read. */
  async open(src = null) {
    await this.page.goto(`${this.recorder.url}/recordings?limit=1`);
    await this.page.evaluate((source) => {
      const video = document.createElement("video");
      video.muted = true;
      video.preload = "auto";
      if (source) video.src = source;
      document.body.replaceChildren(video);
    }, src);
    if (src) await waitFor(() => this.page.evaluate(() => document.querySelector("video").readyState >= 2), "the clip is loaded");
  }

  /* Of the player, or of another picture. */
  number(selector = "video") {
    return this.page.evaluate(readNumber, selector);
  }

  /* Goes to a time in seconds and gives the number that stands there. "seeked" comes before the new picture is painted; only a request
     for the next painted frame (requestVideoFrameCallback) knows of that. None comes if the picture stays the same one. */
  async seek(seconds) {
    await this.page.evaluate((at) => {
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
    }, seconds);
    await waitFor(() => this.page.evaluate((sameTurns) => {
      const video = document.querySelector("video");
      return !video.seeking && video.readyState >= 2 && (window.painted || window.turns > sameTurns);
    }, SAME_PICTURE_TURNS), `the picture at ${seconds} s`);
    return this.number();
  }

  async stop() {
    await this.browser?.close();
  }
}
