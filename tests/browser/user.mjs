/* user.mjs - a person at the page: opens it, points, drags, types, and reads the frame's number off the picture. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "./tap.mjs";
import { observePage } from "./observer.mjs";

export const PROGRAMS = { chrome: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" };
const ARGUMENTS = { chrome: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"], firefox: [] };
const LANE_Y = 91, BAND_Y = 48;
const LATE_PAINT_MS = 30000, PATIENCE_MS = 60000;
const EDGE_MS = 1.5; // the page knows a clip's beginning to the millisecond

/* The number in the squares of tests/tools/frames.h, in that picture or the large one; -1 where none can be read. Runs in the page. */
function readNumber(selector) {
  const playback = document.body.dataset.mode === "playback" && document.getElementById("live").hidden;
  const picture = document.querySelector(selector ?? (playback ? "video.front" : "#live"));
  if (!picture || !(picture.videoWidth || picture.naturalWidth)) return -1;
  const canvas = new OffscreenCanvas(320, 180), context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, 320, 180);
  const { data } = context.getImageData(0, 0, 320, 180);
  let number = 0, sum = 0;
  for (let bit = 0; bit < 32; bit++) {
    const at = 4 * (((bit < 16 ? 10 : 30) * 320) + (bit % 16) * 20 + 10), white = data[at] + data[at + 1] + data[at + 2] > 383;
    if (bit < 24) number = number * 2 + white;
    else sum = sum * 2 + white;
  }
  return Math.imul(number, 0x9e3779b1) >>> 24 === sum ? number : -1;
}

/* Milliseconds between what the page says of a picture and when the camera gave that frame. */
function errorOf(frames, seen) {
  const frame = frames.findLast(({ number, ms }) => number === seen.number && ms < seen.ms + 1000);
  return frame ? frame.ms - seen.ms : NaN;
}

export class User {
  messages = [];
  strangers = []; // requests to other hosts
  downloads = mkdtempSync(join(tmpdir(), "recorder-downloads."));

  constructor(kind, recorder) {
    this.kind = kind;
    this.recorder = recorder;
  }

  async start() {
    const { default: puppeteer } = await import("puppeteer-core");
    this.browser = await puppeteer.launch({
      browser: this.kind, executablePath: PROGRAMS[this.kind], args: ARGUMENTS[this.kind], headless: true,
      extraPrefsFirefox: { "browser.download.folderList": 2, "browser.download.dir": this.downloads, "browser.download.useDownloadDir": true },
    });
    await this.newPage();
    return this;
  }

  async newPage() {
    await this.page?.close();
    this.page = await this.browser.newPage();
    this.page.on("console", (message) => this.messages.push(`${message.type()}: ${message.text()} ${message.location()?.url ?? ""}`));
    this.page.on("pageerror", (error) => this.messages.push(`error: ${error.stack ?? error.message}`));
    this.page.on("request", (request) => {
      if (/^https?:/.test(request.url()) && !request.url().startsWith(this.recorder.url)) this.strangers.push(request.url());
    });
    this.page.setDefaultTimeout(PATIENCE_MS);
    await this.page.setViewport({ width: 1440, height: 900 });
    if (this.kind === "chrome") {
      const session = await this.browser.target().createCDPSession();
      await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: this.downloads });
    }
  }

  /* pauses: what is to be played stands still at its first picture, until holdStill(false). */
  async open(hash = "", { pauses = false } = {}) {
    await this.page.goto("about:blank");
    const { identifier } = await this.page.evaluateOnNewDocument(observePage, pauses);
    await this.page.goto(`${this.recorder.url}/ui/${hash}`);
    await this.page.removeScriptToEvaluateOnNewDocument(identifier);
  }

  /* Whether what is to be played from now on stands still at its first picture. */
  holdStill(pauses) {
    return this.page.evaluate((pausing) => (globalThis.observed.pauses = pausing), pauses);
  }

  /* What the page has shown since it was opened, see observer.mjs. */
  moments() {
    return this.page.evaluate(() => globalThis.observed.moments);
  }

  /* Whether such words were seen since then, in an element whose words go away by themselves. */
  async wasTold(id, pattern) {
    return (await this.page.evaluate((from) => globalThis.observed.words[from], id)).some((text) => pattern.test(text));
  }

  /* Until the time line knows the archive. */
  async ready() {
    await waitFor(() => this.page.$eval("#archive-message", (node) => node.hidden && node.textContent !== ""), "the archive is listed");
  }

  /* The borders of what is recorded, in milliseconds: [[from, to], …]. */
  async spans() {
    return (await this.recorder.json("/timeline")).spans.map(({ from, to }) => [Date.parse(from), Date.parse(to)]);
  }

  text(id) {
    return this.page.$eval(`#${id}`, (node) => node.textContent);
  }

  isHidden(id) {
    return this.page.$eval(`#${id}`, (node) => node.hidden);
  }

  number(selector = null) {
    return this.page.evaluate(readNumber, selector);
  }

  /* A picture is on the screen that the camera gave after the first so many frames of its log. Numbers begin anew, the log never does. */
  showsLaterThan(count, words) {
    return waitFor(async () => {
      const number = await this.number();
      return this.recorder.frames().slice(count).some((frame) => frame.number === number);
    }, words);
  }

  /* Wall time of the picture, as the page says it. */
  async shownMs() {
    return Date.parse(await this.page.$eval("#time", (node) => node.getAttribute("datetime")));
  }

  mode() {
    return this.page.evaluate(() => document.body.dataset.mode);
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  plays() {
    return this.page.$eval("#play", (node) => node.getAttribute("aria-label") === "Pause");
  }

  async pause() {
    if (await this.plays()) await this.press("k");
    await waitFor(async () => /\.\d\d$/.test(await this.text("time")), "the clock shows hundredths");
  }

  /* A picture of the archive is on the screen and stands still: {number, ms}. */
  async stillPicture() {
    let last = null, alike = 0;
    return waitFor(async () => {
      const seen = { number: await this.number(), ms: await this.shownMs() };
      const same = seen.number >= 0 && last?.number === seen.number && last?.ms === seen.ms && await this.mode() === "playback";
      alike = same ? alike + 1 : 0;
      last = seen;
      return alike === 3 && seen;
    }, () => `a still picture, not ${JSON.stringify(last)}`);
  }

  /*
   * The picture that stands is the frame that the camera gave at the time that the page says; a busy browser may paint it late. log: the
   * camera's.
   */
  async rightStill(log) {
    let seen, error;
    const right = async () => {
      seen = await this.stillPicture();
      error = errorOf(this.recorder.frames(log), seen);
      return Math.abs(error) <= EDGE_MS && seen;
    };
    return waitFor(right, "the right frame", LATE_PAINT_MS).catch((late) => {
      throw new Error(`${late.message}: the page says ${seen?.ms} for frame ${seen?.number}, which was taken ${error} ms later`);
    });
  }

  /* Whether a frame that is seen, {ms}, stands at a moment of [fromMs, toMs]: the camera gave none between it and that. */
  standsIn({ ms }, fromMs, toMs = fromMs) {
    const next = this.recorder.frames().find((frame) => frame.ms > ms + EDGE_MS);
    return ms <= toMs + EDGE_MS && (!next || next.ms > fromMs - EDGE_MS);
  }

  /* How many seconds the time line shows, by the address; NaN where nobody has zoomed. */
  zoomSeconds() {
    return this.page.evaluate(() => Number(/zoom=(\d+)/.exec(location.hash)?.[1]));
  }

  /* Zooms so that the time line shows just [from, to], by the address: that is how a link does it. What is picked there stands still. */
  async showTimes(fromMs, toMs) {
    await this.open(`#t=${new Date((fromMs + toMs) / 2).toISOString()}&zoom=${(toMs - fromMs) / 1000}`, { pauses: true });
    await this.ready();
    await this.stillOrPlaying();
  }

  stillOrPlaying() {
    return waitFor(async () => await this.mode() === "playback" && await this.isHidden("live") && await this.number() >= 0, "a picture of the archive");
  }

  async box() {
    return (await this.page.$("#timeline")).boundingBox();
  }

  /* Where on the screen a moment stands, by the labels' own arithmetic: the middle of the time line is `centre`. */
  async pointOf(ms, centreMs, spanMs, lane = false) {
    const box = await this.box();
    return { x: box.x + box.width * ((ms - centreMs) / spanMs + 0.5), y: box.y + (lane ? LANE_Y : BAND_Y) };
  }

  async drag(from, to) {
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move((from.x + to.x) / 2, to.y, { steps: 4 });
    await this.page.mouse.move(to.x, to.y, { steps: 4 });
    await this.page.mouse.up();
  }

  /* Messages since the last call, without those that match. */
  takeMessages(allowed) {
    const taken = this.messages.filter((text) => !allowed?.test(text));
    this.messages = [];
    return taken;
  }

  async picture(path) {
    await this.page.screenshot({ path });
  }

  async stop() {
    await this.browser?.close();
    rmSync(this.downloads, { recursive: true, force: true });
  }
}
