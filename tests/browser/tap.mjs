/* tap.mjs - runs the tests of a table one after the other and prints TAP. */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(condition, words) {
  if (!condition) throw new Error(words);
}

/*
 * Polls until `look` gives something true, and returns that. The limit is far beyond what a busy machine takes, and is no reason to give up
 * before having looked once more: this process may have stood still. words: what is waited for, or a function that says it afterwards.
 */
export async function waitFor(look, words, limit = 60000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const late = Date.now() > deadline, seen = await look();
    if (seen) return seen;
    if (late) throw new Error(`not within ${limit / 1000} s: ${typeof words === "function" ? words() : words}`);
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

/* The tests that the program's arguments name, each by its number or by a part of its title; all of them where there is no argument. */
function chosen(tests, words = process.argv.slice(2)) {
  const named = (number, title, word) => (/^\d+$/.test(word) ? Number(word) === number : title.includes(word));
  return tests.filter(([title], at) => !words.length || words.some((word) => named(at + 1, title, word)));
}

/* all: [[title, async function, optional async function(title) after a failure]]. Resolves to the number of failures. */
export async function runTests(all) {
  const tests = chosen(all);
  let failed = tests.length ? 0 : 1;
  console.log(`1..${tests.length}`);
  for (const [number, [title, run, onFailure = async () => {}]] of tests.entries()) {
    const wrong = await failure(title, run, onFailure);
    console.log(`${wrong ? "not ok" : "ok"} ${number + 1} - ${title}`);
    failed += wrong;
  }
  return failed;
}
