/* trouble_tests.mjs - what the page says and does where something is wrong. */
import { check, waitFor } from "./tap.mjs";

const DAY = 86400000;

/* Runs in the page: the limits of fetch() come six times as soon. */
function shortenLimits() {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => timeout(ms / 6);
}

/* Keeps what the page asks of those paths waiting; resolves to a function that ends that, and lets all of it go on. */
async function hold(page, isHeld) {
  const held = [];
  const answer = (request) => {
    if (isHeld(new URL(request.url()).pathname)) held.push(request);
    else request.continue().catch(() => {});
  };
  await page.setRequestInterception(true);
  page.on("request", answer);
  return async () => {
    page.off("request", answer);
    await Promise.all(held.map((request) => request.continue().catch(() => {})));
    await page.setRequestInterception(false);
  };
}

/* Runs in the page: presses all of its buttons that are seen, but the help's. */
function pressAll() {
  for (const button of document.querySelectorAll("button:not(#help-button)")) if (button.checkVisibility()) button.click();
}

export function troubleTests(recorder, hand) {
  const said = (id, pattern) => waitFor(async () => pattern.test(await hand.text(id)), `${pattern} in ${id}`);
  const told = (pattern) => waitFor(() => hand.wasTold("notice", pattern), `a notice of ${pattern}`); // it goes by itself
  const iso = (ms) => new Date(ms).toISOString();

  return [
    ["a link's time that is none, or at which there is nothing, is answered in words", async () => {
      await hand.open("#t=yesterday");
      await told(/"yesterday" is none/);
      const [[from]] = await hand.spans();
      await hand.open("#t=2026-05-17T10:23:00", { pauses: true });
      await told(/Nothing was recorded from Sun 17 May 2026, 10:23:00 to/);
      await hand.stillOrPlaying();
      const seen = await hand.rightStill();
      check(hand.standsIn(seen, from), `it lands ${seen.ms - from} ms from the first recording`);
      await hand.open(`#t=${iso(Date.now() + DAY)}`);
      await told(/is still to come/);
      await waitFor(async () => await hand.mode() === "live", "live");
    }],

    ["a cut of nothing says so, and its buttons say why they do nothing", async () => {
      const [[from]] = await hand.spans();
      await hand.open(`#from=${iso(from - 2 * DAY)}&to=${iso(from - DAY)}`);
      await said("cut-words", /Nothing is recorded there/);
      await hand.page.click("#cut-download");
      await told(/Nothing is recorded there/);
      await hand.press("Escape");
    }],

    ["a recording that does not come shows for how long, and ends in words", async () => {
      await hand.open();
      await hand.ready();
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      await hand.page.evaluate(shortenLimits);
      const release = await hold(hand.page, (path) => path === "/footage");
      try {
        await hand.press("ArrowLeft");
        await waitFor(() => hand.wasTold("waiting", /Fetching the recording, \d+ s/), "the progress");
        await told(/did not answer within 15 s/);
        await waitFor(() => hand.isHidden("waiting"), "the progress goes");
      } finally {
        await hand.page.goto("about:blank");
        await release();
        hand.takeMessages();
      }
    }],

    ["a key or a button before the camera is known does no harm, and the help is there", async () => {
      hand.takeMessages();
      await hand.page.goto("about:blank");
      const release = await hold(hand.page, (path) => !path.startsWith("/ui/"));
      try {
        await hand.page.goto(`${recorder.url}/ui/`, { waitUntil: "domcontentloaded" });
        for (const key of ["k", "ArrowLeft", "ArrowRight", ",", ".", "ArrowUp", "l", "i", "o", "p", "+", "-", "[", "0", "g"]) await hand.press(key);
        await hand.page.evaluate(pressAll);
        const { x, y } = await hand.pointOf(0, 0, 1);
        await hand.page.mouse.click(x, y);
        await hand.page.evaluate(() => document.activeElement?.blur());
        await hand.press("?");
        await waitFor(() => hand.page.$eval("#help", (node) => node.open), "the help");
        await hand.press("Escape");
      } finally {
        await release();
      }
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      const messages = hand.takeMessages();
      check(messages.length === 0, messages.join("\n"));
    }],

    ["unplugged is said in words, and the picture comes back by itself", async () => {
      await hand.open();
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      await recorder.ask("fault", "unplugged", 1);
      try {
        await waitFor(async () => !await hand.isHidden("veil") && /Unplugged/.test(await hand.text("veil-title")), "the veil");
        await said("veil-words", /since \d\d:\d\d:\d\d/);
        await said("state", /^Unplugged$/);
      } finally {
        await recorder.ask("fault", "unplugged", 0);
      }
      await waitFor(() => hand.isHidden("veil"), "the veil goes");
      await hand.showsLaterThan(recorder.frames().length, "the picture moves again");
    }],

    ["a recorder that is down is said so, and comes back by itself", async () => {
      await hand.open();
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      await recorder.ask("stop_recorderd");
      try {
        await said("veil-title", /down|stopped/);
      } finally {
        await recorder.ask("start_recorderd");
      }
      await waitFor(() => hand.isHidden("veil"), "the veil goes");
      await hand.showsLaterThan(recorder.frames().length, "the picture moves again");
      const messages = hand.takeMessages(/status of 50[23]/);
      check(messages.length === 0, messages.join("\n"));
    }],

    ["a live worker that has died is replaced, and the picture moves again", async () => {
      await hand.open();
      await waitFor(async () => await hand.number() >= 0, "a live picture");
      await recorder.ask("kill_live_worker");
      await hand.showsLaterThan(recorder.frames().length, "the picture moves again");
      hand.takeMessages();
    }],

    ["where changes are not allowed the buttons say why", async () => {
      Object.assign(recorder, await recorder.ask("allow_control", "no"));
      const [[from]] = await hand.spans();
      await hand.open(`#from=${new Date(from).toISOString()}&to=${new Date(from + 1000).toISOString()}`);
      const why = await waitFor(() => hand.page.$eval("#cut-keep", (node) => node.getAttribute("aria-disabled") === "true" && node.title), "Keep is refused");
      check(/allow_control/.test(why), why);
      await hand.page.click("#cut-keep");
      await told(/allow_control/);
    }],
  ];
}
