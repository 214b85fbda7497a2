/* trouble_tests.mjs - what the page says and does when something goes wrong. */
import { CuttingProxy } from "./cutting_proxy.mjs";
import { whilePlaying } from "./observer.mjs";
import { check, waitFor } from "./tap.mjs";

const DAY = 86400000;
const CLIP_BYTES = 120000; // some seconds of a clip

/* Runs in the page: makes the limits of fetch() six times as short. */
function shortenLimits() {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => timeout(ms / 6);
}

/* Runs in the page: videos say that they have enough data when they have some, as Firefox does now and then. */
function claimEnoughData() {
  const { prototype } = HTMLMediaElement, { get } = Object.getOwnPropertyDescriptor(prototype, "readyState");
  Object.defineProperty(prototype, "readyState", {
    get() {
      const state = get.call(this);
      return state >= HTMLMediaElement.HAVE_CURRENT_DATA ? HTMLMediaElement.HAVE_ENOUGH_DATA : state;
    },
  });
}

/* Holds the page's requests for those paths back. Resolves to a function that lets all of them go on. */
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

/* Runs in the page: presses all visible buttons except the help's. */
function pressAll() {
  for (const button of document.querySelectorAll("button:not(#help-button)")) {
    if (button.checkVisibility()) button.click();
  }
}

/*
 * Runs in the page, which nobody looks at then: switches notifications on. A browser without a screen allows none, so
 * they are written down in `told`.
 */
function chooseNotifications() {
  globalThis.told = [];
  globalThis.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";

    constructor(title, { body }) {
      this.body = body;
      globalThis.told.push(this);
    }

    close() {}
  };
  document.hasFocus = () => false;
  document.getElementById("alerts-button").click();
  document.querySelector("#alerts-cameras input").click();
  document.getElementById("alerts").close();
}

export function troubleTests(recorder, user) {
  const shows = (id, pattern) => waitFor(async () => pattern.test(await user.text(id)), `${pattern} in ${id}`);
  const notice = (pattern) => waitFor(() => user.hasShown("notice", pattern), `a notice of ${pattern}`);
  const hidesOverlay = () => waitFor(() => user.isHidden("no-picture"), "the overlay disappears");
  const iso = (ms) => new Date(ms).toISOString();

  const openLive = async () => {
    await user.open();
    await user.hasPicture();
  };

  const playsVideo = () => user.page.evaluate(() => Boolean(document.querySelector("#picture > video:not([id])")));
  const control = (recording) => fetch(`${recorder.url}/control?recording=${recording}`, { method: "POST" });
  const power = (on) => fetch(`${recorder.url}/control?camera=${on}`, { method: "POST" });

  return [
    ["the live picture is the video, and pictures take its place while nothing is recorded", async () => {
      await openLive();
      check(await playsVideo(), "it is not the video");
      try {
        await control("off");
        await waitFor(async () => !await playsVideo(), "the video ends");
        await user.showsFrameAfter(recorder.frames().length + 10, "pictures move");
      } finally {
        await control("on");
      }
      await waitFor(playsVideo, "the video is back");
      await user.showsFrameAfter(recorder.frames().length + 10, "the video moves");
      check(await user.text("mode") === "Live", `"${await user.text("mode")}"`);
    }],

    ["a link to an invalid time, or to one without footage, gets a notice", async () => {
      await user.open("#t=tomorrow");
      await notice(/"tomorrow", is invalid/);
      const [[from]] = await user.spans();
      await user.open("#t=2026-05-17T10:23:00", { pauses: true });
      await notice(/Nothing was recorded from Sun 17 May 2026, 10:23:00 to/);
      await user.showsRecording();
      const shown = await user.exactStill();
      check(user.isFrameOf(shown, from), `it lands ${shown.ms - from} ms from the first recording`);
      await user.open(`#t=${iso(Date.now() + DAY)}`);
      await notice(/is in the future/);
      await waitFor(async () => await user.mode() === "live", "live");
    }],

    ["a selection without footage says so, and its buttons give that reason", async () => {
      const [[from]] = await user.spans();
      await user.open(`#from=${iso(from - 2 * DAY)}&to=${iso(from - DAY)}`);
      await shows("selection-summary", /Nothing was recorded then/);
      await user.page.click("#selection-download");
      await notice(/Nothing was recorded then/);
      await user.press("Escape");
    }],

    ["a recording that does not load shows for how long, and ends with a notice", async () => {
      await openLive();
      await user.ready();
      await user.page.evaluate(shortenLimits);
      const release = await hold(user.page, (path) => path === "/footage");
      try {
        await user.press("ArrowLeft");
        await waitFor(() => user.hasShown("loading", /Loading the recording, \d+ s/), "the progress");
        // Either the answer or the picture reaches its limit first.
        await notice(/did not (answer within 15|load within 20) s/);
        await waitFor(() => user.isHidden("loading"), "the progress disappears");
      } finally {
        await user.page.goto("about:blank");
        await release();
        user.takeMessages();
      }
    }],

    ["playback whose connection breaks or hangs stops with a notice, and Play continues from there", async () => {
      const [[from]] = await user.spans(), proxy = await new CuttingProxy(recorder).start();
      try {
        for (const trouble of ["breaks", "hangs", "hangs and the browser claims to have enough"]) {
          proxy.hangAfter(CLIP_BYTES);
          await user.open(`#t=${iso(from)}`, { url: proxy.url });
          await user.page.evaluate(shortenLimits);
          if (trouble.endsWith("enough")) await user.page.evaluate(claimEnoughData);
          await user.showsRecording();
          if (trouble === "breaks") proxy.drop();
          await notice(/^The connection to the recorder was lost/);
          await waitFor(async () => !await user.isPlaying(), "the button shows Play");
          check(await user.text("mode") === "Paused" && await user.isHidden("loading"), await user.text("mode"));
          const stopped = await user.shownMs(), { length } = await user.moments();
          proxy.heal();
          await user.press("k");
          const [next] = await waitFor(async () => {
            const moments = whilePlaying((await user.moments()).slice(length));
            return moments.some(({ ms }) => ms > stopped + 1000) && moments;
          }, "it plays on");
          const reloaded = 1000 * new URL(next.src).searchParams.get("from");
          check(reloaded > stopped - 1001 && reloaded <= stopped + 1, `it plays on from ${reloaded}, not ${stopped}`);
        }
      } finally {
        await user.page.goto("about:blank");
        await proxy.stop();
        user.takeMessages();
      }
    }],

    ["before the cameras are known, keys and buttons do no harm, and the help works", async () => {
      user.takeMessages();
      await user.page.goto("about:blank");
      const release = await hold(user.page, (path) => !path.startsWith("/ui/"));
      try {
        await user.page.goto(`${recorder.url}/ui/`, { waitUntil: "domcontentloaded" });
        for (const key of ["k", "ArrowLeft", "ArrowRight", ",", ".", "ArrowUp", ..."liop+-[0g"]) await user.press(key);
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
      await user.hasPicture();
      const messages = user.takeMessages();
      check(messages.length === 0, messages.join("\n"));
    }],

    ["an unplugged camera is reported, also by a notification, and the picture comes back by itself", async () => {
      await openLive();
      await user.page.evaluate(chooseNotifications);
      await recorder.command("fault", "unplugged", 1);
      try {
        const told = () => user.page.evaluate(() => globalThis.told[1]?.body);
        await waitFor(async () => /camera.*unplugged/i.test(await told()), "a notification");
        await shows("no-picture-title", /Unplugged/);
        check(!await user.isHidden("no-picture"), "the overlay is hidden");
        await shows("no-picture-detail", /since \d\d:\d\d:\d\d/);
        await shows("state", /^Unplugged$/);
        check(await user.page.$eval("#go-live", (node) => node.classList.contains("stale")), "the button Live is red");
      } finally {
        await recorder.command("fault", "unplugged", 0);
      }
      await hidesOverlay();
      await user.showsFrameAfter(recorder.frames().length, "the picture moves again");
      await user.page.evaluate(() => globalThis.told[1].onclick());
      await user.showsRecording();
      await user.page.evaluate(() => localStorage.clear());
    }],

    ["a camera that is switched off says so, and the time since then is a gap", async () => {
      await openLive();
      await user.ready();
      await user.page.click("#health-button");
      await power("off");
      try {
        await shows("no-picture-title", /^Camera off$/);
        await shows("state", /^Camera off$/);
        await shows("health-figures", /Recordingoff, as the camera is/);
        await waitFor(async () => !await user.isHidden("gaps-button"), "the share that was recorded");
        const gaps = async () => {
          await user.page.click("#gaps-button");
          const text = await user.text("gaps-list");
          await user.press("Escape");
          return /the camera was switched off, until now/.test(text);
        };
        await waitFor(gaps, "the gap that goes on");
      } finally {
        await power("on");
      }
      await hidesOverlay();
      await shows("state", /^Recording$/);
    }],

    ["the button of the health panel switches recording off, and on again", async () => {
      await openLive();
      await user.ready();
      await user.page.click("#health-button");
      await shows("recording-switch", /^Switch recording off$/);
      await user.page.click("#recording-switch");
      await shows("health-figures", /Recordingoff/);
      await shows("recording-switch", /^Switch recording on$/);
      await user.page.click("#recording-switch");
      await shows("health-figures", /Recordingon, since/);
      await shows("state", /^Recording$/);
    }],

    ["a recorder that is down is reported at once, and comes back by itself", async () => {
      await openLive();
      await recorder.command("stop_recorderd");
      try {
        await shows("event-text", /stop/);
        await shows("no-picture-title", /down|stopped/);
        await user.page.click("#health-button");
        await shows("no-picture-title", /down/);
        check(!await user.isHidden("health-old"), "the figures do not say that they are old");
      } finally {
        await recorder.command("start_recorderd");
      }
      await hidesOverlay();
      await user.showsFrameAfter(recorder.frames().length, "the picture moves again");
      const messages = user.takeMessages(/status of 50[23]/);
      check(messages.length === 0, messages.join("\n"));
    }],

    ["a live worker that dies is replaced, and the picture moves again", async () => {
      await openLive();
      await recorder.command("kill_live_worker");
      await user.showsFrameAfter(recorder.frames().length, "the picture moves again");
      user.takeMessages();
    }],

    ["if changes are not allowed, their buttons are hidden, and one sentence says what to set", async () => {
      const [[from]] = await user.spans(), range = `from=${from / 1000}&to=${from / 1000 + 1}`;
      await fetch(`${recorder.url}/clips?${range}&name=kept`, { method: "POST" });
      Object.assign(recorder, await recorder.command("allow_control", "no"));
      await user.open(`#from=${iso(from)}&to=${iso(from + 1000)}`);
      await shows("selection-forbidden", /allow_control = yes/);
      check(await user.isHidden("selection-keep"), "Keep is shown");
      await user.page.click("#tab-clips");
      await shows("clips-list", /kept/);
      await shows("clips-forbidden", /allow_control = yes/);
      const hidden = await user.page.$$eval("#clips-list [data-changes]", (all) => all.map((node) => node.hidden));
      check(hidden.length > 0 && hidden.every(Boolean), "a clip can be deleted");
      await user.page.click("#health-button");
      await shows("health-figures", /Recording/);
      check(await user.isHidden("recording-switch"), "a button is shown that cannot work");
    }],
  ];
}
