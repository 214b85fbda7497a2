#!/usr/bin/env node
import { main } from "./page_tests.mjs";

await main("chrome");
