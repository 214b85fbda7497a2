/* live_tests.mjs - the live picture: in a hidden tab, without parts of Media Source Extensions, over a slow line. */
import { CuttingProxy } from "./cutting_proxy.mjs";
import { check, waitFor } from "./tap.mjs";

const SLOW = 60000; // bytes per second: about half of all pictures

/* Runs in the page. The browser's own events do not come when a tab is hidden by a test. */
function setHidden(hidden) {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

/* These run in the page before its own scripts. */
function offerOnlyManagedMediaSource() {
  globalThis.ManagedMediaSource = globalThis.MediaSource;
  delete globalThis.MediaSource;
}

function offerNoMediaSource() {
  delete globalThis.MediaSource;
  delete globalThis.ManagedMediaSource;
}

export function liveTests(recorder, user) {
  const playsVideo = () => user.page.evaluate(() =>
    document.querySelector("#picture > video:not([id])")?.currentTime > 0);
  const moves = (what) => user.showsFrameAfter(recorder.frames().length + 10, what);
  const viewers = async () => {
    const text = await (await fetch(`${recorder.url}/metrics`)).text();
    return Number(/^recorder_live_viewers{\S* (\d+)/m.exec(text)[1]);
  };
  const openWith = async (prepare, act, options) => {
    const { identifier } = await user.page.evaluateOnNewDocument(prepare);
    try {
      await user.open("", options);
      await user.hasPicture();
      await act();
    } finally {
      await user.page.removeScriptToEvaluateOnNewDocument(identifier);
      await user.page.goto("about:blank");
    }
  };

  return [
    ["a hidden tab stops its stream, and the video goes on when it is seen again", async () => {
      await user.open();
      await waitFor(playsVideo, "live video");
      await waitFor(async () => await viewers() === 1, "one viewer");
      await user.page.evaluate(setHidden, true);
      await waitFor(async () => await viewers() === 0, "the stream has ended");
      await user.page.evaluate(setHidden, false);
      await waitFor(playsVideo, "live video again");
      await moves("the video moves");
    }],

    ["live video plays where there is only ManagedMediaSource", () =>
      openWith(offerOnlyManagedMediaSource, async () => {
        await waitFor(playsVideo, "live video");
        await moves("the video moves");
      })],

    ["without video, a slow line gets as many pictures as it carries, and they are new", async () => {
      const proxy = await new CuttingProxy(recorder).start(), asked = [];
      proxy.slowDown(SLOW, (path) => asked.push(Number(new URL(path, recorder.url).searchParams.get("fps") ?? Infinity)));
      try {
        await openWith(offerNoMediaSource, async () => {
          await waitFor(() => asked.length > 1, "fewer pictures are asked for");
          await waitFor(async () => Math.abs(await user.shownMs() - Date.now()) < 1000, "the picture is new");
          await moves("the pictures move");
        }, { url: proxy.url });
        check(asked[0] === Infinity && asked.slice(1).every((fps) => fps >= 1 && fps < 20), `asked for ${asked}`);
        check(!await playsVideo(), "it is the video");
      } finally {
        await proxy.stop();
        user.takeMessages();
      }
    }],
  ];
}
