/* page_session.mjs - the tests of the page with one camera, in one kind of browser. */
import { accessTests } from "./access_tests.mjs";
import { pageTests } from "./page_tests.mjs";
import { Recorder } from "./recorder.mjs";
import { missing, runSession } from "./session.mjs";
import { troubleTests } from "./trouble_tests.mjs";

/* A gap of some seconds, then more than one segment. */
async function makeArchive(recorder) {
  await recorder.taken(12500);
  await recorder.onDisk(await recorder.taken(5000, await recorder.makeGap(2500)));
}

export async function main(kind) {
  const why = await missing(kind);
  if (why) console.log(`1..0 # SKIP ${why}`);
  else await runSession([kind], new Recorder(), (...them) => [...pageTests(...them), ...accessTests(...them), ...troubleTests(...them)], makeArchive);
}
