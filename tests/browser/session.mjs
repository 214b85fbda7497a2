/* session.mjs - a recorder and one or more browsers for a table of tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { note, runTests } from "./tap.mjs";
import { PROGRAMS, User } from "./user.mjs";

/* Why tests in that kind of browser cannot run here, or null. */
export async function missing(kind) {
  if (!existsSync(PROGRAMS[kind])) return `${PROGRAMS[kind]} is not installed`;
  return import("puppeteer-core").then(() => null, () => "puppeteer-core is not installed (make deps)");
}

/* Prints what the page wrote to the console and, if the folder $SCREENSHOTS exists, saves a screenshot there. */
async function reportFailure(user, title) {
  const folder = process.env.SCREENSHOTS;
  note(user.takeMessages().join("\n"));
  const name = `${user.kind}-${title.replace(/\W+/g, "-")}.png`;
  if (folder && existsSync(folder)) await user.screenshot(join(folder, name));
}

/*
 * Runs table(recorder, user) in the browsers of those kinds, one after the other, with one recorder for all of them.
 * prepare(recorder) makes the archive that the tests need.
 */
export async function runSession(kinds, recorder, table, prepare = async () => {}) {
  const users = kinds.map((kind) => new User(kind, recorder));
  /* A browser whose tests are done is closed: Chromium freezes a page that was left, and its connections stay open. */
  const alone = (user, run) => async () => {
    for (const earlier of users.slice(0, users.indexOf(user))) await earlier.stop();
    await run();
  };
  let failed = 1;
  try {
    await recorder.start();
    await Promise.all([prepare(recorder), ...users.map((user) => user.start())]);
    const tests = users.flatMap((user) => table(recorder, user).map(([title, run]) =>
      [users.length > 1 ? `${title} (${user.kind})` : title, alone(user, run), (name) => reportFailure(user, name)]));
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
