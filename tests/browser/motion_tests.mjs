/*
 * motion_tests.mjs - motion on the timeline and on the picture. One camera's archive has movement that is known to the
 * second (SCENE of rig_server.py), and a period of which nothing is known.
 */
import { whilePlaying } from "./observer.mjs";
import { check, waitFor } from "./tap.mjs";

const STRENGTHS = ["faint", "clear", "strong"];
const SECOND = 1000, ZOOM_S = 7200;
const STRIP_BOTTOM = 103; // the lowest pixels of the strip on the timeline
const TREE = { x: 0.79, y: 0.03, width: 0.208, height: 0.38 }; // around the part of the scene that moves faintly
const BEFORE_MS = 2 * SECOND, AFTER_MS = 3 * SECOND; // around each event in playback of only motion

/*
 * Runs in the page: the colours on the timeline at x, as {name: count}, in five columns of pixels around it. names: of
 * the style sheet's colours.
 */
function stripColours(x, bottom, names) {
  const canvas = document.getElementById("timeline"), copy = new OffscreenCanvas(5, 12);
  const context = copy.getContext("2d");
  const ratio = canvas.width / canvas.clientWidth, style = getComputedStyle(canvas), found = {};
  const known = Object.fromEntries(names.map((name) => {
    const [, hex] = /#(\w{6})/.exec(style.getPropertyValue(`--tl-${name}`));
    return [hex, name];
  }));
  context.drawImage(canvas, (x - 2) * ratio, (bottom - 12) * ratio, 5 * ratio, 12 * ratio, 0, 0, 5, 12);
  const { data } = context.getImageData(0, 0, 5, 12);
  for (let at = 0; at < data.length; at += 4) {
    const hex = [...data.slice(at, at + 3)].map((value) => value.toString(16).padStart(2, "0")).join("");
    const name = known[hex] ?? "other";
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

export function motionTests(recorder, user) {
  const { camera, moves, unknown } = recorder.scene, [, other] = recorder.names;
  const events = (strength) => moves.filter((one) => one.strength >= strength);
  const middle = (moves[0].from + moves.at(-1).to) / 2 * SECOND;
  const iso = (ms) => new Date(ms).toISOString();

  /* The whole scene on the timeline, once it is counted. */
  const openCounts = async (more = "") => {
    await user.open(`#camera=${camera}&t=${iso(middle)}&zoom=${ZOOM_S}${more}`, { pauses: true });
    await counts(/\d/);
  };

  /* The same, and a picture of the archive, paused. */
  const open = async (more = "") => {
    await openCounts(more);
    await user.showsRecording();
  };

  const text = () => user.page.$$eval(".strengths b", (all) => all.map((node) => node.textContent).join(" "));
  const counts = (pattern) => {
    let last;
    return waitFor(async () => pattern.test(last = await text()) && last, () => `counts like ${pattern}, not ${last}`);
  };
  const whole = [1, 2, 3].map((strength) => events(strength).length).join(" ");
  const hash = () => user.page.evaluate(() => location.hash);
  const hasHash = (pattern) =>
    waitFor(async () => pattern.test(await hash()), async () => `${pattern} in the address`);

  const strip = async (second) => {
    const box = await user.box(), x = box.width * ((second * SECOND - middle) / ZOOM_S / SECOND + 0.5);
    return user.page.evaluate(stripColours, Math.round(x), STRIP_BOTTOM, [...STRENGTHS, "lane"]);
  };
  const stripHas = (second, name) => {
    let last;
    const has = async () => (last = await strip(second))[name] > 0;
    return waitFor(has, () => `${name} at ${second}, not ${JSON.stringify(last)}`);
  };

  /* The point of a share of the picture. */
  const point = async (x, y) => {
    const box = await (await user.page.$("#areas")).boundingBox();
    return { x: box.x + box.width * x, y: box.y + box.height * y };
  };
  const corners = async ({ x, y, width, height }) => [await point(x, y), await point(x + width, y + height)];

  return [
    ["the strip has bars for what moved, is hatched where that is unknown and empty where nothing moved", async () => {
      await open();
      check(await text() === whole, `the counts are ${await text()}, not ${whole}`);
      for (const { from, to, strength } of moves) await stripHas((from + to) / 2, STRENGTHS[strength - 1]);
      const still = await strip(moves[0].to + 120), lost = await strip(unknown.to - 120);
      check(Object.keys(still).join() === "lane", `where nothing moved it is ${JSON.stringify(still)}`);
      check(lost.lane > 0 && lost.other > 0, `where nothing is known it is ${JSON.stringify(lost)}`);
    }],

    ["what moves in a rectangle that is dragged on the picture is counted while it is dragged", async () => {
      await open();
      const [from, to] = await corners(TREE), [door] = events(2);
      await user.page.mouse.move(from.x, from.y);
      await user.page.mouse.down();
      await user.page.mouse.move(to.x, to.y, { steps: 6 });
      await counts(new RegExp(`^${events(1).length - events(2).length} 0 0$`)).finally(() => user.page.mouse.up());
      await stripHas((door.from + door.to) / 2, "lane");
      await hasHash(/area=0\.79\d*,/);
      check(await user.mode() === "playback" && !await user.isPlaying(), "the drag does not count as a click");
      await user.page.focus(".area.look");
      for (let step = 0; step < 7; step++) await user.press("ArrowLeft");
      await counts(/^0 0 0$/);
      await hasHash(/area=0\.5/);
      await user.page.reload();
      await counts(/^0 0 0$/);
      const beside = await point(0.9, 0.9);
      await user.page.mouse.click(beside.x, beside.y);
      await counts(new RegExp(`^${whole}$`));
      await hasHash(/^((?!area=).)*$/);
      await user.press("h");
      await user.page.waitForSelector(".area.look:focus");
      await user.press("Escape");
      await counts(new RegExp(`^${whole}$`));
    }],

    ["a part that does not count is named, remembered, in the link, and lifted and removed by a click", async () => {
      await open();
      const faint = events(1).length - events(2).length, hides = `hides ${faint} of ${events(1).length} events`;
      await user.page.evaluate(() => localStorage.clear());
      const shows = (wanted) => waitFor(async () => await user.text("hides") === wanted, `"${wanted}"`);
      await user.page.click("#not-here");
      await user.drag(...await corners(TREE));
      await shows(hides);
      await user.page.keyboard.type("Tree, old");
      await user.press("Enter");
      await hasHash(/not=Tree%20old,0\.79/);
      const link = (await hash()).replace(/.*(&not=[^&]*).*/, "$1");
      await openCounts();
      await shows(hides);
      await user.page.click("#excluded-list button");
      await counts(new RegExp(`^${whole}$`));
      await hasHash(/not=(&|$)/);
      await openCounts();
      check(await text() === whole, "it stays lifted");
      await openCounts(link);
      await shows(hides);
      await user.page.click("#excluded-copy");
      const field = () => user.page.$eval("#excluded-text", (node) => node.hidden ? "" : node.value);
      const line = await waitFor(async () => await field() || await user.hasShown("notice", /clipboard/), "the line");
      check(line === true || /^not = 0\.79/.test(line), `the line is ${line}`);
      await user.page.click("#excluded-list .quiet");
      await waitFor(() => user.isHidden("excluded"), "the list is empty");
      await openCounts();
      check(await user.isHidden("excluded"), "it is forgotten");
    }],

    ["only motion plays from event to event at the true time, and is what a download has", async () => {
      const [first, second] = events(2), periods = [first, second].map(({ from, to }) =>
        ({ from: from * SECOND - BEFORE_MS, to: to * SECOND + AFTER_MS }));
      const range = `&from=${iso(periods[0].from - 5 * SECOND)}&to=${iso(periods[1].to + 5 * SECOND)}`;
      const state = `&zoom=${ZOOM_S}&speed=4&strength=clear&only=motion${range}`;
      await user.open(`#camera=${camera}&t=${iso(first.from * SECOND)}${state}`);
      const times = async () => whilePlaying(await user.moments()).map(({ ms }) => ms);
      await waitFor(async () => (await times()).some((ms) => ms > periods[1].from), "it plays the second event");
      await user.pause();
      const inside = (ms) => periods.some(({ from, to }) => ms >= from - SECOND && ms <= to + SECOND);
      const outside = (await times()).filter((ms) => !inside(ms)).map(iso);
      check(outside.length === 0, `it played ${outside}`);
      check(await user.hasShown("notice", /^Nothing moved from .* Skipped\.$/), "there is no notice of what it skips");
      const url = await user.page.$eval("#selection-download", (node) => node.href);
      const { headers } = await fetch(url, { method: "HEAD" });
      const spans = headers.get("X-Clip-Spans").split(/, */).map((span) => span.split("/").map(Date.parse));
      const wanted = periods.map(({ from, to }) => [from, to]);
      check(JSON.stringify(spans) === JSON.stringify(wanted), `the download has ${spans}, not ${wanted}`);
    }],

    ["the heat map shows where something moved in the timeline's period, and how much is unknown", async () => {
      await open("&heat=1");
      const opacity = (...share) => user.page.$eval("#heat", (canvas, x, y) => {
        if (canvas.hidden) return -1;
        const context = new OffscreenCanvas(32, 18).getContext("2d");
        context.drawImage(canvas, 0, 0);
        return context.getImageData(Math.floor(x * 32), Math.floor(y * 18), 1, 1).data[3];
      }, ...share);
      await waitFor(async () => await opacity(TREE.x + 0.1, TREE.y + 0.1) > 0, "the tree is in it");
      check(await opacity(0.5, 0.9) === 0, "so is what did not move");
      const legend = await user.text("heat-legend");
      check(/^\s*Movement .* – .* \(.* unknown\)/.test(legend), `the legend is ${legend}`);
      await user.page.click("#heat-button");
      check(await user.isHidden("heat"), "it does not go away");
    }],

    ["a camera whose motion is off says so, and what to set", async () => {
      await user.open(`#camera=${other}`);
      const message = () => user.text("motion-message");
      await waitFor(async () => /enabled = yes.*\[motion\]/.test(await message()), "the sentence");
    }],

    ["a finger scrolls the page, and draws after the button was pressed", async () => {
      await user.page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: user.kind === "chrome" });
      try {
        await open();
        const small = await user.page.$$eval("#motion button", (all) =>
          all.filter((node) => node.offsetParent && (node.offsetHeight < 44 || node.offsetWidth < 44))
            .map((node) => node.id));
        check(small.length === 0, `too small to touch: ${small}`);
        const swipe = async () => {
          const [from, to] = await corners({ x: 0.3, y: 0.3, width: 0.3, height: 0.3 });
          const touch = await user.page.touchscreen.touchStart(from.x, from.y);
          await touch.move((from.x + to.x) / 2, (from.y + to.y) / 2);
          await touch.move(to.x, to.y);
          await touch.end();
        };
        await swipe();
        await user.page.evaluate(() => scrollTo(0, 0));
        check(!/area=/.test(await hash()) && !await user.page.$(".area.look"), "a finger draws by itself");
        await user.page.click("#look-here"); // a finger's tap right after a swipe only stops Chromium's fling
        await user.page.waitForSelector("#look-here[aria-pressed=true]");
        await swipe();
        await user.page.waitForSelector(".area.look");
        await counts(/^0 0 0$/);
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],
  ];
}
