/* tap.mjs - runs a table of tests one after the other and prints TAP. */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

/*
 * Polls until `look` returns something true, and resolves to that. The limit is far beyond what a busy machine takes.
 * It gives up only after one more look, because this process itself may have been kept from running. what: what is
 * waited for, or a function that says it afterwards.
 */
export async function waitFor(look, what, limit = 60000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const late = Date.now() > deadline, seen = await look();
    if (seen) return seen;
    if (late) throw new Error(`not within ${limit / 1000} s: ${typeof what === "function" ? what() : what}`);
    await sleep(30);
  }
}

export const note = (text) => console.log(text.replace(/^/gm, "# "));

async function fails(title, run, onFailure) {
  try {
    await run();
    return false;
  } catch (error) {
    note(error.stack);
    await onFailure(title).catch((another) => note(another.stack));
    return true;
  }
}

/* The tests that the program's arguments name, each by its number or by a part of its title; all if there is none. */
function chosen(tests, names = process.argv.slice(2)) {
  const matches = (number, title, name) => (/^\d+$/.test(name) ? Number(name) === number : title.includes(name));
  return tests.filter(([title], at) => !names.length || names.some((name) => matches(at + 1, title, name)));
}

/*
 * all: [[title, async function, optional async function(title) after a failure]]. Resolves to the number of failures.
 */
export async function runTests(all) {
  const tests = chosen(all);
  let failed = tests.length ? 0 : 1;
  console.log(`1..${tests.length}`);
  for (const [number, [title, run, onFailure = async () => {}]] of tests.entries()) {
    const failure = await fails(title, run, onFailure);
    console.log(`${failure ? "not ok" : "ok"} ${number + 1} - ${title}`);
    failed += failure;
  }
  return failed;
}
