/* page_tests.mjs - the page as a person uses it, in a real browser, with a real recorder and numbered frames. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { longArchive } from "./long_archive.mjs";
import { checkPlaying, playedMs, whilePlaying } from "./observer.mjs";
import { check, waitFor } from "./tap.mjs";
import { frameCosts, watchFrames, wheelAndDrag } from "./zoom_and_pan.mjs";

const INSIDE_FRAME_MS = 3; // a frame is shown for longer than that
const INSIDE_MS = 200; // the clock runs a few frames beyond the last picture before a gap
const LABEL = `Tür vorne, <b>Mom's</b> "door" & 100%`;
const STEPS = [",", ",", ",", ".", ".", ".", ".", ".", ".", ".", ","]; // keys: previous frame, next frame

const wholeSecond = (ms) => Math.ceil(ms / 1000) * 1000;
const iso = (ms) => new Date(ms).toISOString();

export function pageTests(recorder, user) {
  const openLive = async () => {
    await user.open();
    await user.ready();
    await user.hasPicture();
  };
  const isLive = () => waitFor(async () => await user.mode() === "live", "live");
  const addressOf = (still) => {
    let hash;
    return waitFor(async () => {
      hash = await user.page.evaluate(() => location.hash);
      const [address, at] = /t=(.*?)&.*zoom=60/.exec(hash) ?? [];
      return Math.abs(Date.parse(at) - still.ms) <= 1 && `#${address}`;
    }, () => `the time of the frame of ${still.ms} and the zoom in the address: ${hash}`);
  };
  const summary = (pattern, what) => waitFor(async () => {
    const text = await user.text("selection-summary");
    return pattern.test(text) && text;
  }, what);

  return [
    ["the live picture moves, with name, rate and state", async () => {
      await user.open();
      await user.hasPicture();
      await user.showsFrameAfter(recorder.frames().length + 20, "the live picture moves");
      await waitFor(async () => {
        const { measured_fps: measured } = await recorder.json("/camera_info");
        return measured > 0 && Math.abs(parseFloat(await user.text("rate")) - measured) < 1;
      }, "the measured rate");
      await waitFor(async () => await user.text("state") === "Recording", "the state");
      await waitFor(async () => await user.text("camera-name") === recorder.name, "the name");
      await waitFor(async () => Math.abs(await user.shownMs() - Date.now()) < 1500, "the clock is right");
    }],

    ["with a cold cache the first view shows the live picture", async () => {
      await user.page.setCacheEnabled(false);
      try {
        await openLive();
      } finally {
        await user.page.setCacheEnabled(true);
      }
    }],

    ["a click on the timeline shows the frame of that time", async () => {
      const [[from, to]] = await user.spans(), length = to - from, centre = (from + to) / 2;
      await user.showTimes(from, to);
      const msPerPixel = length / (await user.box()).width;
      for (const share of [0.2, 0.7, 0.45, 0.85]) {
        const wanted = from + length * share, { x, y } = await user.pointOf(wanted, centre, length);
        const before = await user.stillPicture();
        await user.page.mouse.click(x, y);
        await waitFor(async () => await user.shownMs() !== before.ms, "another time");
        await user.pause();
        const shown = await user.exactStill();
        const right = user.isFrameOf(shown, wanted - msPerPixel, wanted + msPerPixel);
        check(right, `the click was at ${wanted}, the frame is of ${shown.ms}`);
      }
    }],

    ["a link lands on its very frame, and frame steps go one by one, across the border of two segments", async () => {
      const segments = (await recorder.json("/recordings")).reverse(), border = Date.parse(segments[1].start);
      // On a busy machine two frames can be further apart than usual, so the times are those of frames.
      const [wanted, , last] = recorder.frames().filter(({ ms }) => ms < border - INSIDE_FRAME_MS).slice(-3)
        .map(({ ms }) => ms + INSIDE_FRAME_MS);
      await user.open(`#t=${iso(last)}`, { pauses: true });
      await user.showsRecording();
      const before = await user.stillPicture();
      await user.page.evaluate((time) => (location.hash = `t=${time}`), iso(wanted));
      await waitFor(async () => await user.shownMs() < before.ms, "the page goes there");
      await user.pause();
      let shown = await user.exactStill();
      check(user.isFrameOf(shown, wanted), `it shows ${shown.ms - border} ms after the border, not ${wanted - border}`);
      for (const key of STEPS) {
        const next = shown.number + (key === "." ? 1 : -1);
        await user.press(key);
        let number;
        const reached = async () => (number = await user.number()) === next;
        await waitFor(reached, () => `frame ${next} after ${shown.number}, not ${number}`);
        shown = await user.exactStill();
      }
    }],

    ["playback continues across segments and a gap", async () => {
      const [[, gapFrom], [gapTo]] = await user.spans();
      await user.open(`#t=${iso(gapFrom - 1500)}`);
      const beyond = async () => whilePlaying(await user.moments()).some(({ ms }) => ms > gapTo + 500);
      await waitFor(beyond, "it plays after the gap");
      await user.pause();
      await user.exactStill();
      const moments = await user.moments(), times = whilePlaying(moments).map(({ ms }) => ms);
      const inside = times.filter((ms) => ms > gapFrom + INSIDE_MS && ms < gapTo - INSIDE_MS).map((ms) => ms - gapFrom);
      check(times[0] < gapFrom, "it began after the gap");
      check(inside.length === 0, `the clock ran on in the gap: ${inside.join(", ")} ms after its start`);
      check(await user.hasShown("notice", /Nothing was recorded from .*unplugged/), "there was no notice of the gap");
      await checkPlaying(moments, 1);
    }],

    ["keys lead from gap to gap, and a list has them with their causes", async () => {
      const [[, gapFrom]] = await user.spans();
      await openLive();
      const sum = /^Recorded \d+\.\d %, \d gaps?, /;
      await waitFor(async () => sum.test(await user.text("gaps-text")), "the sum of the gaps");
      await user.press("z");
      await user.showsRecording();
      const shown = await user.exactStill();
      check(user.isFrameOf(shown, gapFrom - 1), `it shows ${shown.ms - gapFrom} ms after the gap's beginning`);
      check(await user.hasShown("notice", /^Nothing was recorded from .*: the camera was unplugged\.$/), "no notice");
      await user.press("x");
      await waitFor(() => user.hasShown("notice", /^No gap follows\.$/), "it was the last gap");
      await user.page.click("#gaps-button");
      check(/for \d.*the camera was unplugged/.test(await user.text("gaps-list")), await user.text("gaps-list"));
      await user.page.click("#gaps-list .gap");
      await waitFor(() => user.page.$eval("#gaps", (node) => !node.open), "the list closes");
    }],

    ["every speed plays at its speed", async () => {
      const [[from]] = await user.spans();
      for (const speed of [0.25, 2, 4, 16]) {
        await user.open(`#t=${iso(from + 500)}&speed=${speed}`);
        const moments = await waitFor(async () => {
          const all = await user.moments(), enough = playedMs(all) > Math.min(8000, 700 * speed);
          return enough && whilePlaying(all).length > 2 && all;
        }, `speed ${speed} plays`);
        await checkPlaying(moments, speed);
      }
    }],

    ["live pauses on its newest picture, skips back ten seconds, and at high speed catches up with live", async () => {
      await openLive();
      const number = await waitFor(async () => Math.max(0, await user.number()), "a live picture");
      const logged = () => recorder.frames().findLast((frame) => frame.number === number);
      const frame = await waitFor(logged, "its entry in the log");
      await user.press("k");
      const paused = await user.exactStill();
      check(paused.ms > frame.ms - 4000, `it pauses ${frame.ms - paused.ms} ms before a frame that was shown live`);
      await user.press("l");
      await isLive();
      const pressed = Date.now();
      await user.press("ArrowLeft");
      await user.showsRecording();
      const first = await user.shownMs();
      check(pressed - first < 14000 && pressed - first > 6000, `${pressed - first} ms back`);
      await waitFor(async () => await user.shownMs() > first + 12000, "it plays on into what was not recorded yet");
      check(await user.mode() === "playback", `in mode ${await user.mode()}`);
      await user.page.select("#speed", "4");
      await isLive();
      await user.page.select("#speed", "1");
    }],

    ["a dragged selection has length, size and gaps, and downloads the right frames", async () => {
      const [[from, to]] = await user.spans(), length = to - from, centre = (from + to) / 2;
      for (const left of readdirSync(user.downloads)) rmSync(join(user.downloads, left)); // of an earlier attempt
      await user.showTimes(from, to);
      const [start, end] = [0.3, 0.6].map((share) => from + length * share);
      await user.drag(await user.pointOf(start, centre, length, true), await user.pointOf(end, centre, length, true));
      const text = await summary(/[KM]B · no gaps/, "length, size and gaps");
      const field = (id) => user.page.$eval(id, (node) => Date.parse(node.value.replace(" ", "T")));
      const [selectedFrom, selectedTo] = await Promise.all(["#selection-from", "#selection-to"].map(field));
      const off = start - selectedFrom, near = length / 100;
      const right = selectedFrom % 1000 === 0 && off > -near && off < 1000 + near;
      check(right && text.startsWith(`${((selectedTo - selectedFrom) / 1000).toFixed(1)} s`),
        `${text}: ${selectedFrom} to ${selectedTo}`);
      await user.press("d");
      const saved = () => readdirSync(user.downloads);
      const file = await waitFor(() => saved().find((name) => name.endsWith(".mp4")), "the download begins");
      await waitFor(() => saved().length === 1, "the download is complete");
      const numbers = (await recorder.command("clip_frames", join(user.downloads, file))).map(([, number]) => number);
      const isSelected = ({ ms }) => ms >= wholeSecond(selectedFrom - 999.5) && ms < selectedTo;
      const wanted = recorder.frames().filter(isSelected).map((frame) => frame.number);
      const say = (all) => `${all.length} frames, ${all[0]} to ${all.at(-1)}`;
      check(numbers.join() === wanted.join(), `${say(numbers)}, not ${say(wanted)}`);
    }],

    ["a typed selection works, and an invalid one gets a reason", async () => {
      const [[from]] = await user.spans();
      await user.open(`#t=${iso(from + 1000)}`);
      await user.ready();
      await user.showsRecording();
      await user.press("i");
      const type = async (id, text) => {
        await user.page.$eval(`#${id}`, (node) => (node.value = ""));
        await user.page.type(`#${id}`, text);
        await user.press("Enter");
      };
      await type("selection-to", "half past ten");
      await summary(/not a time/, "the reason");
      await type("selection-from", iso(wholeSecond(from)));
      await type("selection-to", iso(wholeSecond(from) + 2500));
      await summary(/^2\.5 s · .*B · no gaps$/, "2.5 s");
      await user.press("Escape");
    }],

    ["a selection is played to its end, kept, listed, played again and deleted", async () => {
      const [[from]] = await user.spans(), begin = wholeSecond(from);
      await user.open(`#from=${iso(begin)}&to=${iso(begin + 1500)}`);
      await user.ready();
      await summary(/1\.5 s · .*B/, "the size");
      await user.press("p");
      await waitFor(async () => !await user.isPlaying() && await user.shownMs() > begin + 1000, "it stops");
      const last = await user.exactStill();
      const isLast = last.ms < begin + 1500 && user.isFrameOf(last, begin + 1499);
      check(isLast, `it stops ${last.ms - begin - 1500} ms from the end`);
      await user.page.type("#selection-label", LABEL);
      await user.page.click("#selection-keep");
      await waitFor(() => user.hasShown("notice", /Kept “Tür .* as \S+_\d+_\d+\S*\.mp4/), "it is kept");
      const labels = () => user.page.$$eval("#clips-list strong", (all) => all.map((node) => node.textContent));
      await waitFor(async () => (await labels()).join() === LABEL, "its label is listed");
      await waitFor(async () => /1\.5 s/.test(await user.text("clips-list")), "it is listed with its length");
      const [{ label, file }] = await recorder.json("/clips");
      check(label === LABEL, `${file} has the label ${label}`);
      const saved = await user.page.$eval("#clips-list a[download]", (link) => link.download);
      check(saved === `${LABEL}.mp4`, `it is downloaded as ${saved}`);
      await user.page.click("#clips-list button[aria-label^=Play]");
      await waitFor(() => user.page.$eval("#clip-video", (video) => video.currentTime > 0.2), "the kept clip plays");
      await user.press("Escape");
      await user.page.click("#clips-list button[aria-label^=Delete]");
      await user.page.click("#confirm-yes");
      await waitFor(async () => /No clips have been kept/.test(await user.text("clips-message")), "it is deleted");
    }],

    ["the address holds the state, after a frame step too, and the browser's Back goes back", async () => {
      const [[from]] = await user.spans();
      await openLive();
      await user.setPausing(true);
      await user.page.click("[data-zoom='60']");
      await user.page.type("#goto-time", iso(from + 2010)); // a frame begins at from + 2000
      await user.press("Enter");
      await user.showsRecording();
      await user.pause();
      const paused = await user.exactStill();
      await addressOf(paused);
      await user.press(".");
      const shown = await waitFor(async () => {
        const still = await user.exactStill();
        return still.number !== paused.number && still;
      }, "the next frame");
      const hash = await addressOf(shown);
      await user.press("l");
      await isLive();
      await user.page.goBack();
      await waitFor(async () => await user.mode() === "playback", "the recording again");
      await user.newPage();
      await user.open(hash, { pauses: true });
      await user.showsRecording();
      await user.pause();
      const landed = await user.exactStill();
      check(landed.number === shown.number, `the link lands ${landed.ms - shown.ms} ms later`);
    }],

    ["the health panel shows all figures, and the list of recordings has the open one", async () => {
      await openLive();
      await user.page.click("#health-button");
      const figures = await waitFor(async () => {
        const text = await user.text("health-figures");
        return /Last error/.test(text) && text;
      }, "the figures");
      for (const text of ["Disk used", "Disk free", "In memory", "Frames lost", "Encoderlibx264", "Recordingon", "NeededRecordings of 72 h take about", "Storenone"]) {
        check(figures.includes(text), `${text} in ${figures}`);
      }
      await user.page.click("#tab-recordings");
      await waitFor(async () => /recording now/.test(await user.text("recordings-list")), "the open recording");
    }],

    ["zoom and pan work with 72 hours, 432 segments and 50 gaps", async () => {
      const restore = await longArchive(user.page);
      try {
        await user.open();
        await user.ready();
        await user.page.click("[data-zoom='86400']");
        await watchFrames(user);
        await wheelAndDrag(user, 12, -240);
        const near = await waitFor(async () => await user.zoomSeconds() < 43200 && user.zoomSeconds(), "it zooms in");
        const drawn = (await frameCosts(user)).length;
        check(drawn > 0, "nothing was drawn");
        await wheelAndDrag(user, 12, 240);
        await waitFor(async () => await user.zoomSeconds() > 2 * near, "it zooms out");
        await waitFor(async () => (await frameCosts(user)).length > drawn, "it is drawn again");
      } finally {
        await restore();
      }
    }],

    ["a phone shows all of it, and it works by touch", async () => {
      await user.page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: user.kind === "chrome" });
      try {
        await openLive();
        const [width, room] = await user.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        check(width <= room, `the page is ${width} wide on a screen of ${room}`);
        const small = await user.page.$$eval("#controls button, #controls select", (all) =>
          all.filter((node) => node.offsetHeight < 40 || node.offsetWidth < 30).map((node) => node.id));
        check(small.length === 0, `too small to touch: ${small}`);
        const box = await user.box();
        await user.page.touchscreen.tap(box.x + box.width * 0.8, box.y + 45);
        await user.showsRecording();
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],
  ];
}
