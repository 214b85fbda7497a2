#!/usr/bin/env node
/* test_chromium.mjs - the page with one camera, in Chromium. */
import { main } from "./page_session.mjs";

await main("chrome");
