/* page_tests.mjs - the page as a person uses it, in a real browser against a real recorder with numbered frames. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { longArchive } from "./long_archive.mjs";
import { check, waitFor } from "./tap.mjs";
import { checkPlaying, playedMs, toldPlaying } from "./observer.mjs";
import { frameCosts, watchFrames, wheelAndDrag } from "./zoom_and_pan.mjs";

const INSIDE_MS = 200; // so far in a gap no picture can be: the clock runs ahead of the last one by a few frames

const whole = (ms) => Math.ceil(ms / 1000) * 1000;

export function pageTests(recorder, user) {
  const live = async () => {
    await user.open();
    await user.ready();
    await waitFor(async () => await user.number() >= 0, "a live picture");
  };

  return [
    ["the live picture moves, with name, rate and state", async () => {
      await user.open();
      await waitFor(async () => await user.number() >= 0, "a live picture");
      await user.showsLaterThan(recorder.frames().length + 20, "the live picture moves");
      await waitFor(async () => {
        const { measured_fps: measured } = await recorder.json("/camera_info"), told = parseFloat(await user.text("rate"));
        return measured > 0 && Math.abs(told - measured) < 1;
      }, "the measured rate");
      await waitFor(async () => await user.text("state") === "Live" && await user.text("camera-name") === recorder.name, "state and name");
      await waitFor(async () => Math.abs(await user.shownMs() - Date.now()) < 1500, "the clock is right");
    }],

    ["the first view shows the live picture with a cold cache", async () => {
      await user.page.setCacheEnabled(false);
      try {
        await live();
      } finally {
        await user.page.setCacheEnabled(true);
      }
    }],

    ["a click at a known second shows the frame of that second", async () => {
      const [[from, to]] = await user.spans(), span = to - from, centre = (from + to) / 2;
      await user.showTimes(from, to);
      const perPixel = span / (await user.box()).width;
      for (const share of [0.2, 0.7, 0.45, 0.85]) {
        const wished = from + span * share, { x, y } = await user.pointOf(wished, centre, span), before = await user.stillPicture();
        await user.page.mouse.click(x, y);
        await waitFor(async () => await user.shownMs() !== before.ms, "another moment");
        await user.pause();
        const seen = await user.rightStill();
        check(user.standsIn(seen, wished - perPixel, wished + perPixel), `wished ${wished}, got ${seen.ms}`);
      }
    }],

    ["a link lands on the very frame, and frame steps go one by one, over the border of two segments", async () => {
      const segments = (await recorder.json("/recordings")).reverse(), border = Date.parse(segments[1].start);
      await user.open(`#t=${new Date(border - 20).toISOString()}`, { pauses: true });
      await user.stillOrPlaying();
      const before = await user.stillPicture();
      await user.page.evaluate((time) => (location.hash = `t=${time}`), new Date(border - 70).toISOString());
      await waitFor(async () => await user.shownMs() < before.ms, "the page goes there");
      await user.pause();
      let seen = await user.rightStill();
      check(user.standsIn(seen, border - 70), `it stands ${seen.ms - border + 70} ms from where the link says`);
      for (const [key, step] of [[",", -1], [",", -1], [",", -1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [".", 1], [",", -1]]) {
        const wished = seen.number + step;
        await user.press(key);
        let number;
        await waitFor(async () => (number = await user.number()) === wished, () => `number ${wished} after ${seen.number}, not ${number}`);
        seen = await user.rightStill();
      }
    }],

    ["playing goes on over segments and over a gap", async () => {
      const [[, gapFrom], [gapTo]] = await user.spans();
      await user.open(`#t=${new Date(gapFrom - 1500).toISOString()}`);
      await waitFor(async () => toldPlaying(await user.moments()).some(({ ms }) => ms > gapTo + 500), "it plays behind the gap");
      await user.pause();
      await user.rightStill();
      const moments = await user.moments(), told = toldPlaying(moments).map(({ ms }) => ms);
      const inside = told.filter((ms) => ms > gapFrom + INSIDE_MS && ms < gapTo - INSIDE_MS).map((ms) => ms - gapFrom);
      check(told[0] < gapFrom, "it began behind the gap");
      check(inside.length === 0, `the clock went on inside of the gap: ${inside.join(", ")} ms behind its beginning`);
      check(await user.wasTold("notice", /Nothing was recorded from .*unplugged/), "the gap was not told");
      await checkPlaying(moments, 1);
    }],

    ["every speed plays at its speed", async () => {
      const [[from]] = await user.spans();
      for (const speed of [0.25, 2, 4, 16]) {
        await user.open(`#t=${new Date(from + 500).toISOString()}&speed=${speed}`);
        const enough = (moments) => playedMs(moments) > Math.min(8000, 700 * speed) && toldPlaying(moments).length > 2 && moments;
        await checkPlaying(await waitFor(async () => enough(await user.moments()), `speed ${speed} plays`), speed);
      }
    }],

    ["live pauses on its newest picture, ten seconds back play on, and faster than life ends in live", async () => {
      await live();
      const number = await waitFor(async () => Math.max(0, await user.number()), "a live picture");
      const frame = await waitFor(() => recorder.frames().findLast((one) => one.number === number), "the camera's word for it");
      await user.press("k");
      const seen = await user.rightStill();
      check(seen.ms > frame.ms - 4000, `it stands ${frame.ms - seen.ms} ms before a frame that had been seen live`);
      await user.press("l");
      await waitFor(async () => await user.mode() === "live", "live");
      const pressed = Date.now();
      await user.press("ArrowLeft");
      await user.stillOrPlaying();
      const first = await user.shownMs();
      check(first > pressed - 12500 && first < Date.now() - 7500, `${pressed - first} ms back`);
      await waitFor(async () => await user.shownMs() > first + 12000, "it plays on into what was not recorded yet");
      check(await user.mode() === "playback", `in mode ${await user.mode()}`);
      await user.page.select("#speed", "4");
      await waitFor(async () => await user.mode() === "live", "it has caught up");
      await user.page.select("#speed", "1");
    }],

    ["a dragged range says what it is, and downloads the right frames", async () => {
      const [[from, to]] = await user.spans(), span = to - from, centre = (from + to) / 2;
      for (const left of readdirSync(user.downloads)) rmSync(join(user.downloads, left)); // of a try before this one
      await user.showTimes(from, to);
      await user.drag(await user.pointOf(from + span * 0.3, centre, span, true), await user.pointOf(from + span * 0.6, centre, span, true));
      const words = await waitFor(async () => /[KM]B · no gaps/.test(await user.text("selection-summary")) && user.text("selection-summary"), "length, size and gaps");
      const [cutFrom, cutTo] = await Promise.all(["selection-from", "selection-to"].map((id) => user.page.$eval(`#${id}`, (node) => Date.parse(node.value.replace(" ", "T")))));
      const off = from + span * 0.3 - cutFrom, near = span / 100;
      check(cutFrom % 1000 === 0 && off > -near && off < 1000 + near && words.startsWith(`${((cutTo - cutFrom) / 1000).toFixed(1)} s`), `${words}: ${cutFrom} to ${cutTo}`);
      await user.press("d");
      const file = await waitFor(() => readdirSync(user.downloads).find((name) => name.endsWith(".mp4")), "the download is there");
      await waitFor(async () => readdirSync(user.downloads).length === 1, "the download is whole");
      const numbers = (await recorder.ask("clip_frames", join(user.downloads, file))).map(([, number]) => number);
      const wanted = recorder.frames().filter(({ ms }) => ms >= whole(cutFrom - 999.5) && ms < cutTo).map(({ number }) => number);
      check(numbers.join() === wanted.join(), `${numbers.length} frames ${numbers[0]} to ${numbers.at(-1)}, not ${wanted.length} from ${wanted[0]} to ${wanted.at(-1)}`);
    }],

    ["a typed range works, nonsense is answered in words", async () => {
      const [[from]] = await user.spans();
      await user.open(`#t=${new Date(from + 1000).toISOString()}`);
      await user.ready();
      await user.stillOrPlaying();
      await user.press("i");
      const type = async (id, text) => {
        await user.page.$eval(`#${id}`, (node) => (node.value = ""));
        await user.page.type(`#${id}`, text);
        await user.press("Enter");
      };
      await type("selection-to", "half past ten");
      await waitFor(async () => /not a time/.test(await user.text("selection-summary")), "the sentence");
      await type("selection-from", new Date(whole(from)).toISOString());
      await type("selection-to", new Date(whole(from) + 2500).toISOString());
      await waitFor(async () => /^2\.5 s · .*B · no gaps$/.test(await user.text("selection-summary")), "2.5 s");
      await user.press("Escape");
    }],

    ["a cut is played to its end, kept, listed, played again and deleted", async () => {
      const [[from]] = await user.spans(), begin = whole(from), iso = (ms) => new Date(ms).toISOString();
      await user.open(`#from=${iso(begin)}&to=${iso(begin + 1500)}`);
      await user.ready();
      await waitFor(async () => /1\.5 s · .*B/.test(await user.text("selection-summary")), "the cut's size");
      await user.press("p");
      await waitFor(async () => !await user.plays() && await user.shownMs() > begin + 1000, "it stops");
      const last = await user.rightStill();
      check(last.ms < begin + 1500 && user.standsIn(last, begin + 1499), `it stands ${last.ms - begin - 1500} ms from the cut's end`);
      await user.page.type("#selection-name", "evidence");
      await user.page.click("#selection-keep");
      await waitFor(() => user.wasTold("notice", /evidence\.mp4/), "it is kept");
      await waitFor(async () => /evidence.*1\.5 s/s.test(await user.text("clips-list")), "it is listed with its length");
      await user.page.click("#clips-list button[aria-label^=Play]");
      await waitFor(() => user.page.$eval("#clip-video", (video) => video.currentTime > 0.2), "the kept clip plays");
      await user.press("Escape");
      await user.page.click("#clips-list button[data-deletes]");
      await user.page.click("#confirm-yes");
      await waitFor(async () => /No clips have been kept/.test(await user.text("clips-message")), "it is deleted");
    }],

    ["the address holds the state, and the browser's Back goes back", async () => {
      const [[from]] = await user.spans();
      await live();
      await user.holdStill(true);
      await user.page.click("[data-zoom='60']");
      await user.page.type("#goto-time", new Date(from + 2000).toISOString());
      await user.press("Enter");
      await user.stillOrPlaying();
      await user.pause();
      const seen = await user.stillPicture();
      const hash = await waitFor(async () => {
        const [address, at] = await user.page.evaluate(() => /t=(.*)&.*zoom=60/.exec(location.hash) ?? []);
        return Math.abs(Date.parse(at) - seen.ms) <= 1 && address && `#${address}`;
      }, "time and zoom of the frame in the address");
      await user.press("l");
      await waitFor(async () => await user.mode() === "live", "live");
      await user.page.goBack();
      await waitFor(async () => await user.mode() === "playback", "back in the recording");
      await user.newPage();
      await user.open(hash, { pauses: true });
      await user.stillOrPlaying();
      await user.pause();
      const landed = await user.rightStill();
      check(landed.number === seen.number, `the link lands ${landed.ms - seen.ms} ms on`);
    }],

    ["health says what there is", async () => {
      await live();
      await user.page.click("#health-button");
      const words = await waitFor(async () => /Last error/.test(await user.text("health-figures")) && user.text("health-figures"), "figures");
      for (const word of ["Disk used", "Disk free", "In memory", "Frames lost", "Encoderlibx264", "Recordingon"]) check(words.includes(word), `${word} in ${words}`);
      await user.page.click("#tab-recordings");
      await waitFor(async () => /recording now/.test(await user.text("recordings-list")), "the open recording is listed");
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
        await waitFor(async () => (await frameCosts(user)).length > drawn, "it is drawn anew");
      } finally {
        await restore();
      }
    }],

    ["a phone shows all of it, by touch", async () => {
      await user.page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: user.kind === "chrome" });
      try {
        await live();
        const widths = await user.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        check(widths[0] <= widths[1], `the page is ${widths[0]} wide in ${widths[1]}`);
        const small = await user.page.$$eval("#controls button, #controls select", (all) => all.filter((node) => node.offsetHeight < 40 || node.offsetWidth < 30).map((node) => node.id));
        check(small.length === 0, `too small to touch: ${small}`);
        const box = await user.box();
        await user.page.touchscreen.tap(box.x + box.width * 0.8, box.y + 45);
        await user.stillOrPlaying();
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],
  ];
}
