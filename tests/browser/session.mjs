/* session.mjs - a browser and a recorder for a table of tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { User, PROGRAMS } from "./user.mjs";
import { note, runTests } from "./tap.mjs";

/* Why tests in that kind of browser cannot be run here, or null. */
export async function missing(kind) {
  if (!existsSync(PROGRAMS[kind])) return `${PROGRAMS[kind]} is not installed`;
  return import("puppeteer-core").then(() => null, () => "puppeteer-core is not installed (npm ci in tests/browser)");
}

/* What went wrong is told with what the page said, and shown where the folder $SCREENSHOTS is there. */
async function tellFailure(user, title) {
  const shots = process.env.SCREENSHOTS;
  note(user.takeMessages().join("\n"));
  if (shots && existsSync(shots)) await user.picture(join(shots, `${user.kind}-${title.replace(/\W+/g, "-")}.png`));
}

/*
 * Runs tables(recorder, user) in the browsers of those kinds, one after the other, with a recorder for all of them. prepare(recorder): what
 * the recorder has to go through first.
 */
export async function runSession(kinds, recorder, tables, prepare = async () => {}) {
  const users = kinds.map((kind) => new User(kind, recorder));
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all([prepare(recorder), ...users.map((user) => user.start())]);
    const tests = users.flatMap((user) => tables(recorder, user).map(([title, run]) =>
      [users.length > 1 ? `${title} (${user.kind})` : title, run, (name) => tellFailure(user, name)]));
    failed = await runTests(tests);
  } catch (error) {
    console.log("Bail out! the recorder or a browser does not start");
    note(error.stack);
  } finally {
    for (const user of users) await user.stop();
    await recorder.stop();
  }
  process.exitCode = failed ? 1 : 0;
}
