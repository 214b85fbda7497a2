/* user.mjs - a person at the page: opens it, points, drags, types, and reads the frame's number off the picture. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { observePage } from "./observer.mjs";
import { waitFor } from "./tap.mjs";

export const PROGRAMS = { chrome: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" };
const ARGUMENTS = {
  chrome: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
  firefox: [],
};
const LANE_Y = 123, BAND_Y = 48;
const LATE_PAINT_MS = 30000, PATIENCE_MS = 60000;
const EDGE_MS = 1.5; // the page knows the start of a clip to the millisecond

/*
 * Runs in the page. The number in the squares of tests/tools/frames.h, in that picture or the large one; -1 if there is
 * none.
 */
function readNumber(selector) {
  const playback = document.body.dataset.mode === "playback" && document.getElementById("live").hidden;
  const picture = document.querySelector(selector ?? (playback ? "video.front" : "#live"));
  if (!picture || !(picture.videoWidth || picture.naturalWidth || picture.width)) return -1;
  const canvas = new OffscreenCanvas(320, 180), context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, 320, 180);
  const { data } = context.getImageData(0, 0, 320, 180);
  let number = 0, sum = 0;
  for (let bit = 0; bit < 32; bit++) {
    const at = 4 * (((bit < 16 ? 10 : 30) * 320) + (bit % 16) * 20 + 10);
    const white = data[at] + data[at + 1] + data[at + 2] > 383;
    if (bit < 24) number = number * 2 + white;
    else sum = sum * 2 + white;
  }
  return Math.imul(number, 0x9e3779b1) >>> 24 === sum ? number : -1;
}

/* Milliseconds from the time that the page shows for a picture to the time at which the camera gave that frame. */
function errorOf(frames, shown) {
  const frame = frames.findLast(({ number, ms }) => number === shown.number && ms < shown.ms + 1000);
  return frame ? frame.ms - shown.ms : NaN;
}

export class User {
  messages = []; // of the console
  foreignRequests = []; // to other hosts
  downloads = mkdtempSync(join(tmpdir(), "recorder-downloads."));

  constructor(kind, recorder) {
    this.kind = kind;
    this.recorder = recorder;
    this.own = [recorder.url]; // of the recorder, also as it is reached through a proxy
  }

  async start() {
    const { default: puppeteer } = await import("puppeteer-core");
    this.browser = await puppeteer.launch({
      browser: this.kind, executablePath: PROGRAMS[this.kind], args: ARGUMENTS[this.kind], headless: true,
      extraPrefsFirefox: {
        "browser.download.folderList": 2, "browser.download.dir": this.downloads,
        "browser.download.useDownloadDir": true, "browser.download.alwaysOpenPanel": false, // a panel takes the focus
      },
    });
    await this.newPage();
    return this;
  }

  async newPage() {
    await this.page?.close();
    this.page = await this.browser.newPage();
    this.page.on("console", (message) =>
      this.messages.push(`${message.type()}: ${message.text()} ${message.location()?.url ?? ""}`));
    this.page.on("pageerror", (error) => this.messages.push(`error: ${error.stack ?? error.message}`));
    this.page.on("request", (request) => {
      const url = request.url();
      if (/^https?:/.test(url) && !this.own.some((own) => url.startsWith(own))) this.foreignRequests.push(url);
    });
    this.page.setDefaultTimeout(PATIENCE_MS);
    await this.page.setViewport({ width: 1440, height: 900 });
    if (this.kind === "chrome") {
      const session = await this.browser.target().createCDPSession();
      await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: this.downloads });
    }
  }

  /*
   * pauses: a recording pauses at its first picture, until setPausing(false). url: the recorder's, or one in front of
   * it.
   */
  async open(hash = "", { pauses = false, url = this.recorder.url } = {}) {
    if (!this.own.includes(url)) this.own.push(url);
    await this.page.goto("about:blank");
    const { identifier } = await this.page.evaluateOnNewDocument(observePage, pauses);
    await this.page.goto(`${url}/ui/${hash}`);
    await this.page.removeScriptToEvaluateOnNewDocument(identifier);
  }

  setPausing(pauses) {
    return this.page.evaluate((value) => (globalThis.observed.pauses = value), pauses);
  }

  /* What the page has shown since it was opened, see observer.mjs. */
  moments() {
    return this.page.evaluate(() => globalThis.observed.moments);
  }

  /* Whether an element whose text disappears by itself has shown such a text since then. */
  async hasShown(id, pattern) {
    const texts = await this.page.evaluate((from) => globalThis.observed.texts[from], id);
    return texts.some((text) => pattern.test(text));
  }

  /* Waits until the timeline shows the archive. */
  async ready() {
    const listed = () => this.page.$eval("#archive-message", (node) => node.hidden && node.textContent !== "");
    await waitFor(listed, "the archive is listed");
  }

  /* The borders of what is recorded, in milliseconds: [[from, to], …]. */
  async spans() {
    const { spans } = await this.recorder.json("/timeline");
    return spans.map(({ from, to }) => [Date.parse(from), Date.parse(to)]);
  }

  text(id) {
    return this.page.$eval(`#${id}`, (node) => node.textContent);
  }

  isHidden(id) {
    return this.page.$eval(`#${id}`, (node) => node.hidden);
  }

  /* Number of the frame in that picture, or in the large one; -1 if none can be read. */
  number(selector = null) {
    return this.page.evaluate(readNumber, selector);
  }

  hasPicture() {
    return waitFor(async () => await this.number() >= 0, "a picture");
  }

  /*
   * Waits for a frame after the first so many of the camera's log. Numbers begin again after some minutes, the log
   * never does.
   */
  showsFrameAfter(count, what) {
    return waitFor(async () => {
      const number = await this.number();
      return this.recorder.frames().slice(count).some((frame) => frame.number === number);
    }, what);
  }

  /* Wall time of the picture, as the page shows it. */
  async shownMs() {
    return Date.parse(await this.page.$eval("#time", (node) => node.getAttribute("datetime")));
  }

  mode() {
    return this.page.evaluate(() => document.body.dataset.mode);
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  isPlaying() {
    return this.page.$eval("#play", (node) => node.getAttribute("aria-label") === "Pause");
  }

  async pause() {
    if (await this.isPlaying()) await this.press("k");
    await waitFor(async () => /\.\d\d$/.test(await this.text("time")), "the clock shows hundredths");
  }

  /* Waits until a picture of the archive stays on the screen: {number, ms}. */
  async stillPicture() {
    let last = null, alike = 0;
    return waitFor(async () => {
      const shown = { number: await this.number(), ms: await this.shownMs() };
      const same = shown.number >= 0 && last?.number === shown.number && last?.ms === shown.ms;
      alike = same && await this.mode() === "playback" ? alike + 1 : 0;
      last = shown;
      return alike === 3 && shown;
    }, () => `a still picture, not ${JSON.stringify(last)}`);
  }

  /*
   * The same, and it is the frame that the camera gave at the time that the page shows. A busy browser may paint it
   * late. log: of the camera.
   */
  async exactStill(log) {
    let shown, error;
    const exact = async () => {
      shown = await this.stillPicture();
      error = errorOf(this.recorder.frames(log), shown);
      return Math.abs(error) <= EDGE_MS && shown;
    };
    return waitFor(exact, "the right frame", LATE_PAINT_MS).catch((late) => {
      const page = `the page shows ${shown?.ms} for frame ${shown?.number}`;
      throw new Error(`${late.message}: ${page}, which was taken ${error} ms later`);
    });
  }

  /*
   * Whether a frame, {ms}, is the one of some moment in [fromMs, toMs]: the camera gave none between the frame and
   * that.
   */
  isFrameOf({ ms }, fromMs, toMs = fromMs) {
    const next = this.recorder.frames().find((frame) => frame.ms > ms + EDGE_MS);
    return ms <= toMs + EDGE_MS && (!next || next.ms > fromMs - EDGE_MS);
  }

  /* How many seconds the timeline shows, by the address; NaN unless somebody has zoomed. */
  zoomSeconds() {
    return this.page.evaluate(() => Number(/zoom=(\d+)/.exec(location.hash)?.[1]));
  }

  /* Opens a link that makes the timeline show just [from, to]. A recording pauses at its first picture. */
  async showTimes(fromMs, toMs) {
    const middle = new Date((fromMs + toMs) / 2).toISOString();
    await this.open(`#t=${middle}&zoom=${(toMs - fromMs) / 1000}`, { pauses: true });
    await this.ready();
    await this.showsRecording();
  }

  showsRecording() {
    const hidesLive = async () => await this.mode() === "playback" && this.isHidden("live");
    return waitFor(async () => await hidesLive() && await this.number() >= 0, "a picture of the archive");
  }

  async box() {
    return (await this.page.$("#timeline")).boundingBox();
  }

  /*
   * The point of a time on the timeline, which shows so much around `centreMs`. lane: in the lane below the recordings.
   */
  async pointOf(ms, centreMs, lengthMs, lane = false) {
    const box = await this.box();
    return { x: box.x + box.width * ((ms - centreMs) / lengthMs + 0.5), y: box.y + (lane ? LANE_Y : BAND_Y) };
  }

  async drag(from, to) {
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move((from.x + to.x) / 2, to.y, { steps: 4 });
    await this.page.mouse.move(to.x, to.y, { steps: 4 });
    await this.page.mouse.up();
  }

  /* Messages of the console since the last call, without those that match. */
  takeMessages(allowed) {
    const taken = this.messages.filter((text) => !allowed?.test(text));
    this.messages = [];
    return taken;
  }

  async screenshot(path) {
    await this.page.screenshot({ path });
  }

  async stop() {
    await this.browser?.close();
    this.browser = null;
    rmSync(this.downloads, { recursive: true, force: true });
  }
}
