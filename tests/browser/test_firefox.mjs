#!/usr/bin/env node
/* test_firefox.mjs - the page with one camera, in Firefox. */
import { main } from "./page_session.mjs";

await main("firefox");
