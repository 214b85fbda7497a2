/* page_session.mjs - the tests of the page with one camera, in one kind of browser. */
import { accessTests } from "./access_tests.mjs";
import { linkTests } from "./link_tests.mjs";
import { liveTests } from "./live_tests.mjs";
import { ownerTests } from "./owner_tests.mjs";
import { pageTests } from "./page_tests.mjs";
import { Recorder } from "./recorder.mjs";
import { missing, runSession } from "./session.mjs";
import { troubleTests } from "./trouble_tests.mjs";

/* Some seconds of footage, a gap, and footage that continues in another segment. */
async function makeArchive(recorder) {
  await recorder.waitTaken(12500);
  await recorder.waitOnDisk(await recorder.waitTaken(5000, await recorder.makeGap(2500)));
}

const TABLES = [pageTests, linkTests, ownerTests, liveTests, accessTests, troubleTests];

const allTests = (...both) => TABLES.flatMap((table) => table(...both));

export async function main(kind) {
  const why = await missing(kind);
  if (why) console.log(`1..0 # SKIP ${why}`);
  else await runSession([kind], new Recorder(), allTests, makeArchive);
}
