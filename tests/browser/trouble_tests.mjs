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

export function troubleTests(recorder, user) {
  const said = (id, pattern) => waitFor(async () => pattern.test(await user.text(id)), `${pattern} in ${id}`);
  const told = (pattern) => waitFor(() => user.wasTold("notice", pattern), `a notice of ${pattern}`); // it goes by itself
  const iso = (ms) => new Date(ms).toISOString();

  return [
    ["a link's time that is none, or at which there is nothing, is answered in words", async () => {
      await user.open("#t=yesterday");
      await told(/"yesterday", is invalid/);
      const [[from]] = await user.spans();
      await user.open("#t=2026-05-17T10:23:00", { pauses: true });
      await told(/Nothing was recorded from Sun 17 May 2026, 10:23:00 to/);
      await user.stillOrPlaying();
      const seen = await user.rightStill();
      check(user.standsIn(seen, from), `it lands ${seen.ms - from} ms from the first recording`);
      await user.open(`#t=${iso(Date.now() + DAY)}`);
      await told(/is in the future/);
      await waitFor(async () => await user.mode() === "live", "live");
    }],

    ["a cut of nothing says so, and its buttons say why they do nothing", async () => {
      const [[from]] = await user.spans();
      await user.open(`#from=${iso(from - 2 * DAY)}&to=${iso(from - DAY)}`);
      await said("selection-summary", /Nothing was recorded then/);
      await user.page.click("#selection-download");
      await told(/Nothing was recorded then/);
      await user.press("Escape");
    }],

    ["a recording that does not come shows for how long, and ends in words", async () => {
      await user.open();
      await user.ready();
      await waitFor(async () => await user.number() >= 0, "a live picture");
      await user.page.evaluate(shortenLimits);
      const release = await hold(user.page, (path) => path === "/footage");
      try {
        await user.press("ArrowLeft");
        await waitFor(() => user.wasTold("loading", /Loading the recording, \d+ s/), "the progress");
        await told(/did not answer within 15 s/);
        await waitFor(() => user.isHidden("loading"), "the progress goes");
      } finally {
        await user.page.goto("about:blank");
        await release();
        user.takeMessages();
      }
    }],

    ["a key or a button before the camera is known does no harm, and the help is there", async () => {
      user.takeMessages();
      await user.page.goto("about:blank");
      const release = await hold(user.page, (path) => !path.startsWith("/ui/"));
      try {
        await user.page.goto(`${recorder.url}/ui/`, { waitUntil: "domcontentloaded" });
        for (const key of ["k", "ArrowLeft", "ArrowRight", ",", ".", "ArrowUp", "l", "i", "o", "p", "+", "-", "[", "0", "g"]) await user.press(key);
        await user.page.evaluate(pressAll);
        const { x, y } = await user.pointOf(0, 0, 1);
        await user.page.mouse.click(x, y);
        await user.page.evaluate(() => document.activeElement?.blur());
        await user.press("?");
        await waitFor(() => user.page.$eval("#help", (node) => node.open), "the help");
        await user.press("Escape");
      } finally {
        await release();
      }
      await waitFor(async () => await user.number() >= 0, "a live picture");
      const messages = user.takeMessages();
      check(messages.length === 0, messages.join("\n"));
    }],

    ["unplugged is said in words, and the picture comes back by itself", async () => {
      await user.open();
      await waitFor(async () => await user.number() >= 0, "a live picture");
      await recorder.ask("fault", "unplugged", 1);
      try {
        await waitFor(async () => !await user.isHidden("no-picture") && /Unplugged/.test(await user.text("no-picture-title")), "the veil");
        await said("no-picture-detail", /since \d\d:\d\d:\d\d/);
        await said("state", /^Unplugged$/);
      } finally {
        await recorder.ask("fault", "unplugged", 0);
      }
      await waitFor(() => user.isHidden("no-picture"), "the veil goes");
      await user.showsLaterThan(recorder.frames().length, "the picture moves again");
    }],

    ["a recorder that is down is said so, and comes back by itself", async () => {
      await user.open();
      await waitFor(async () => await user.number() >= 0, "a live picture");
      await recorder.ask("stop_recorderd");
      try {
        await said("no-picture-title", /down|stopped/);
      } finally {
        await recorder.ask("start_recorderd");
      }
      await waitFor(() => user.isHidden("no-picture"), "the veil goes");
      await user.showsLaterThan(recorder.frames().length, "the picture moves again");
      const messages = user.takeMessages(/status of 50[23]/);
      check(messages.length === 0, messages.join("\n"));
    }],

    ["a live worker that has died is replaced, and the picture moves again", async () => {
      await user.open();
      await waitFor(async () => await user.number() >= 0, "a live picture");
      await recorder.ask("kill_live_worker");
      await user.showsLaterThan(recorder.frames().length, "the picture moves again");
      user.takeMessages();
    }],

    ["where changes are not allowed the buttons say why", async () => {
      Object.assign(recorder, await recorder.ask("allow_control", "no"));
      const [[from]] = await user.spans();
      await user.open(`#from=${new Date(from).toISOString()}&to=${new Date(from + 1000).toISOString()}`);
      const why = await waitFor(() => user.page.$eval("#selection-keep", (node) => node.getAttribute("aria-disabled") === "true" && node.title), "Keep is refused");
      check(/allow_control/.test(why), why);
      await user.page.click("#selection-keep");
      await told(/allow_control/);
    }],
  ];
}
