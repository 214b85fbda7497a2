#!/usr/bin/env node
/*
 * measure.mjs - how soon the page shows what somebody asks of it: `make bench ONLY=page`. Prints one JSON object: {what: [milliseconds, …]}.
 *
 * usage: measure.mjs chrome|firefox ROUNDS
 */
import { Hand } from "./user.mjs";
import { longArchive } from "./long_archive.mjs";
import { Recorder } from "./recorder.mjs";
import { missing } from "./session.mjs";
import { waitFor } from "./tap.mjs";
import { frameCosts, watchFrames, wheelAndDrag } from "./zoom_and_pan.mjs";

async function timed(act) {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const livePicture = (hand) => waitFor(async () => await hand.number() >= 0, "a live picture");

async function firstView(hand) {
  await hand.page.goto("about:blank");
  return timed(async () => {
    await hand.open();
    await livePicture(hand);
  });
}

/* The same browser with the same camera's newest picture and nothing else. */
async function snapshotAlone(hand, recorder) {
  await hand.page.goto("about:blank");
  return timed(async () => {
    await hand.page.goto(`${recorder.url}/snapshot`);
    await waitFor(() => hand.page.evaluate(() => document.images[0]?.naturalWidth > 0), "the snapshot");
  });
}

async function click(hand, share) {
  const [[from, to]] = await hand.spans(), span = to - from, centre = (from + to) / 2;
  await hand.showTimes(from, to);
  await hand.holdStill(false);
  const { x, y } = await hand.pointOf(from + span * share, centre, span), before = await hand.number();
  return timed(async () => {
    await hand.page.mouse.click(x, y);
    await waitFor(async () => Math.abs(await hand.number() - before) > 30, "another picture");
  });
}

async function zoomAndPan(hand) {
  const restore = await longArchive(hand.page);
  try {
    await hand.open();
    await hand.ready();
    await watchFrames(hand);
    await wheelAndDrag(hand, 12, -240);
    await wheelAndDrag(hand, 12, 240);
    return await frameCosts(hand);
  } finally {
    await restore();
  }
}

async function measure(hand, recorder, rounds) {
  const found = { view: [], snapshot: [], click: [], frame: [] };
  await hand.page.setCacheEnabled(false);
  for (let round = 0; round < rounds; round++) {
    found.view.push(await firstView(hand));
    found.snapshot.push(await snapshotAlone(hand, recorder));
  }
  await hand.page.setCacheEnabled(true);
  for (let round = 0; round < rounds; round++) found.click.push(await click(hand, round % 2 ? 0.15 : 0.8));
  for (let round = 0; round < rounds; round++) found.frame.push(...await zoomAndPan(hand));
  return found;
}

const [kind, rounds] = process.argv.slice(2), why = await missing(kind);
if (why) {
  console.log(JSON.stringify({ why }));
} else {
  const recorder = new Recorder(), hand = new Hand(kind, recorder);
  try {
    await recorder.start();
    await hand.start();
    await recorder.onDisk(await recorder.taken(12500));
    console.log(JSON.stringify(await measure(hand, recorder, Number(rounds))));
  } finally {
    await hand.stop();
    await recorder.stop();
  }
}
