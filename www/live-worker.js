/* live-worker.js - the shared worker that fetches the live pictures of all tabs, see live-hub.js. */
import { LiveHub } from "./live-hub.js";

const hub = new LiveHub();

globalThis.onconnect = ({ ports: [port] }) => hub.connect(port);
