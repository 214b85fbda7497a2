#!/usr/bin/env node
/*
 * test_sites.mjs - a page of another site, in a real browser: what it can show, read and have in a frame of a recorder
 * that does not name it in http.allow_origin and http.frame_ancestors, and of one that does. Then the page of a
 * recorder that is below a path of another site.
 */
import { BareVideo, missingFor } from "./bare_video.mjs";
import { frameTests } from "./frame_tests.mjs";
import { SiteServer } from "./other_site.mjs";
import { proxiedTests } from "./proxied_tests.mjs";
import { Recorder } from "./recorder.mjs";
import { check, note, runTests, waitFor } from "./tap.mjs";
import { User } from "./user.mjs";

const SNAPSHOT = "/snapshot", STREAM = "/stream", SCALED = "/snapshot?width=64";
const BEARER = { Authorization: "Bearer x" };

/* Runs in the browser. Puts a picture or a video onto the page, as its only content: "shown" or "refused". */
async function embed(kind, src, crossOrigin) {
  const node = document.createElement(kind);
  node.muted = true;
  node.preload = "auto";
  if (crossOrigin) node.crossOrigin = "anonymous";
  document.body.replaceChildren(node);
  return new Promise((resolve) => {
    node.onerror = () => resolve("refused");
    node.onload = node.onloadeddata = () => resolve("shown");
    const poll = setInterval(() => {
      if (!node.isConnected) clearInterval(poll);
      else if (node.naturalWidth > 0) resolve("shown"); // a stream never finishes loading
    }, 50);
    node.src = src;
  });
}

/* Runs in the browser. Reads an answer; status is 0 if the browser does not give it to the page. */
async function read(url, options) {
  try {
    const answer = await fetch(url, options), { headers } = answer;
    const range = headers.get("Content-Range"), tag = headers.get("ETag");
    return { status: answer.status, range, tag, text: await answer.text() };
  } catch (error) {
    return { status: 0, text: error.message };
  }
}

/* Runs in the browser. Reads a whole picture from the stream and draws it on a canvas. */
async function drawFromStream(url) {
  const answer = await fetch(url), reader = answer.body.getReader();
  let bytes = new Uint8Array();
  for (;;) {
    const { value } = await reader.read(), more = new Uint8Array(bytes.length + value.length);
    more.set(bytes);
    more.set(value, bytes.length);
    bytes = more;
    const text = new TextDecoder("latin1").decode(bytes), head = /Content-Length: (\d+)\r\n[^]*?\r\n\r\n/.exec(text);
    const begin = head && head.index + head[0].length, end = head && begin + Number(head[1]);
    if (!head || bytes.length < end) continue;
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

/* A page of another site. */
class OtherSite extends BareVideo {
  /* As strict users set it: a frame of another site stores nothing, and may not start a shared worker. */
  firefoxSettings = { "network.cookie.cookieBehavior": 1 };

  get url() {
    return this.server.url;
  }

  async start() {
    this.server = await new SiteServer(this.recorder).start();
    this.user = new User(this.kind, this.server.recorder);
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
    await this.user?.stop();
    this.server?.stop();
  }
}

function siteTests(recorder, site, clip) {
  const expect = async (wanted, ...what) => {
    const result = await site.embed(...what);
    check(result === wanted, `${what.join(" ")}: ${result}, not ${wanted}`);
  };
  const canRead = (selector) =>
    waitFor(async () => await site.number(selector) >= 0, `the picture of ${selector} can be read`);

  return [
    ["a page that is not named shows the live picture, but cannot read it or anything else", async () => {
      await site.open();
      for (const path of [STREAM, SNAPSHOT]) {
        await expect("shown", "img", path);
        const error = await site.number("img").then(() => "read", ({ message }) => message);
        check(/tainted|insecure/i.test(error), `${path}: ${error}`);
        await expect("refused", "img", path, true);
      }
      await expect("refused", "img", SCALED);
      await expect("refused", "video", clip);
      for (const path of [SNAPSHOT, STREAM, "/camera_info", clip]) {
        check((await site.read(path)).status === 0, `${path} was read`);
      }
    }],

    ["a page that is named draws the stream on a canvas, and reads and shows recordings", async () => {
      await recorder.command("allow_origin", site.url);
      await site.page.evaluate(drawFromStream, recorder.url + STREAM);
      check(await site.number("canvas") >= 0, "the picture from the stream is none of the camera");
      for (const path of [STREAM, SNAPSHOT]) {
        await expect("shown", "img", path, true);
        await canRead("img");
      }
      await expect("shown", "img", SCALED);
      await expect("shown", "video", clip);
      await expect("shown", "video", clip, true);
      await canRead("video");
      const info = await site.read("/camera_info");
      check(info.status === 200 && JSON.parse(info.text).state === "streaming", JSON.stringify(info));
      const readPart = (tag) => site.read(clip, { headers: { Range: "bytes=4-7", "If-Range": tag } });
      const whole = await readPart('"x"');
      check(whole.status === 200 && whole.tag, "an If-Range that does not match gets the whole clip");
      const part = await readPart(whole.tag);
      check(part.status === 206 && part.text === "ftyp" && /^bytes 4-7\//.test(part.range), JSON.stringify(part));
    }],

    ["a page that is named can read why it is refused, and cannot change anything", async () => {
      const refused = await site.read("/recordings", { headers: BEARER });
      check(refused.status === 401 && /token/.test(refused.text), JSON.stringify(refused));
      for (const options of [{ method: "POST" }, { method: "POST", headers: BEARER }, { method: "DELETE" }]) {
        const answer = await site.read("/control?recording=off", options);
        check(answer.status === 0, `${JSON.stringify(options)}: ${JSON.stringify(answer)}`);
      }
      const { recording } = await recorder.json("/camera_info");
      check(recording.state === "recording", recording.state);
    }],
  ];
}

/* The page of the recorder has a browser of its own. */
function pageTests(site) {
  return proxiedTests(site.server, site.user).map(([title, run]) => [title, async () => {
    await site.user.start();
    await run();
  }]);
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
    await recorder.waitOnDisk(await recorder.waitTaken(5000));
    const from = Math.ceil(recorder.frames()[0].ms / 1000), clip = `/footage?from=${from}&to=${from + 2}`;
    const tables = (site) => [...siteTests(recorder, site, clip), ...frameTests(recorder, site), ...pageTests(site)];
    const testsOf = (site) => tables(site).map(([title, run]) => [`${title} (${site.kind})`, run]);
    failed = await runTests(sites.flatMap(testsOf));
  } catch (error) {
    console.log("Bail out! the recorder or a browser does not start");
    note(error.stack);
  } finally {
    for (const site of sites) await site.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
