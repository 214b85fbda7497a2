/* camera_tests.mjs - several cameras: the grid, going to one of them and back, and timelapse. */
import { checkPlaying, whilePlaying } from "./observer.mjs";
import { check, waitFor } from "./tap.mjs";

const STREAMS = 3; // connections of live-hub.js
const SEGMENT_MS = 600000, TIMELAPSE_FPS = 30; // length of a made segment; frames per second of a timelapse, at most

/*
 * Runs in the page: the tiles that are not entirely visible, or that overlap another one. If the page scrolls, what is
 * further down counts as visible.
 */
function hiddenTiles() {
  const boxes = [...document.querySelectorAll(".tile")].map((node) => ({
    node, box: node.getBoundingClientRect(), caption: node.querySelector(".tile-caption").getBoundingClientRect(),
  }));
  const scrolls = document.documentElement.scrollHeight > innerHeight;
  const overlap = (a, b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const isHidden = ({ node, box, caption }) => box.width < 100 || box.left < 0 || box.right > innerWidth
    || (!scrolls && box.bottom > innerHeight) || caption.right > box.right || caption.bottom > box.bottom
    || boxes.some((other) => other.node !== node && overlap(box, other.box));
  return boxes.filter(isHidden).map(({ node }) => node.textContent);
}

export function cameraTests(recorder, user) {
  const tile = (number) => `.tile:nth-child(${number + 1})`;
  const tileText = (number) => user.page.$eval(tile(number), (node) => node.textContent);
  const countViewers = async () => {
    const metrics = await (await fetch(`${recorder.url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^recorder_live_viewers\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const showsGrid = () => waitFor(async () =>
    (await user.page.$$(".tile")).length === recorder.names.length && await user.mode() === "grid", "the grid");
  const isLive = () => waitFor(async () => await user.mode() === "live", "the large picture");

  const openGrid = async () => {
    await user.open();
    await showsGrid();
  };

  const moves = async (selector, what) => {
    const first = await waitFor(async () => Math.max(0, await user.number(selector)), `${what} has a picture`);
    await waitFor(async () => ![first, -1].includes(await user.number(selector)), `${what} moves`);
  };

  /* Plays the made archive from so long before a border of two of its segments. Resolves to that border. */
  const openTimelapse = async (speed, beforeMs, how) => {
    const { spans } = await recorder.json(`/timeline?camera=${recorder.name}`);
    const border = Date.parse(spans[0].from) + 2 * SEGMENT_MS, at = new Date(border - beforeMs).toISOString();
    await user.open(`#camera=${recorder.name}&t=${at}&speed=${speed}&zoom=14400`, how);
    return border;
  };

  const allMove = async () => {
    for (const number of recorder.names.keys()) {
      await moves(`${tile(number)} canvas`, `camera ${number}`);
      const viewers = await countViewers();
      check(viewers <= STREAMS, `${viewers} streams`);
    }
  };

  return [
    ["all cameras are shown at once and move, in two tabs, over a few connections for both", async () => {
      await openGrid();
      await allMove();
      const first = user.page, [name] = recorder.names;
      try {
        user.page = await user.browser.newPage();
        await openGrid();
        await allMove();
        await user.open(`#camera=${name}`);
        await moves("#live", "the large picture");
      } finally {
        await user.page.close();
        user.page = first;
      }
      await first.bringToFront();
      await allMove();
      for (const [number, name] of recorder.names.entries()) {
        const pattern = new RegExp(`${name}.*[456] fps`);
        await waitFor(async () => pattern.test(await tileText(number)), `name and rate of camera ${number}`);
      }
    }],

    ["all tiles and their captions are visible, on a phone by scrolling", async () => {
      await openGrid();
      try {
        for (const [width, height] of [[1440, 900], [1000, 1200], [390, 844]]) {
          await user.page.setViewport({ width, height });
          const hidden = () => user.page.evaluate(hiddenTiles);
          await waitFor(async () => (await hidden()).length === 0, `all tiles at ${width} × ${height}`);
        }
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["a click goes to one camera; Back, G and the list of cameras go to the grid and to another one", async () => {
      const name = recorder.names[5];
      await openGrid();
      await user.page.click(tile(5));
      await isLive();
      await moves("#live", "the large picture");
      await waitFor(async () => await countViewers() === 1, "one stream is left");
      await waitFor(async () => await user.page.evaluate(() => location.hash) === `#camera=${name}`, "the address");
      await waitFor(async () => (await user.page.title()).startsWith(name), "the title");
      await user.page.evaluate(() => history.back());
      await showsGrid();
      await user.page.focus(tile(6));
      await user.press("Enter");
      const choice = () => user.page.$eval("#camera-choice", (node) => node.value);
      await waitFor(async () => await choice() === recorder.names[6], "the camera chosen by keyboard");
      await user.press("g");
      await showsGrid();
      await user.page.select("#camera-choice", recorder.names[2]);
      await isLive();
      await moves("#live", "the large picture");
    }],

    ["a link lands on its camera's own recording, and one to an unknown camera gets a notice", async () => {
      const name = recorder.names[3], { spans } = await recorder.json(`/timeline?camera=${name}`);
      const begin = Date.parse(spans[0].from);
      const [from, to] = [begin + 3000, begin + 5000].map((ms) => new Date(ms).toISOString());
      await waitFor(() => recorder.frames(recorder.logs[3]).at(-1).ms > begin + 6000, "some seconds are taken");
      await user.open(`#camera=${name}&t=${from}&from=${from}&to=${to}`, { pauses: true });
      await user.ready();
      await user.showsRecording();
      await user.pause();
      await user.exactStill(recorder.logs[3]);
      const download = await user.page.$eval("#selection-download", (node) => node.href);
      check(download.includes(`camera=${name}`), `the download is ${download}`);
      await user.open("#camera=nobody");
      await waitFor(() => user.hasShown("notice", /no camera "nobody"/), "the notice");
      await showsGrid();
    }],

    ["an unplugged camera is marked in the grid and comes back, while the others go on", async () => {
      await openGrid();
      for (const number of [0, 6]) {
        await recorder.command("fault", number, "unplugged", 1);
        try {
          await waitFor(async () => /Unplugged/.test(await tileText(number)), "the caption");
          await moves(`${tile(1)} canvas`, "another camera");
        } finally {
          await recorder.command("fault", number, "unplugged", 0);
        }
        await waitFor(async () => /fps/.test(await tileText(number)), "the camera is back");
        await moves(`${tile(number)} canvas`, "its picture");
      }
    }],

    ["a timelapse plays at its speed, across the borders of segments", async () => {
      for (const speed of [60, 300, 1800]) {
        const border = await openTimelapse(speed, speed * 500);
        const moments = await waitFor(async () => {
          const all = await user.moments();
          return whilePlaying(all).some(({ ms }) => ms > border + speed * 500) && all;
        }, `speed ${speed} crosses a border`);
        check(whilePlaying(moments)[0].ms < border, `speed ${speed} began after the border`);
        await checkPlaying(moments, speed);
      }
    }],

    ["a timelapse pauses on the frame that the clock shows, and continues frame by frame", async () => {
      const speed = 60, border = await openTimelapse(speed, 0, { pauses: true });
      await user.showsRecording();
      await user.pause();
      const shown = await user.shownMs();
      const near = Math.abs(shown - border) <= speed * 1000 / TIMELAPSE_FPS;
      check(near, `it pauses ${shown - border} ms after the border`);
      await user.press(".");
      await waitFor(async () => await user.page.$eval("#speed", (node) => node.value) === "1", "speed 1");
      await waitFor(async () => Math.abs(await user.shownMs() - shown) <= 2000, "the next frame");
    }],

    ["with several cameras the console stays empty", async () => {
      const messages = user.takeMessages(/status of 50[23]/);
      const { foreignRequests } = user;
      check(messages.length === 0 && foreignRequests.length === 0, messages.concat(foreignRequests).join("\n"));
    }],
  ];
}
