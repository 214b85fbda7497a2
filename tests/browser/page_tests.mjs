/* page_tests.mjs - the page as a person uses it, in a real browser against a real recorder with numbered frames. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { longArchive } from "./long_archive.mjs";
import { check, waitFor } from "./tap.mjs";
import { checkPlaying, playedMs, toldPlaying } from "./observer.mjs";
import { frameCosts, watchFrames, wheelAndDrag } from "./zoom_and_pan.mjs";

const INSIDE_MS = 200; // so far in a gap no picture can be: the clock runs ahead of the last one by a few frames

const whole = (ms) => Math.ceil(ms / 1000) * 1000;

export function pageTests(recorder, hand) {
  const live = async () => {
    await hand.open();
    await hand.ready();
    await waitFor(async () => await hand.number() >= 0, "a live picture");
  };

  return [
    ["the live picture moves, with name, rate and state", async () => {
      await hand.open();
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      await hand.showsLaterThan(recorder.frames().length + 20, "the live picture moves");
      await waitFor(async () => {
        const { measured_fps: measured } = await recorder.json("/camera_info"), told = parseFloat(await hand.text("rate"));
        return measured > 0 && Math.abs(told - measured) < 1;
      }, "the measured rate");
      await waitFor(async () => await hand.text("state") === "Live" && await hand.text("camera-name") === recorder.name, "state and name");
      await waitFor(async () => Math.abs(await hand.shownMs() - Date.now()) < 1500, "the clock is right");
    }],

    ["the first view shows the live picture with a cold cache", async () => {
      await hand.page.setCacheEnabled(false);
      try {
        await live();
      } finally {
        await hand.page.setCacheEnabled(true);
      }
    }],

    ["a click at a known second shows the frame of that second", async () => {
      const [[from, to]] = await hand.spans(), span = to - from, centre = (from + to) / 2;
      await hand.showTimes(from, to);
      const perPixel = span / (await hand.box()).width;
      for (const share of [0.2, 0.7, 0.45, 0.85]) {
        const wished = from + span * share, { x, y } = await hand.pointOf(wished, centre, span), before = await hand.stillPicture();
        await hand.page.mouse.click(x, y);
        await waitFor(async () => await hand.shownMs() !== before.ms, "another moment");
        await hand.pause();
        const seen = await hand.rightStill();
        check(hand.standsIn(seen, wished - perPixel, wished + perPixel), `wished ${wished}, got ${seen.ms}`);
      }
    }],

    ["a link lands on the very frame, and frame steps go one by one, over the border of two segments", async () => {
      const segments = (await recorder.json("/recordings")).reverse(), border = Date.parse(segments[1].start);
      await hand.open(`#t=${new Date(border - 20).toISOString()}`, { pauses: true });
      await hand.stillOrPlaying();
      const before = await hand.stillPicture();
      await hand.page.evaluate((time) => (location.hash = `t=${time}`), new Date(border - 70).toISOString());
      await waitFor(async () => await hand.shownMs() < before.ms, "the page goes there");
      await hand.pause();
      let seen = await hand.rightStill();
      check(hand.standsIn(seen, border - 70), `it stands ${seen.ms - border + 70} ms from where the link says`);
      for (const [key, step] of [[",", -1], [",", -1], [",", -1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [",", -1]]) {
        const wished = seen.number + step;
        await hand.press(key);
        let number;
        await waitFor(async () => (number = await hand.number()) === wished, () => `number ${wished} after ${seen.number}, not ${number}`);
        seen = await hand.rightStill();
      }
    }],

    ["playing goes on over segments and over a gap", async () => {
      const [[, gapFrom], [gapTo]] = await hand.spans();
      await hand.open(`#t=${new Date(gapFrom - 1500).toISOString()}`);
      await waitFor(async () => toldPlaying(await hand.moments()).some(({ ms }) => ms > gapTo + 500), "it plays behind the gap");
      await hand.pause();
      await hand.rightStill();
      const moments = await hand.moments(), told = toldPlaying(moments).map(({ ms }) => ms);
      const inside = told.filter((ms) => ms > gapFrom + INSIDE_MS && ms < gapTo - INSIDE_MS).map((ms) => ms - gapFrom);
      check(told[0] < gapFrom, "it began behind the gap");
      check(inside.length === 0, `the clock went on inside of the gap: ${inside.join(", ")} ms behind its beginning`);
      check(await hand.wasTold("notice", /Nothing was recorded from .*unplugged/), "the gap was not told");
      await checkPlaying(moments, 1);
    }],

    ["every speed plays at its speed", async () => {
      const [[from]] = await hand.spans();
      for (const speed of [0.25, 2, 4, 16]) {
        await hand.open(`#t=${new Date(from + 500).toISOString()}&speed=${speed}`);
        const enough = (moments) => playedMs(moments) > Math.min(8000, 700 * speed) && toldPlaying(moments).length > 2 && moments;
        await checkPlaying(await waitFor(async () => enough(await hand.moments()), `speed ${speed} plays`), speed);
      }
    }],

    ["live pauses on its newest picture, ten seconds back play on, and faster than life ends in live", async () => {
      await live();
      const number = await waitFor(async () => Math.max(0, await hand.number()), "a live picture");
      const frame = await waitFor(() => recorder.frames().findLast((one) => one.number === number), "the camera's word for it");
      await hand.press("k");
      const seen = await hand.rightStill();
      check(seen.ms > frame.ms - 4000, `it stands ${frame.ms - seen.ms} ms before a frame that had been seen live`);
      await hand.press("l");
      await waitFor(async () => await hand.mode() === "live", "live");
      const pressed = Date.now();
      await hand.press("ArrowLeft");
      await hand.stillOrPlaying();
      const first = await hand.shownMs();
      check(first > pressed - 12500 && first < Date.now() - 7500, `${pressed - first} ms back`);
      await waitFor(async () => await hand.shownMs() > first + 12000, "it plays on into what was not recorded yet");
      check(await hand.mode() === "back", `in mode ${await hand.mode()}`);
      await hand.page.select("#speed", "4");
      await waitFor(async () => await hand.mode() === "live", "it has caught up");
      await hand.page.select("#speed", "1");
    }],

    ["a dragged range says what it is, and downloads the right frames", async () => {
      const [[from, to]] = await hand.spans(), span = to - from, centre = (from + to) / 2;
      for (const left of readdirSync(hand.downloads)) rmSync(join(hand.downloads, left)); // of a try before this one
      await hand.showTimes(from, to);
      await hand.drag(await hand.pointOf(from + span * 0.3, centre, span, true), await hand.pointOf(from + span * 0.6, centre, span, true));
      const words = await waitFor(async () => /[KM]B · no gaps/.test(await hand.text("cut-words")) && hand.text("cut-words"), "length, size and gaps");
      const [cutFrom, cutTo] = await Promise.all(["cut-from", "cut-to"].map((id) => hand.page.$eval(`#${id}`, (node) => Date.parse(node.value.replace(" ", "T")))));
      const off = from + span * 0.3 - cutFrom, near = span / 100;
      check(cutFrom % 1000 === 0 && off > -near && off < 1000 + near && words.startsWith(`${((cutTo - cutFrom) / 1000).toFixed(1)} s`), `${words}: ${cutFrom} to ${cutTo}`);
      await hand.press("d");
      const file = await waitFor(() => readdirSync(hand.downloads).find((name) => name.endsWith(".mp4")), "the download is there");
      await waitFor(async () => readdirSync(hand.downloads).length === 1, "the download is whole");
      const numbers = (await recorder.ask("clip_frames", join(hand.downloads, file))).map(([, number]) => number);
      const wanted = recorder.frames().filter(({ ms }) => ms >= whole(cutFrom - 999.5) && ms < cutTo).map(({ number }) => number);
      check(numbers.join() === wanted.join(), `${numbers.length} frames ${numbers[0]} to ${numbers.at(-1)}, not ${wanted.length} from ${wanted[0]} to ${wanted.at(-1)}`);
    }],

    ["a typed range works, nonsense is answered in words", async () => {
      const [[from]] = await hand.spans();
      await hand.open(`#t=${new Date(from + 1000).toISOString()}`);
      await hand.ready();
      await hand.stillOrPlaying();
      await hand.press("i");
      const type = async (id, text) => {
        await hand.page.$eval(`#${id}`, (node) => (node.value = ""));
        await hand.page.type(`#${id}`, text);
        await hand.press("Enter");
      };
      await type("cut-to", "half past ten");
      await waitFor(async () => /not a time/.test(await hand.text("cut-words")), "the sentence");
      await type("cut-from", new Date(whole(from)).toISOString());
      await type("cut-to", new Date(whole(from) + 2500).toISOString());
      await waitFor(async () => /^2\.5 s · .*B · no gaps$/.test(await hand.text("cut-words")), "2.5 s");
      await hand.press("Escape");
    }],

    ["a cut is played to its end, kept, listed, played again and deleted", async () => {
      const [[from]] = await hand.spans(), begin = whole(from), iso = (ms) => new Date(ms).toISOString();
      await hand.open(`#from=${iso(begin)}&to=${iso(begin + 1500)}`);
      await hand.ready();
      await waitFor(async () => /1\.5 s · .*B/.test(await hand.text("cut-words")), "the cut's size");
      await hand.press("p");
      await waitFor(async () => !await hand.plays() && await hand.shownMs() > begin + 1000, "it stops");
      const last = await hand.rightStill();
      check(last.ms < begin + 1500 && hand.standsIn(last, begin + 1499), `it stands ${last.ms - begin - 1500} ms from the cut's end`);
      await hand.page.type("#cut-name", "evidence");
      await hand.page.click("#cut-keep");
      await waitFor(() => hand.wasTold("notice", /evidence\.mp4/), "it is kept");
      await waitFor(async () => /evidence.*1\.5 s/s.test(await hand.text("clips-list")), "it is listed with its length");
      await hand.page.click("#clips-list button[aria-label^=Play]");
      await waitFor(() => hand.page.$eval("#cinema-video", (video) => video.currentTime > 0.2), "the kept clip plays");
      await hand.press("Escape");
      await hand.page.click("#clips-list button[data-deletes]");
      await hand.page.click("#ask-yes");
      await waitFor(async () => /No clip is kept/.test(await hand.text("clips-words")), "it is deleted");
    }],

    ["the address holds the state, and the browser's Back goes back", async () => {
      const [[from]] = await hand.spans();
      await live();
      await hand.holdStill(true);
      await hand.page.click("[data-zoom='60']");
      await hand.page.type("#goto-time", new Date(from + 2000).toISOString());
      await hand.press("Enter");
      await hand.stillOrPlaying();
      await hand.pause();
      const seen = await hand.stillPicture();
      const hash = await waitFor(async () => {
        const [address, at] = await hand.page.evaluate(() => /t=(.*)&.*zoom=60/.exec(location.hash) ?? []);
        return Math.abs(Date.parse(at) - seen.ms) <= 1 && address && `#${address}`;
      }, "time and zoom of the frame in the address");
      await hand.press("l");
      await waitFor(async () => await hand.mode() === "live", "live");
      await hand.page.goBack();
      await waitFor(async () => await hand.mode() === "back", "back in the recording");
      await hand.newPage();
      await hand.open(hash, { pauses: true });
      await hand.stillOrPlaying();
      await hand.pause();
      const landed = await hand.rightStill();
      check(landed.number === seen.number, `the link lands ${landed.ms - seen.ms} ms on`);
    }],

    ["health says what there is", async () => {
      await live();
      await hand.page.click("#health-button");
      const words = await waitFor(async () => /Last error/.test(await hand.text("health-figures")) && hand.text("health-figures"), "figures");
      for (const word of ["Disk used", "Disk free", "In memory", "Frames lost", "Encoderlibx264", "Recordingon"]) check(words.includes(word), `${word} in ${words}`);
      await hand.page.click("#tab-recordings");
      await waitFor(async () => /recording now/.test(await hand.text("recordings-list")), "the open recording is listed");
    }],

    ["zoom and pan work with 72 hours, 432 segments and 50 gaps", async () => {
      const restore = await longArchive(hand.page);
      try {
        await hand.open();
        await hand.ready();
        await hand.page.click("[data-zoom='86400']");
        await watchFrames(hand);
        await wheelAndDrag(hand, 12, -240);
        const near = await waitFor(async () => await hand.zoomSeconds() < 43200 && hand.zoomSeconds(), "it zooms in");
        const drawn = (await frameCosts(hand)).length;
        check(drawn > 0, "nothing was drawn");
        await wheelAndDrag(hand, 12, 240);
        await waitFor(async () => await hand.zoomSeconds() > 2 * near, "it zooms out");
        await waitFor(async () => (await frameCosts(hand)).length > drawn, "it is drawn anew");
      } finally {
        await restore();
      }
    }],

    ["a phone shows all of it, by touch", async () => {
      await hand.page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: hand.kind === "chrome" });
      try {
        await live();
        const widths = await hand.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        check(widths[0] <= widths[1], `the page is ${widths[0]} wide in ${widths[1]}`);
        const small = await hand.page.$$eval("#controls button, #controls select", (all) => all.filter((node) => node.offsetHeight < 40 || node.offsetWidth < 30).map((node) => node.id));
        check(small.length === 0, `too small to touch: ${small}`);
        const box = await hand.box();
        await hand.page.touchscreen.tap(box.x + box.width * 0.8, box.y + 45);
        await hand.stillOrPlaying();
      } finally {
        await hand.page.setViewport({ width: 1440, height: 900 });
      }
    }],
  ];
}
