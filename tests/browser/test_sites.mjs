#!/usr/bin/env node
/* test_sites.mjs - a page of another site, in a real browser: what it can show and read of a recorder that does not name it, and of one that does. */
import { createServer } from "node:http";
import { BareVideo, missingFor } from "./bare_video.mjs";
import { Recorder } from "./recorder.mjs";
import { check, note, runTests, waitFor } from "./tap.mjs";

const SNAPSHOT = "/snapshot", STREAM = "/stream", MADE = "/snapshot?width=64";

/* Runs in the browser: how a picture or a video ends up, "shown" or "refused"; it stays on the page as its only content. */
async function embed(kind, src, crossOrigin) {
  const node = document.createElement(kind);
  node.muted = true;
  node.preload = "auto";
  if (crossOrigin) node.crossOrigin = "anonymous";
  document.body.replaceChildren(node);
  return new Promise((resolve) => {
    node.onerror = () => resolve("refused");
    node.onload = node.onloadeddata = () => resolve("shown");
    const look = setInterval(() => {
      if (!node.isConnected) clearInterval(look);
      else if (node.naturalWidth > 0) resolve("shown"); // a stream never ends
    }, 50);
    node.src = src;
  });
}

/* Runs in the browser: the words of an answer, or that the browser keeps it from the page. */
async function read(url, options) {
  try {
    const answer = await fetch(url, options), { headers } = answer;
    return { status: answer.status, range: headers.get("Content-Range"), tag: headers.get("ETag"), text: await answer.text() };
  } catch (error) {
    return { status: 0, text: error.message };
  }
}

/* Runs in the browser: takes a whole picture out of the stream, and draws it on a canvas. */
async function drawFromStream(url) {
  const answer = await fetch(url), reader = answer.body.getReader();
  let bytes = new Uint8Array();
  for (;;) {
    const { value } = await reader.read(), more = new Uint8Array(bytes.length + value.length);
    more.set(bytes);
    more.set(value, bytes.length);
    bytes = more;
    const text = new TextDecoder("latin1").decode(bytes), found = /Content-Length: (\d+)\r\n[^]*?\r\n\r\n/.exec(text);
    const begin = found && found.index + found[0].length, end = found && begin + Number(found[1]);
    if (!found || bytes.length < end) continue;
    await reader.cancel();
    const picture = await createImageBitmap(new Blob([bytes.slice(begin, end)], { type: "image/jpeg" }));
    const canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    document.body.replaceChildren(canvas);
    return;
  }
}

/* The page of another site: it has another name, and another port. */
class OtherSite extends BareVideo {
  get url() {
    return `http://localhost:${this.port}`;
  }

  async start() {
    this.server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>site</title>"));
    await new Promise((resolve) => this.server.listen(0, "localhost", resolve));
    this.port = this.server.address().port;
    return super.start();
  }

  async open() {
    await this.page.goto(this.url);
  }

  embed(kind, path, crossOrigin = false) {
    return this.page.evaluate(embed, kind, this.recorder.url + path, crossOrigin);
  }

  read(path, options = {}) {
    return this.page.evaluate(read, this.recorder.url + path, options);
  }

  async stop() {
    await super.stop();
    this.server?.close();
  }
}

function siteTests(recorder, site, clip) {
  const expect = async (wanted, ...what) => {
    const seen = await site.embed(...what);
    check(seen === wanted, `${what.join(" ")}: ${seen}, not ${wanted}`);
  };
  const readable = async (selector) => waitFor(async () => await site.number(selector) >= 0, `the picture of ${selector} can be read`);

  return [
    ["a page that is not named shows the live picture, and neither reads it nor anything else", async () => {
      await site.open();
      for (const path of [STREAM, SNAPSHOT]) {
        await expect("shown", "img", path);
        const told = await site.number("img").then(() => "read", (error) => error.message);
        check(/tainted|insecure/i.test(told), `${path}: ${told}`);
        await expect("refused", "img", path, true);
      }
      await expect("refused", "img", MADE);
      await expect("refused", "video", clip);
      for (const path of [SNAPSHOT, STREAM, "/camera_info", clip]) check((await site.read(path)).status === 0, `${path} was read`);
    }],

    ["a page that is named draws the stream on a canvas, and reads and shows what was recorded", async () => {
      await recorder.ask("allow_origin", site.url);
      await site.page.evaluate(drawFromStream, recorder.url + STREAM);
      check(await site.number("canvas") >= 0, "the picture from the stream is no picture of the camera");
      for (const path of [STREAM, SNAPSHOT]) {
        await expect("shown", "img", path, true);
        await readable("img");
      }
      await expect("shown", "img", MADE);
      await expect("shown", "video", clip);
      await expect("shown", "video", clip, true);
      await readable("video");
      const info = await site.read("/camera_info"), part = await site.read(clip, { headers: { Range: "bytes=4-7", "If-Range": '"x"' } });
      check(info.status === 200 && JSON.parse(info.text).state === "streaming", JSON.stringify(info));
      check(part.status === 200 && part.tag, "an If-Range that does not fit gives the whole");
      const fits = await site.read(clip, { headers: { Range: "bytes=4-7", "If-Range": part.tag } });
      check(fits.status === 206 && fits.text === "ftyp" && /^bytes 4-7\//.test(fits.range), JSON.stringify(fits));
    }],

    ["a page that is named reads why it is refused, and changes nothing", async () => {
      const refused = await site.read("/recordings", { headers: { Authorization: "Bearer x" } });
      check(refused.status === 401 && /token/.test(refused.text), JSON.stringify(refused));
      for (const options of [{ method: "POST" }, { method: "POST", headers: { Authorization: "Bearer x" } }, { method: "DELETE" }]) {
        const told = await site.read("/control?recording=off", options);
        check(told.status === 0, `${JSON.stringify(options)}: ${JSON.stringify(told)}`);
      }
      const { recording } = await recorder.json("/camera_info");
      check(recording.state === "recording", recording.state);
    }],
  ];
}

const why = await missingFor("chrome");
if (why) {
  console.log(`1..0 # SKIP ${why}`);
} else {
  const recorder = new Recorder(), sites = [];
  for (const kind of ["chrome", "firefox"]) if (!await missingFor(kind)) sites.push(new OtherSite(kind, recorder));
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all(sites.map((site) => site.start()));
    await recorder.onDisk(await recorder.taken(5000));
    const from = Math.ceil(recorder.frames()[0].ms / 1000), clip = `/footage?from=${from}&to=${from + 2}`;
    failed = await runTests(sites.flatMap((site) => siteTests(recorder, site, clip).map(([title, run]) => [`${title} (${site.kind})`, run])));
  } catch (error) {
    console.log("Bail out! the recorder or a browser does not start");
    note(error.stack);
  } finally {
    for (const site of sites) await site.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
