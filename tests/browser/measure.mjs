#!/usr/bin/env node
/*
 * measure.mjs - how quickly the page shows what is asked of it: `make bench ONLY=page`.
 *
 * usage: measure.mjs chrome|firefox ROUNDS; prints {what: [milliseconds, …]} as JSON
 */
import { longArchive } from "./long_archive.mjs";
import { Recorder } from "./recorder.mjs";
import { missing } from "./session.mjs";
import { waitFor } from "./tap.mjs";
import { User } from "./user.mjs";
import { frameCosts, watchFrames, wheelAndDrag } from "./zoom_and_pan.mjs";

async function timed(act) {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

async function firstView(user) {
  await user.page.goto("about:blank");
  return timed(async () => {
    await user.open();
    await user.hasPicture();
  });
}

/* The same browser with nothing but the camera's newest picture. */
async function snapshotAlone(user, recorder) {
  await user.page.goto("about:blank");
  return timed(async () => {
    await user.page.goto(`${recorder.url}/snapshot`);
    await waitFor(() => user.page.evaluate(() => document.images[0]?.naturalWidth > 0), "the snapshot");
  });
}

async function click(user, share) {
  const [[from, to]] = await user.spans(), length = to - from, centre = (from + to) / 2;
  await user.showTimes(from, to);
  await user.setPausing(false);
  const { x, y } = await user.pointOf(from + length * share, centre, length), before = await user.number();
  return timed(async () => {
    await user.page.mouse.click(x, y);
    await waitFor(async () => Math.abs(await user.number() - before) > 30, "another picture");
  });
}

async function zoomAndPan(user) {
  const restore = await longArchive(user.page);
  try {
    await user.open();
    await user.ready();
    await watchFrames(user);
    await wheelAndDrag(user, 12, -240);
    await wheelAndDrag(user, 12, 240);
    return await frameCosts(user);
  } finally {
    await restore();
  }
}

async function measure(user, recorder, rounds) {
  const found = { view: [], snapshot: [], click: [], frame: [] };
  await user.page.setCacheEnabled(false);
  for (let round = 0; round < rounds; round++) {
    found.view.push(await firstView(user));
    found.snapshot.push(await snapshotAlone(user, recorder));
  }
  await user.page.setCacheEnabled(true);
  for (let round = 0; round < rounds; round++) found.click.push(await click(user, round % 2 ? 0.15 : 0.8));
  for (let round = 0; round < rounds; round++) found.frame.push(...await zoomAndPan(user));
  return found;
}

const [kind, rounds] = process.argv.slice(2), why = await missing(kind);
if (why) {
  console.log(JSON.stringify({ why }));
} else {
  const recorder = new Recorder(), user = new User(kind, recorder);
  try {
    await recorder.start();
    await user.start();
    await recorder.waitOnDisk(await recorder.waitTaken(12500));
    console.log(JSON.stringify(await measure(user, recorder, Number(rounds))));
  } finally {
    await user.stop();
    await recorder.stop();
  }
}
