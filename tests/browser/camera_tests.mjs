/* camera_tests.mjs - several cameras: the grid, the way to one of them and back; and timelapse of thirty hours that the first one has. */
import { check, waitFor } from "./tap.mjs";
import { checkPlaying, toldPlaying } from "./observer.mjs";

const STREAMS = 6; // connections that a browser opens to one host
const SEGMENT_MS = 600000, LAPSE_FPS = 30; // of the made archive, and of what a timelapse shows at most

/* Runs in the page: the tiles of which not all is seen, or that overlap another one. Where the page scrolls, below is as good as seen. */
function unseenTiles() {
  const boxes = [...document.querySelectorAll(".tile")].map((node) => ({ node, box: node.getBoundingClientRect(), words: node.querySelector(".tile-caption").getBoundingClientRect() }));
  const scrolls = document.documentElement.scrollHeight > innerHeight;
  const overlap = (one, other) => one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1;
  return boxes.filter(({ node, box, words }) => box.width < 100 || box.left < 0 || box.right > innerWidth || (!scrolls && box.bottom > innerHeight)
    || words.right > box.right || words.bottom > box.bottom || boxes.some((other) => other.node !== node && overlap(box, other.box))).map(({ node }) => node.textContent);
}

export function cameraTests(recorder, user) {
  const tile = (number) => `.tile:nth-child(${number + 1})`;
  const tileText = (number) => user.page.$eval(tile(number), (node) => node.textContent);
  const streams = () => user.page.$$eval("img", (all) => all.filter((img) => img.src.includes("/stream")).length);
  const gridIsThere = () => waitFor(async () => (await user.page.$$(".tile")).length === recorder.names.length && await user.mode() === "grid", "the grid");

  const openGrid = async () => {
    await user.open();
    await gridIsThere();
  };

  const moves = async (selector, words) => {
    const first = await waitFor(async () => Math.max(0, await user.number(selector)), `${words} has a picture`);
    await waitFor(async () => ![first, -1].includes(await user.number(selector)), `${words} moves`);
  };

  /* Plays the made archive from so long before the border of two of its segments. Resolves to that border. */
  const openTimelapse = async (speed, beforeMs, how) => {
    const { spans } = await recorder.json(`/timeline?camera=${recorder.name}`), border = Date.parse(spans[0].from) + 2 * SEGMENT_MS;
    await user.open(`#camera=${recorder.name}&t=${new Date(border - beforeMs).toISOString()}&speed=${speed}&zoom=14400`, how);
    return border;
  };

  return [
    ["all cameras are seen at once, and move, over no more connections than a browser opens", async () => {
      await openGrid();
      for (const number of recorder.names.keys()) await moves(`${tile(number)} img`, `camera ${number}`);
      check(await streams() < STREAMS, `${await streams()} streams`);
      for (const [number, name] of recorder.names.entries()) {
        await waitFor(async () => new RegExp(`${name}.*[456] fps`).test(await tileText(number)), `name and rate of camera ${number}`);
      }
    }],

    ["all tiles are seen whole, with their words, on a screen and by scrolling on a phone", async () => {
      await openGrid();
      try {
        for (const [width, height] of [[1440, 900], [1000, 1200], [390, 844]]) {
          await user.page.setViewport({ width, height });
          await waitFor(async () => (await user.page.evaluate(unseenTiles)).length === 0, `all tiles at ${width} × ${height}`);
        }
      } finally {
        await user.page.setViewport({ width: 1440, height: 900 });
      }
    }],

    ["a click goes to one of them, and Back, G and the list of cameras to all and to another", async () => {
      const name = recorder.names[5];
      await openGrid();
      await user.page.click(tile(5));
      await waitFor(async () => await user.mode() === "live", "the large picture");
      await moves("#live", "the large picture");
      await waitFor(async () => await streams() === 1, "one stream is left");
      await waitFor(async () => await user.page.evaluate(() => location.hash) === `#camera=${name}`, "the address");
      await waitFor(async () => (await user.page.title()).startsWith(name), "the title");
      await user.page.evaluate(() => history.back());
      await gridIsThere();
      await user.page.focus(tile(6));
      await user.press("Enter");
      await waitFor(async () => await user.page.$eval("#camera-choice", (node) => node.value) === recorder.names[6], "by keyboard");
      await user.press("g");
      await gridIsThere();
      await user.page.select("#camera-choice", recorder.names[2]);
      await waitFor(async () => await user.mode() === "live", "the large picture");
      await moves("#live", "the large picture");
    }],

    ["a link lands on its camera's own recording; one to a camera that is not there is answered in words", async () => {
      const name = recorder.names[3], { spans } = await recorder.json(`/timeline?camera=${name}`);
      await waitFor(() => recorder.frames(recorder.logs[3]).at(-1).ms > Date.parse(spans[0].from) + 6000, "some seconds are taken");
      const at = Date.parse(spans[0].from) + 3000;
      await user.open(`#camera=${name}&t=${new Date(at).toISOString()}&from=${new Date(at).toISOString()}&to=${new Date(at + 2000).toISOString()}`, { pauses: true });
      await user.ready();
      await user.stillOrPlaying();
      await user.pause();
      await user.rightStill(recorder.logs[3]);
      check((await user.page.$eval("#selection-download", (node) => node.href)).includes(`camera=${name}`), "the download is of that camera");
      await user.open("#camera=nobody");
      await waitFor(() => user.wasTold("notice", /no camera "nobody"/), "the sentence");
      await gridIsThere();
    }],

    ["a camera that is unplugged says so in the grid, and comes back; the others go on", async () => {
      await openGrid();
      for (const number of [0, 6]) {
        await recorder.ask("fault", number, "unplugged", 1);
        try {
          await waitFor(async () => /Unplugged/.test(await tileText(number)), "the tile says it");
          await moves(`${tile(1)} img`, "its neighbour");
        } finally {
          await recorder.ask("fault", number, "unplugged", 0);
        }
        await waitFor(async () => /fps/.test(await tileText(number)), "it is there again");
        await moves(`${tile(number)} img`, "its picture");
      }
    }],

    ["timelapse goes at its speed, over the borders of segments", async () => {
      for (const speed of [60, 300, 1800]) {
        const border = await openTimelapse(speed, speed * 500);
        const moments = await waitFor(async () => {
          const noted = await user.moments();
          return toldPlaying(noted).some(({ ms }) => ms > border + speed * 500) && noted;
        }, `speed ${speed} goes over a border`);
        check(toldPlaying(moments)[0].ms < border, `speed ${speed} began behind the border`);
        await checkPlaying(moments, speed);
      }
    }],

    ["timelapse stands still on the frame that it names, and a step goes on frame by frame", async () => {
      const speed = 60, border = await openTimelapse(speed, 0, { pauses: true });
      await user.stillOrPlaying();
      await user.pause();
      const seen = await user.shownMs();
      check(Math.abs(seen - border) <= speed * 1000 / LAPSE_FPS, `it stands ${seen - border} ms on`);
      await user.press(".");
      await waitFor(async () => await user.page.$eval("#speed", (node) => node.value) === "1", "frames go by at speed 1");
      await waitFor(async () => Math.abs(await user.shownMs() - seen) <= 2000, "the next frame");
    }],

    ["nothing was said in the console of several cameras", async () => {
      const messages = user.takeMessages(/status of 50[23]/);
      check(messages.length === 0 && user.strangers.length === 0, messages.concat(user.strangers).join("\n"));
    }],
  ];
}
