#!/usr/bin/env node
/* test_owner_modules.mjs - set-up, names of clips, words for errors and the zoom of the picture: without a browser. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTests } from "./tap.mjs";

process.env.TZ = "Europe/Berlin";
const copy = mkdtempSync(join(tmpdir(), "recorder-www."));
cpSync(new URL("../../www/", import.meta.url), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const load = (name) => import(join(copy, name));
const { clipFile, labelFits } = await load("clip-name.js");
const { fileNameOf } = await load("clip-export.js");
const { detailOf } = await load("clip-list.js");
const { fitted, zoomedBy } = await load("picture-zoom.js");
const { stillName } = await load("picture-tools.js");
const { problemWords } = await load("problem-words.js");
const { linesOf } = await load("setup.js");
const { deviceChoices, deviceOf, formatChoices, rateChoices, sizeChoices } = await load("setup-modes.js");
rmSync(copy, { recursive: true });

const LINK = "/dev/v4l/by-id/usb-Maker_C920-video-index0";
const CAMERA = {
  path: "/dev/video2", name: "C920", in_use: true, links: ["/dev/v4l/by-path/pci-0", LINK],
  formats: [
    { format: "YUYV", sizes: [{ width: 640, height: 480, fps: [30, 15] }] },
    {
      format: "MJPG",
      sizes: [{ width: 1920, height: 1080, fps: [30, 24.975] }, { width: 640, height: 480, fps: [60] }],
    },
    { format: "H264", sizes: [{ width: 1920, height: 1080, fps: [30] }] },
  ],
};
const values = (choices) => choices.map(({ value }) => value);

const failed = await runTests([
  ["a camera is chosen by the name that survives another port; one that is not there stays chosen", () => {
    assert.deepEqual(values(deviceChoices([CAMERA], "auto")), ["auto", LINK]);
    assert.deepEqual(values(deviceChoices([CAMERA], "/dev/video9")), ["auto", LINK, "/dev/video9"]);
    assert.equal(deviceChoices([], "test").at(-1).text, "The test picture");
    assert.equal(deviceOf([CAMERA], "auto"), CAMERA);
    assert.equal(deviceOf([CAMERA], LINK), CAMERA);
    assert.equal(deviceOf([CAMERA], "/dev/video9"), null);
  }],

  ["formats, sizes and rates are those that the camera offers and the recorder knows", () => {
    assert.deepEqual(values(formatChoices(CAMERA)), ["auto", "yuyv", "mjpeg"]);
    assert.deepEqual(values(sizeChoices(CAMERA, "yuyv", "640x480")), ["640x480"]);
    assert.deepEqual(values(sizeChoices(CAMERA, "auto", "1280x720")), ["1920x1080", "1280x720", "640x480"]);
    assert.deepEqual(values(rateChoices(CAMERA, "mjpeg", "1920x1080", 30)), ["30", "25"]);
    assert.deepEqual(values(rateChoices(CAMERA, "auto", "640x480", 12)), ["60", "30", "15", "12"]);
    assert.deepEqual(values(formatChoices(null)), ["auto"]);
    assert.deepEqual(values(rateChoices(null, "auto", "640x480", 30)), ["30"]);
  }],

  ["a choice becomes the lines that somebody can paste", () => {
    assert.equal(linesOf({ device: LINK, width: 640 }), `[camera]\ndevice = ${LINK}\nwidth = 640`);
    assert.equal(linesOf({ controls: { brightness: "9" } }), "[controls]\nbrightness = 9");
  }],

  ["names of clips keep spaces and umlauts, and fit into a clip", () => {
    assert.equal(clipFile("Tür – Ostern 2"), "Tür – Ostern 2.mp4");
    assert.equal(clipFile("door.MP4"), "door.mp4");
    assert.equal(clipFile("u\u0308"), "ü.mp4");
    assert.ok(labelFits("x".repeat(127)) && !labelFits("ü".repeat(64)));
  }],

  ["the recorder's own file name is read from its header", () => {
    assert.equal(fileNameOf("inline; filename=\"T-r.mp4\"; filename*=UTF-8''T%C3%BCr%20vorne.mp4"), "Tür vorne.mp4");
    assert.equal(fileNameOf('inline; filename="clip_20260517.mp4"'), "clip_20260517.mp4");
    assert.equal(fileNameOf(null), null);
    assert.equal(fileNameOf("inline; filename*=UTF-8''%E0%A4%A"), null);
  }],

  ["a clip is listed by when it was filmed, and by when it was kept only if that is unknown", () => {
    const clip = { start: "2026-05-17T10:23:00+02:00", duration: 18, size: 3200000, kept: "2026-05-20T08:00:00+02:00" };
    assert.equal(detailOf(clip), "Sun 17 May 2026, 10:23:00 · 18.0 s · 3.2 MB");
    assert.equal(detailOf({ ...clip, start: null, duration: null }), "kept Wed 20 May, 08:00:00 · 3.2 MB");
  }],

  ["a saved picture is named after its camera, its time and its offset", () => {
    const nameAt = (text) => stillName("door", Date.parse(text));
    assert.equal(nameAt("2026-05-17T10:23:05.120+02:00"), "door 2026-05-17 10-23-05.120 +0200.jpg");
    assert.equal(nameAt("2026-12-01T10:23:05+01:00"), "door 2026-12-01 10-23-05.000 +0100.jpg");
  }],

  ["what is below the pointer stays there, and the picture always fills its frame", () => {
    const frame = { width: 800, height: 450 }, whole = { scale: 1, x: 0, y: 0 };
    const near = zoomedBy(whole, 4, { x: 200, y: 100 }, frame);
    assert.deepEqual(near, { scale: 4, x: -600, y: -300 });
    assert.deepEqual(zoomedBy(near, 1 / 4, { x: 700, y: 400 }, frame), whole);
    assert.equal(zoomedBy(near, 100, { x: 0, y: 0 }, frame).scale, 10);
    assert.deepEqual(fitted({ scale: 2, x: 50, y: -999 }, frame), { scale: 2, x: 0, y: -450 });
  }],

  ["errors are in the page's words: nothing of parameters, keys and addresses", () => {
    const sentences = ["Changes need a token with the scope control, or http.allow_control = yes.",
      "label= takes up to 127 bytes of UTF-8.", "There is no such clip. /clips lists the kept clips.", "Your address is using its share (http.address_share)."];
    for (const status of [400, 401, 403, 404, 409, 413, 421, 429, 500, 502, 503, 504, 507, 599]) {
      for (const sentence of sentences) {
        assert.doesNotMatch(problemWords(status, sentence), /=|\/|http\.|token|scope|label/);
      }
    }
    assert.equal(problemWords(503, "The recorder is not running, so the state of the camera is unknown."),
      "The recorder is not running, so the state of the camera is unknown.");
    assert.match(problemWords(503, ""), /Try again/);
  }],
]);
process.exitCode = failed ? 1 : 0;
