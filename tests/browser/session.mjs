/* session.mjs - a browser and a recorder for a table of tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Hand, PROGRAMS } from "./user.mjs";
import { note, runTests } from "./tap.mjs";

/* Why tests in that kind of browser cannot be run here, or null. */
export async function missing(kind) {
  if (!existsSync(PROGRAMS[kind])) return `${PROGRAMS[kind]} is not installed`;
  return import("puppeteer-core").then(() => null, () => "puppeteer-core is not installed (npm ci in tests/browser)");
}

/* What went wrong is told with what the page said, and shown where the folder $SCREENSHOTS is there. */
async function tellFailure(hand, title) {
  const shots = process.env.SCREENSHOTS;
  note(hand.takeMessages().join("\n"));
  if (shots && existsSync(shots)) await hand.picture(join(shots, `${hand.kind}-${title.replace(/\W+/g, "-")}.png`));
}

/*
 * Runs tables(recorder, hand) in the browsers of those kinds, one after the other, with a recorder for all of them. prepare(recorder): what
 * the recorder has to go through first.
 */
export async function runSession(kinds, recorder, tables, prepare = async () => {}) {
  const hands = kinds.map((kind) => new Hand(kind, recorder));
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all([prepare(recorder), ...hands.map((hand) => hand.start())]);
    const tests = hands.flatMap((hand) => tables(recorder, hand).map(([title, run]) =>
      [hands.length > 1 ? `${title} (${hand.kind})` : title, run, (name) => tellFailure(hand, name)]));
    failed = await runTests(tests);
  } catch (error) {
    console.log("Bail out! the recorder or a browser does not start");
    note(error.stack);
  } finally {
    for (const hand of hands) await hand.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
