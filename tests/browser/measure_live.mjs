#!/usr/bin/env node
/*
 * measure_live.mjs - how old the live picture is that a browser shows, read off the picture, and how it comes over a
 * slow line: `make bench ONLY=page`.
 *
 * usage: measure_live.mjs chrome|firefox SECONDS; prints {near: {age_ms, fps, pause_ms}, far, too_far: the same} as JSON
 *
 * age_ms: from the camera's timestamp of a frame until the page has drawn it, for each picture that was drawn; pause_ms:
 * the longest time without another picture. far: over a line of 1.5 Mbit/s with a delay of 100 ms (Chromium alone), with
 * video of 1.2 Mbit/s; too_far: with video of 2.7 Mbit/s, which that line does not carry.
 */
import { Recorder } from "./recorder.mjs";
import { missing } from "./session.mjs";
import { sleep, waitFor } from "./tap.mjs";
import { User } from "./user.mjs";

const SETTLE_MS = 15000;
const LINE = { offline: false, latency: 100, downloadThroughput: 1.5e6 / 8, uploadThroughput: 1.5e6 / 8 };

/* Runs in the page: the connection is the page's own, so that the line can be slowed down. */
function hideSharedWorkers() {
  globalThis.SharedWorker = undefined;
}

/* Runs in the page, for so long. Resolves to [number, milliseconds since 1970] of each picture, as soon as it is drawn. */
function watchPictures(ms) {
  const live = document.getElementById("live"), seen = [], until = performance.now() + ms;
  const canvas = new OffscreenCanvas(320, 180), context = canvas.getContext("2d", { willReadFrequently: true });
  const read = () => {
    context.drawImage(live, 0, 0, 320, 180);
    const { data } = context.getImageData(0, 0, 320, 40);
    let number = 0;
    for (let bit = 0; bit < 24; bit++) {
      const at = 4 * (((bit < 16 ? 10 : 30) * 320) + (bit % 16) * 20 + 10);
      number = number * 2 + (data[at] + data[at + 1] + data[at + 2] > 383);
    }
    return number;
  };
  return new Promise((resolve) => {
    const look = () => {
      const number = live.width > 0 ? read() : -1;
      if (number !== seen.at(-1)?.[0]) seen.push([number, performance.timeOrigin + performance.now()]);
      if (performance.now() < until) requestAnimationFrame(look);
      else resolve(seen);
    };
    requestAnimationFrame(look);
  });
}

/* The frame of that number that the camera gave last before then. */
const frameOf = (frames, number, at) => frames.findLast((frame) => frame.number === number && frame.ms <= at);

async function watch(user, recorder, seconds) {
  const seen = (await user.page.evaluate(watchPictures, seconds * 1000)).slice(1), frames = recorder.frames();
  const ages = seen.map(([number, at]) => at - frameOf(frames, number, at)?.ms).filter((age) => age < 10000);
  const pauses = seen.slice(1).map(([, at], before) => at - seen[before][1]);
  return { age_ms: ages, fps: seen.length / seconds, pause_ms: Math.max(...pauses) };
}

/* Opens the page, and waits until it has played live video for a while. */
async function openPage(user) {
  await user.open();
  await user.hasPicture();
  await waitFor(() => user.page.evaluate(() => document.querySelector("#live").previousElementSibling?.currentTime > 0),
    "live video");
  await sleep(SETTLE_MS);
}

async function measureNear(user, recorder, seconds) {
  await user.page.evaluateOnNewDocument(hideSharedWorkers);
  await openPage(user);
  return watch(user, recorder, seconds);
}

async function measureFar(user, recorder, seconds) {
  const session = await user.page.createCDPSession();
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", LINE);
  return measureNear(user, recorder, seconds);
}

/* With a recorder and a browser of its own. */
async function run(kind, scene, measure, seconds) {
  const recorder = new Recorder(scene), user = new User(kind, recorder);
  try {
    await recorder.start();
    await user.start();
    return await measure(user, recorder, seconds);
  } finally {
    await user.stop();
    await recorder.stop();
  }
}

async function runAll(kind, seconds) {
  const found = { near: await run(kind, "hd", measureNear, seconds) };
  if (kind !== "chrome") return found;
  found.far = await run(kind, "thin", measureFar, seconds);
  found.too_far = await run(kind, "hd", measureFar, seconds);
  return found;
}

const [kind, seconds] = process.argv.slice(2), why = await missing(kind);
console.log(JSON.stringify(why ? { why } : await runAll(kind, Number(seconds))));
