#!/usr/bin/env node
/* test_cameras.mjs - the page with several cameras, a night in which something moves, and motion on the picture. */
import { cameraTests } from "./camera_tests.mjs";
import { eventTests } from "./event_tests.mjs";
import { Recorder } from "./recorder.mjs";
import { motionTests } from "./motion_tests.mjs";
import { missing, runSession } from "./session.mjs";

const CAMERAS = 7;

const allTests = (...both) => [...eventTests(...both), ...motionTests(...both), ...cameraTests(...both)];

const kinds = [];
for (const kind of ["chrome", "firefox"]) if (!await missing(kind)) kinds.push(kind);
if (kinds.length) await runSession(kinds, new Recorder(CAMERAS), allTests);
else console.log(`1..0 # SKIP ${await missing("chrome")}`);
