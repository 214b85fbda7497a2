/* frame_tests.mjs - the recorder in a frame of another site's page, as dashboards show it. */
import { check, waitFor } from "./tap.mjs";

/* What Home Assistant's card "webpage" lets a frame do. */
const SANDBOX = "allow-forms allow-popups allow-pointer-lock allow-same-origin allow-scripts allow-modals "
  + "allow-downloads";

/* Runs in the browser. Puts a frame onto the page, as its only content; resolves once something is loaded in it. */
function openFrame(src, sandbox) {
  const frame = document.createElement("iframe");
  frame.sandbox = sandbox;
  frame.width = 1200;
  frame.height = 700;
  return new Promise((resolve) => {
    frame.onload = () => resolve();
    frame.src = src;
    document.body.replaceChildren(frame);
  });
}

/* site: see test_sites.mjs */
export function frameTests(recorder, site) {
  const frameOf = async (path) => {
    await site.open();
    await site.page.evaluate(openFrame, recorder.url + path, SANDBOX);
    return site.page.frames().find((frame) => frame !== site.page.mainFrame());
  };
  const has = async (path, selector) => await (await frameOf(path)).$(selector) !== null;
  const textOf = async (path) => (await frameOf(path)).evaluate(() => document.body.textContent);

  return [
    ["a page that is not named cannot have the recorder in a frame, except the live picture", async () => {
      check(!await has("/ui/", "#timeline"), "the page is in a frame");
      check(!/"file"/.test(await textOf("/recordings")), "JSON is");
      check(await has("/snapshot", "img"), "the live picture is not");
    }],

    ["a page that is named has the page in a frame, with its pictures and its archive", async () => {
      Object.assign(recorder, await recorder.command("frame_ancestors", site.url));
      const frame = await frameOf("/ui/");
      const isDrawn = () => frame.$eval("#live", (canvas) => canvas.width > 0 && !canvas.hidden);
      await waitFor(isDrawn, "a live picture in the frame");
      const isListed = () => frame.$eval("#archive-message", (node) => node.hidden && node.textContent !== "");
      await waitFor(isListed, "the archive");
      const { spans: [{ from }] } = await recorder.json("/timeline");
      await frame.evaluate((at) => (location.hash = `#t=${at}`), from);
      const plays = () => frame.evaluate(() => document.querySelector("video.front")?.videoWidth > 0);
      await waitFor(plays, "a recording in the frame");
      check(/"file"/.test(await textOf("/recordings")), "no JSON is");
    }],
  ];
}
