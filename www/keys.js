/* keys.js - the keyboard: one table that both acts and makes the help. */
import { element } from "./dom.js";

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

const partName = (part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part);
const keyName = (key) => key.split("+").filter(Boolean).map(partName).join(" ") || "+";

function keyOf({ key, shiftKey }) {
  if (shiftKey && key.startsWith("Arrow")) return `Shift+${key}`;
  return key.length === 1 ? key.toLowerCase() : key;
}

/* Whether the browser or an element has a use of its own for that key: typing into a field, pressing a button. */
function isTaken(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog:modal")) return true;
  if (target.matches("input, select, textarea, video[controls]")) return event.key !== "Escape";
  if (target.matches("[role=tab]") && event.key.startsWith("Arrow")) return true;
  return target.matches("button, a[href], summary") && (event.key === " " || event.key === "Enter");
}

/*
 * table: [{keys: {" ": run, k: run}, help: "Play or pause"}]. A row without `help` acts, and is left out of the help.
 */
export function listenKeys(table) {
  const actions = new Map(table.flatMap(({ keys }) => Object.entries(keys)));
  document.addEventListener("keydown", (event) => {
    const run = isTaken(event) ? null : actions.get(keyOf(event));
    if (!run) return;
    event.preventDefault();
    run();
  });
}

export function keysHelp(table) {
  const names = (keys) => Object.keys(keys).flatMap((key) => [" ", element("kbd", {}, keyName(key))]).slice(1);
  return table.filter(({ help }) => help)
    .flatMap(({ keys, help }) => [element("dt", {}, ...names(keys)), element("dd", {}, help)]);
}
