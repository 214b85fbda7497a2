/* panels.js - tabs (WAI-ARIA's pattern: arrows move, one of them is in the tab order) and dialogs. */
import { find, setText } from "./dom.js";
import { keysHelp } from "./keys.js";
import { offsetAt, MINUTE } from "./time.js";

const TABS = ["clips", "recordings", "health"];
let changed = () => {};

export function showTab(name, intoView = false) {
  for (const tab of TABS) {
    const button = find(`tab-${tab}`), chosen = tab === name;
    button.setAttribute("aria-selected", chosen);
    button.tabIndex = chosen ? 0 : -1;
    find(tab).hidden = !chosen;
  }
  changed();
  if (intoView) find("side").scrollIntoView({ block: "nearest" });
}

export function setUpTabs(whenChanged) {
  changed = whenChanged;
  TABS.forEach((tab, number) => {
    find(`tab-${tab}`).addEventListener("click", () => showTab(tab));
    find(`tab-${tab}`).addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      const next = TABS[(number + by + TABS.length) % TABS.length];
      showTab(next);
      find(`tab-${next}`).focus();
    });
  });
}

function zoneWords() {
  const minutes = offsetAt(Date.now()) / MINUTE, hours = Math.abs(minutes) / 60;
  return `, UTC${minutes < 0 ? "−" : "+"}${hours}`;
}

export function setUpDialogs(keys) {
  find("help-keys").replaceChildren(...keysHelp(keys));
  setText(find("zone"), zoneWords());
  const video = find("cinema-video"), words = find("cinema-words");
  find("cinema").addEventListener("close", () => {
    video.removeAttribute("src");
    video.load();
  });
  video.addEventListener("error", () => {
    words.hidden = !video.hasAttribute("src");
    setText(words, "This browser cannot play the clip. It can still be downloaded.");
  });
}

export const showHelp = () => find("help").showModal();

/* A kept clip, in a player of the browser's own. */
export function openCinema(title, url) {
  setText(find("cinema-title"), title);
  find("cinema-words").hidden = true;
  find("cinema-video").src = url;
  find("cinema").showModal();
  find("cinema-video").play().catch(() => {});
}

/* Resolves true where the question was answered with `word`. */
export function ask(question, word) {
  const dialog = find("ask");
  setText(find("ask-words"), question);
  setText(find("ask-yes"), word);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
