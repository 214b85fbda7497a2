/* tap.mjs - runs the tests of a table one after the other and prints TAP. */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(condition, words) {
  if (!condition) throw new Error(words);
}

/* Polls until `look` gives something true, and returns that. The limit is far beyond what a busy machine takes. */
export async function waitFor(look, words, limit = 60000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${limit / 1000} s: ${words}`);
    await sleep(30);
  }
}

export const note = (text) => console.log(text.replace(/^/gm, "# "));

async function failure(title, run, onFailure) {
  try {
    await run();
    return false;
  } catch (error) {
    note(error.stack);
    await onFailure(title).catch((worse) => note(worse.stack));
    return true;
  }
}

/* tests: [[title, async function, optional async function(title) after a failure]]. Resolves to the number of failures. */
export async function runTests(tests) {
  let failed = 0;
  console.log(`1..${tests.length}`);
  for (const [number, [title, run, onFailure = async () => {}]] of tests.entries()) {
    const wrong = await failure(title, run, onFailure);
    console.log(`${wrong ? "not ok" : "ok"} ${number + 1} - ${title}`);
    failed += wrong;
  }
  return failed;
}
