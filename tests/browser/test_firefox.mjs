#!/usr/bin/env node
import { main } from "./page_session.mjs";

await main("firefox");
