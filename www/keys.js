/* keys.js - the keyboard: one table that both acts and makes the help. */
import { element } from "./dom.js";

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

const nameOf = (key) => key.split("+").filter(Boolean).map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ") || "+";

function keyOf(event) {
  const shifted = event.shiftKey && event.key.startsWith("Arrow");
  return shifted ? `Shift+${event.key}` : event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/* What is typed into a field, or presses a button, is not ours. */
function isTaken(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return true;
  if (target.matches("input, select, textarea, video[controls]")) return event.key !== "Escape";
  if (target.matches("[role=tab]") && event.key.startsWith("Arrow")) return true;
  return target.matches("button, a[href], summary") && (event.key === " " || event.key === "Enter");
}

/* table: [{keys: [" ", "k"], words: "Play or pause", run: f}] */
export function listenKeys(table) {
  const actions = new Map(table.flatMap(({ keys, run }) => keys.map((key) => [key, run])));
  document.addEventListener("keydown", (event) => {
    const run = isTaken(event) ? null : actions.get(keyOf(event));
    if (!run) return;
    event.preventDefault();
    run();
  });
}

export function keysHelp(table) {
  return table.filter(({ words }) => words).flatMap(({ keys, words }) => [
    element("dt", {}, ...keys.flatMap((key, number) => [number ? " " : "", element("kbd", {}, nameOf(key))])),
    element("dd", {}, words),
  ]);
}
