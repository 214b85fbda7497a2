/* tap.mjs - runs the tests of a table one after the other and prints TAP. */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(condition, words) {
  if (!condition) throw new Error(words);
}

/* Polls until `look` gives something true, and returns that. */
export async function waitFor(look, words, limit = 10000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${limit / 1000} s: ${words}`);
    await sleep(30);
  }
}

export const note = (text) => console.log(text.replace(/^/gm, "# "));

const TRIES = 3; // a browser on a shared machine is late now and then; what is broken is so each time

async function tryOnce(run) {
  try {
    await run();
    return null;
  } catch (error) {
    return error;
  }
}

/*
 * tests: [[title, async function, {kind: why}]]; the last names what is known to fail in that kind of browser, TAP's TODO. Resolves to
 * the number of failures.
 */
export async function runTests(tests, kind, onFailure) {
  let failed = 0;
  console.log(`1..${tests.length}`);
  for (const [number, [title, run, known = {}]] of tests.entries()) {
    const line = `${number + 1} - ${title}${known[kind] ? ` # TODO ${known[kind]}` : ""}`;
    let error = null;
    for (let tries = 0; tries < (known[kind] ? 1 : TRIES); tries++) {
      error = await tryOnce(run);
      if (!error) break;
      note(error.stack);
      await onFailure(title).catch((worse) => note(worse.stack));
    }
    console.log(`${error ? "not ok" : "ok"} ${line}`);
    if (error && !known[kind]) failed++;
  }
  return failed;
}
