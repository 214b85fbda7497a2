/* event_tests.mjs - what moved last night: the list, its pictures, playing an event, and going from one to the next. */
import { check, waitFor } from "./tap.mjs";

const LEAD_MS = 3000; // an event is played from so long before it
const LATE_MS = 60000; // what a busy browser may have played already: far less than is between two events
const TOUCH_PX = 44;
const BOX = [0.25, 0.5, 0.125, 0.167]; // of what moves: rig_server.py's CELLS

const THERE = { x: 0.3, y: 0.55, width: 0.02, height: 0.02 }, ELSEWHERE = { x: 0.7, y: 0.1, width: 0.2, height: 0.2 };

/* The night that ended this morning, or the one that is not over. */
function lastNight(now) {
  const day = new Date(now), at = (days, hour) => new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour);
  return [at(-1, 19).getTime(), Math.min(at(0, 7).getTime(), now)];
}

/* Runs in the page: the times on the cards, and which of them can be seen. */
function readCards() {
  return [...document.querySelectorAll("#events-list .card")].map((node) => {
    const { top, bottom } = node.getBoundingClientRect();
    const covers = (selector) => top < document.querySelector(selector).getBoundingClientRect().bottom;
    const seen = top >= 0 && bottom <= innerHeight && (innerWidth > 820 || !covers("header"));
    return { clock: node.querySelector("strong").textContent, seen, shown: node.querySelector("img").naturalWidth > 0 };
  });
}

/* Runs in the page: {left, top, right, bottom} of the outline of the first card, in shares of its whole picture. */
function readOutline() {
  const [picture, outline] = ["img", ".card-outline"].map((one) =>
    document.querySelector(`.card ${one}`).getBoundingClientRect());
  const share = (value, from, length) => Math.round(1000 * (value - from) / length) / 1000;
  return [share(outline.left, picture.left, picture.width), share(outline.top, picture.top, picture.height),
    share(outline.width, 0, picture.width), share(outline.height, 0, picture.height)];
}

export function eventTests(recorder, user) {
  const cards = () => user.page.evaluate(readCards);
  const clockOf = (ms) => new Date(ms).toTimeString().slice(0, 8);
  const starts = () => recorder.moves.map(([from]) => from * 1000);
  const open = async (hash) => {
    await user.open(`#camera=${recorder.name}${hash}`);
    await user.ready();
  };
  const showsPictures = (what, least = 2) => waitFor(async () => {
    const all = await cards(), seen = all.filter((card) => card.seen);
    return seen.length >= least && seen.every(({ shown }) => shown) && all;
  }, what);
  /* Whether some of the first card can be seen; then the rest is scrolled into view. */
  const seesFirstCard = (what) => waitFor(() => user.page.evaluate(() => {
    const card = document.querySelector("#events-list .card");
    if (!card || card.getBoundingClientRect().top >= innerHeight) return false;
    card.scrollIntoView({ block: "nearest" });
    return true;
  }), what);
  /* The page plays from before that time; a busy browser has played some seconds already. */
  const playsFrom = (ms, what) => waitFor(async () => {
    const after = await user.shownMs() - ms;
    return await user.mode() === "playback" && after >= 0 && after < LATE_MS;
  }, what);
  const inNight = () => {
    const [from, to] = lastNight(Date.now());
    return starts().filter((ms) => ms >= from && ms < to);
  };

  return [
    ["one click shows what moved last night, with a picture of each event; another one plays it", async () => {
      await open("");
      await user.page.click("#last-night");
      const wanted = inNight().reverse().map(clockOf), all = await showsPictures("the pictures of last night");
      const clocks = all.map(({ clock }) => clock);
      check(clocks.join() === wanted.join(), `it lists ${clocks}, not ${wanted}`);
      const outline = await user.page.evaluate(readOutline);
      const off = outline.filter((share, at) => Math.abs(share - BOX[at]) > 0.03);
      check(off.length === 0, `the outline is at ${outline}`);
      const unknown = await user.page.$$eval(".card-unknown", (rows) => rows.map((row) => row.textContent));
      check(unknown.length > 5 && unknown.every((text) => /unknown \(1 min 00 s\)$/.test(text)), unknown.join("\n"));
      await user.page.click("#events-order");
      await waitFor(async () => (await cards())[0].clock === wanted.at(-1), "the oldest is the first one");
      await user.page.click("#events-list .card");
      await playsFrom(inNight()[0] - LEAD_MS, "the event plays");
      await waitFor(() => user.page.$eval(".card", (node) => node.ariaCurrent === "true"), "its card is marked");
    }],

    ["keys go from one event to the next and back", async () => {
      const [first, second, third] = starts().slice(20, 23);
      await user.open(`#camera=${recorder.name}&t=${new Date(first + 60000).toISOString()}`, { pauses: true });
      await user.ready();
      await user.showsRecording();
      for (const [key, ms] of [["n", second], ["n", third], ["b", second], ["b", first]]) {
        await user.press(key);
        await playsFrom(ms - LEAD_MS, `${key} plays the event at ${clockOf(ms)}`);
      }
    }],

    ["the list follows a part of the picture while it is being dragged, each time", async () => {
      await open("");
      await user.page.click("#tab-clips");
      const ask = (area, final) => user.page.evaluate(async (values, how) => {
        const { question } = await import("./motion-question.js");
        question.set(values, how);
      }, { area }, { final });
      const counts = (least, most, what) => waitFor(async () => {
        const { length } = await cards();
        return length >= least && length <= most;
      }, what);
      for (const round of ["first", "second"]) {
        await ask(ELSEWHERE, false);
        await counts(0, 5, `what the camera sees now, the ${round} time`);
        await ask(THERE, false);
        await counts(50, 100, `what moved there, the ${round} time`);
        await ask(null, true);
      }
      check(!await user.isHidden("events"), "the list is not shown");
    }],

    ["on a phone last night is one touch away, below the picture", async () => {
      try {
        for (const [width, height] of [[390, 844], [844, 390]]) {
          await user.page.setViewport({ width, height, hasTouch: true, isMobile: user.kind === "chrome" });
          await open("");
          await user.page.tap("#last-night");
          await seesFirstCard(`a list at ${width}x${height}`);
          await showsPictures(`pictures at ${width}x${height}`, 1);
          const room = await user.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          check(room <= 0, `the page is ${room} pixels too wide`);
          const small = await user.page.$$eval("#last-night, #events :is(button, select)", (all, least) =>
            all.filter((node) => node.offsetHeight && (node.offsetHeight < least || node.offsetWidth < least))
              .map((node) => node.id || node.textContent), TOUCH_PX);
          check(small.length === 0, `too small to touch: ${small}`);
          const picture = await user.page.$eval("#screen", (node) => node.getBoundingClientRect().bottom);
          check(width > height || picture > 0, "the picture is scrolled away");
        }
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["without a secure page the choice of notifications is replaced by the reason", async () => {
      await open("");
      await user.page.click("#alerts-button");
      const secure = await user.page.evaluate(() => isSecureContext && "Notification" in globalThis
        && Notification.permission !== "denied");
      check(await user.isHidden("alerts-choices") === !secure, `secure: ${secure}`);
      check(/browser/.test(await user.text("alerts-message")), "it says why");
      await user.press("Escape");
    }],
  ];
}
