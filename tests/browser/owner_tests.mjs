/* owner_tests.mjs - what the owner of the camera does at a desk and on a phone: looks closer, saves, keeps, sets up. */
import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { check, waitFor } from "./tap.mjs";

const NAME = "Tür – Ostern 2", RENAMED = "Tür, hinten (ß)";
const FINGER_PX = 44, LEAST_PICTURE_PX = 240;

/* Upright, sideways, and a window of 1440 × 900 at 200 %. */
const SMALL = [{ width: 390, height: 844 }, { width: 844, height: 390 }, { width: 720, height: 450 }];

/* Runs in the page: {id: [left, top, right, bottom]} of those elements. */
const boxes = (ids) => Object.fromEntries(ids.map((id) => {
  const { left, top, right, bottom } = document.getElementById(id).getBoundingClientRect();
  return [id, [left, top, right, bottom]];
}));

/* Runs in the page: what is smaller than a finger, of what can be seen and pressed. */
function smallTargets(least) {
  const isCovered = (node) => node.closest("dialog:not([open]), [hidden]");
  return [...document.querySelectorAll("button, a[href], select, input")]
    .filter((node) => node.checkVisibility() && !isCovered(node))
    .filter((node) => node.offsetWidth < least || node.offsetHeight < least)
    .map((node) => `${node.id || node.className || node.textContent} ${node.offsetWidth}×${node.offsetHeight}`);
}

/* The size of a JPEG, from its start of frame (ITU-T T.81, B.2.2). */
function sizeOfJpeg(bytes) {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    if (bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
  }
  return null;
}

export function ownerTests(recorder, user) {
  const iso = (ms) => new Date(ms).toISOString();
  const openLive = async () => {
    await user.open();
    await user.hasPicture();
  };
  const openSelection = async () => {
    const [[from]] = await user.spans(), begin = Math.ceil(from / 1000) * 1000;
    await user.open(`#from=${iso(begin)}&to=${iso(begin + 1500)}`, { pauses: true });
    await user.ready();
    await waitFor(async () => / [KM]?B /.test(await user.text("selection-summary")), "the size");
  };
  /* A file that is downloaded completely: Firefox begins with an empty one of that name, and one with .part. */
  const saved = async (pattern) => {
    const find = () => {
      const names = readdirSync(user.downloads), name = names.find((one) => pattern.test(one));
      if (!name || names.some((one) => /\.(part|crdownload)$/.test(one))) return null;
      const bytes = readFileSync(join(user.downloads, name));
      return bytes.length > 0 && { name, bytes };
    };
    return waitFor(find, `a file ${pattern}`);
  };
  const forget = () => readdirSync(user.downloads).forEach((name) => rmSync(join(user.downloads, name)));
  const scale = () => user.page.$eval("#screen", (node) => Number(node.style.getPropertyValue("--zoom") || 1));
  const shownBox = () => user.page.$eval("#live", (node) => {
    const { left, top, width } = node.getBoundingClientRect();
    return { left, top, width };
  });
  const centre = async () => {
    const { screen: [left, top, right, bottom] } = await user.page.evaluate(boxes, ["screen"]);
    return { x: (left + right) / 2, y: (top + bottom) / 2 };
  };

  return [
    ["small screens show picture, controls and timeline without scrolling, and all buttons fit a finger", async () => {
      try {
        for (const size of SMALL) {
          const isMobile = user.kind === "chrome" && size.width !== 720;
          await user.page.setViewport({ ...size, hasTouch: true, isMobile });
          for (const open of [openLive, openSelection]) {
            await open();
            const found = await user.page.evaluate(boxes, ["screen", "play", "timeline"]);
            const text = `${size.width}×${size.height}: ${JSON.stringify(found)}`;
            for (const [left, top, right, bottom] of Object.values(found)) {
              check(left >= -1 && top >= 0 && right <= size.width + 1 && bottom <= size.height, text);
            }
            check(found.screen[3] - found.screen[1] >= 180 && found.timeline[1] >= found.play[3], text);
            const small = await user.page.evaluate(smallTargets, FINGER_PX);
            check(small.length === 0, `${size.width}×${size.height}, too small for a finger: ${small}`);
            const width = await user.page.evaluate(() => document.documentElement.scrollWidth);
            check(width <= size.width, `the page is ${width} wide on a screen of ${size.width}`);
          }
        }
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["a low window shows the picture beside a selection, too", async () => {
      try {
        await user.page.setViewport({ width: 1024, height: 700 });
        await openSelection();
        const { screen: [, top, , bottom], timeline } = await user.page.evaluate(boxes, ["screen", "timeline"]);
        check(bottom - top >= LEAST_PICTURE_PX, `the picture is ${bottom - top} px high`);
        check(timeline[3] <= 700, `the timeline ends at ${timeline[3]}`);
        const squeezed = await user.page.$eval("#timeline", (node) => node.height / devicePixelRatio - node.clientHeight);
        check(Math.abs(squeezed) < 1, `the timeline is ${squeezed} px lower than it is drawn`);
        await user.page.$eval("#event-line", (node) => (node.hidden = false));
        const over = await user.page.evaluate(boxes, ["event-line", "picture-tools"]);
        await user.page.$eval("#event-line", (node) => (node.hidden = true));
        check(over["event-line"][3] <= over["picture-tools"][1], `news covers the buttons: ${JSON.stringify(over)}`);
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["the wheel enlarges around the pointer, a drag moves, keys do both, and Escape shows all again", async () => {
      await openLive();
      const before = await shownBox(), { x, y } = await centre(), at = { x: x + 100, y: y + 50 };
      const shareOf = (box) => (at.x - box.left) / box.width;
      await user.page.mouse.move(at.x, at.y);
      await user.page.mouse.wheel({ deltaY: -400 });
      await waitFor(async () => await scale() > 1.5, "it is enlarged");
      const large = await shownBox();
      check(Math.abs(shareOf(large) - shareOf(before)) < 0.01, "the point below the pointer stays");
      check(!await user.isHidden("zoom-reset"), "the button that shows all of it");
      await user.drag({ x, y }, { x: x + 60, y });
      const moved = await shownBox();
      check(Math.abs(moved.left - large.left - 60) < 2, `a drag of 60 px moves it by ${moved.left - large.left}`);
      check(await user.mode() === "live" && await user.page.$$eval(".area.look", (all) => all.length) === 0,
        "the drag paused, or drew a rectangle");
      await user.page.mouse.wheel({ deltaY: 4000 });
      await waitFor(async () => await scale() === 1, "the wheel shows all of it again");
      await user.press("e");
      await waitFor(async () => await scale() > 1.4, "E enlarges");
      const { left } = await shownBox();
      await user.press("ArrowRight");
      check((await shownBox()).left < left, "the arrow key moves the picture");
      check(await user.mode() === "live", "the arrow key does not move the time");
      await user.press("Escape");
      check(await scale() === 1, "Escape shows all of it");
      await user.hasPicture();
    }],

    ["two taps enlarge, and one still plays or pauses", async () => {
      if (user.kind !== "chrome") return; // Firefox has no touch without a screen
      try {
        await user.page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: true });
        const [[from]] = await user.spans();
        await user.open(`#t=${iso(from + 1000)}`, { pauses: true });
        await user.ready();
        await user.showsRecording();
        await user.pause();
        const { x, y } = await centre();
        await user.page.touchscreen.tap(x, y);
        await user.page.touchscreen.tap(x, y);
        await waitFor(async () => await scale() > 2, "two taps enlarge");
        check(!await user.isPlaying(), "two taps play");
        await user.page.touchscreen.tap(x, y);
        await user.page.touchscreen.tap(x, y);
        await waitFor(async () => await scale() === 1, "two more show all of it");
        await user.setPausing(false);
        await user.page.touchscreen.tap(x, y);
        await waitFor(() => user.isPlaying(), "one tap plays");
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["the picture that is shown is saved in full size, with its time and offset in the name", async () => {
      forget();
      const [[from]] = await user.spans();
      await user.open(`#t=${iso(from + 1000)}`, { pauses: true });
      await user.ready();
      await user.showsRecording();
      await user.pause();
      const { ms } = await user.exactStill();
      await user.page.click("#save-still");
      const { name, bytes } = await saved(/ [+-]\d{4}\.jpg$/);
      const [, day, clock, offset] = name.match(/ (\d{4}-\d\d-\d\d) (\d\d-\d\d-\d\d\.\d{3}) ([+-]\d\d)\d\d\.jpg$/);
      const named = Date.parse(`${day}T${clock.replaceAll("-", ":")}${offset}:00`);
      check(Math.abs(named - ms) < 2, `${name} is not of ${iso(ms)}`);
      check(String(sizeOfJpeg(bytes)) === "320,180", `it has ${sizeOfJpeg(bytes)}`);
      forget();
      await openLive();
      await user.press("s");
      check(String(sizeOfJpeg((await saved(/\.jpg$/)).bytes)) === "320,180", "the live picture");
    }],

    ["the picture fills the screen, or the window, and comes back", async () => {
      await openLive();
      const isFull = () => user.page.evaluate(() =>
        document.fullscreenElement?.id === "screen" || document.body.classList.contains("filled"));
      await user.page.click("#full-screen");
      await waitFor(isFull, "it fills the screen");
      await user.press("f");
      await waitFor(async () => !await isFull(), "it does not any more");
      await user.hasPicture();
    }],

    ["a clip is downloaded under the typed name, kept, renamed, and listed by when it was filmed", async () => {
      forget();
      await openSelection();
      await user.page.type("#selection-label", NAME);
      await user.page.click("#selection-download");
      await waitFor(() => user.hasShown("notice", /^Downloaded Tür.*\.mp4 \(.*B\)\.$/), "the notice");
      const { bytes } = await saved(/Tür – Ostern 2\.mp4$/);
      const [[from]] = await user.spans(), begin = Math.ceil(from / 1000);
      const whole = await (await fetch(`${recorder.url}/footage?from=${begin}&to=${begin + 1.5}`)).arrayBuffer();
      check(bytes.equals(Buffer.from(whole)), "it is the clip");
      await user.page.click("#selection-keep");
      const list = () => user.page.$$eval("#clips-list li", (all) => all.map((node) => node.textContent));
      const day = new Date(begin * 1000), clock = [day.getHours(), day.getMinutes(), day.getSeconds()];
      const filmed = clock.map((part) => String(part).padStart(2, "0")).join(":");
      const isListed = (text) => text.startsWith(NAME) && text.includes(filmed);
      await waitFor(async () => (await list()).some(isListed), `${filmed} in the list`);
      await waitFor(() => user.page.$("#clips-list canvas"), "its picture");
      await user.page.click("#clips-list button[aria-label^=Rename]");
      await user.page.$eval("#ask-text", (node) => node.select());
      await user.page.type("#ask-text", RENAMED);
      await user.press("Enter");
      await waitFor(() => user.hasShown("notice", /^It is “Tür, hinten/), "the notice");
      await waitFor(async () => (await list()).some((text) => text.startsWith(RENAMED)), "its new name in the list");
      const clips = await recorder.json("/clips");
      check(clips.some(({ label }) => label === RENAMED), JSON.stringify(clips));
      for (const { file } of clips) await fetch(`${recorder.url}/clips/${file}`, { method: "DELETE" });
    }],

    ["the page can be installed", async () => {
      if (user.kind !== "chrome") return; // Firefox installs no pages
      await openLive();
      const session = await user.page.createCDPSession();
      const { url, errors } = await session.send("Page.getAppManifest");
      check(url.endsWith("/ui/manifest.webmanifest") && errors.length === 0, JSON.stringify(errors));
      const { installabilityErrors: why } = await session.send("Page.getInstallabilityErrors");
      check(why.every(({ errorId }) => errorId === "in-incognito"), JSON.stringify(why));
    }],

    ["the set-up writes what was chosen, and the recorder starts again with it", async () => {
      const ini = join(recorder.folder, "recorder.ini");
      appendFileSync(ini, "; mine\n");
      await openLive();
      await user.page.click("#tab-health");
      await waitFor(async () => !await user.isHidden("setup-button"), "the button");
      await user.page.click("#setup-button");
      await waitFor(() => user.page.$eval("#setup-size", (node) => node.value === "320x180"), "the size");
      await waitFor(() => user.page.$("#control-brightness"), "the camera's own settings");
      await user.page.$eval("#control-brightness", (node) => {
        node.value = "77";
        node.dispatchEvent(new Event("input"));
      });
      const brightness = async () => {
        const { controls } = await recorder.json("/camera_info");
        return controls.find(({ name }) => name === "brightness").value;
      };
      await waitFor(async () => await brightness() === 77, "it acts at once");
      await user.page.click("#setup-keep-controls");
      await waitFor(() => /\[controls\]\nbrightness = 77\n/.test(readFileSync(ini, "utf8")), "it is in the file");
      await user.page.select("#setup-format", "mjpeg");
      await user.page.click("#setup-save");
      await waitFor(async () => /starts again/.test(await user.text("setup-message")), "it says that it starts again");
      await waitFor(() => /^format = mjpeg$/m.test(readFileSync(ini, "utf8")), "the format is in the file");
      check(existsSync(`${ini}.previous`), "the file before stays");
      await user.press("Escape");
      check(!await user.page.$eval("#setup", (node) => node.open), "Escape closes it");
      await recorder.command("wait_streaming");
      await user.showsFrameAfter(recorder.frames().length, "the picture moves again");
      check(readFileSync(ini, "utf8").includes("; mine\n"), "the comment is gone");
      user.takeMessages(/status of 50[23]/);
    }],
  ];
}
