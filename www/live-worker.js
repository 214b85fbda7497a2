/* live-worker.js - the shared worker that fetches the live pictures of all tabs, see live-hub.js. */
import { LiveHub } from "./live-hub.js";

const FORGET_MS = 2000;

const hub = new LiveHub();
setInterval(() => hub.forgetClosedTabs(), FORGET_MS);

globalThis.onconnect = ({ ports: [port] }) => hub.connect(port);
