/* panels.js - tabs (the WAI-ARIA pattern: arrow keys move, one tab is in the tab order) and dialogs. */
import { find, setText } from "./dom.js";
import { emit } from "./events.js";
import { keysHelp } from "./keys.js";
import { formatZone, offsetAt } from "./time.js";

const TABS = ["events", "clips", "recordings", "health"];

/* Event: "change" when another tab is shown. */
export class Tabs extends EventTarget {
  constructor() {
    super();
    for (const name of TABS) {
      find(`tab-${name}`).addEventListener("click", () => this.show(name));
      find(`tab-${name}`).addEventListener("keydown", (event) => this.#move(name, event));
    }
  }

  show(name, scroll = false) {
    for (const tab of TABS) {
      const button = find(`tab-${tab}`), chosen = tab === name;
      button.setAttribute("aria-selected", chosen);
      button.tabIndex = chosen ? 0 : -1;
      find(tab).hidden = !chosen;
    }
    emit(this, "change");
    if (scroll) find("side").scrollIntoView({ block: "nearest" });
  }

  #move(name, { key }) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!by) return;
    const next = TABS[(TABS.indexOf(name) + by + TABS.length) % TABS.length];
    this.show(next);
    find(`tab-${next}`).focus();
  }
}

export function setUpDialogs(keys) {
  find("help-keys").replaceChildren(...keysHelp(keys));
  setText(find("zone"), `, ${formatZone(offsetAt(Date.now()))}`);
  find("ask-no").addEventListener("click", () => find("ask").close("no"));
  const video = find("clip-video"), message = find("clip-message");
  find("clip-dialog").addEventListener("close", () => {
    video.removeAttribute("src");
    video.load();
  });
  video.addEventListener("error", () => {
    message.hidden = !video.hasAttribute("src");
    setText(message, "This browser cannot play the clip. You can still download it.");
  });
}

/* Its only control, which gets the focus, is at its end: the help begins at its beginning. */
export function showHelp() {
  find("help").showModal();
  find("help").scrollTop = 0;
}

/* Plays a kept clip, with the browser's own controls. */
export function openClip(title, url) {
  setText(find("clip-title"), title);
  find("clip-message").hidden = true;
  find("clip-video").src = url;
  find("clip-dialog").showModal();
  find("clip-video").play().catch(() => {});
}

/* Resolves to true if the answer is `yes`, which is the text of that button, and to false if it is Cancel. */
export function askToConfirm(question, yes) {
  const dialog = find("confirm");
  setText(find("confirm-question"), question);
  setText(find("confirm-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/* Resolves to the text that was entered, or to null if the answer is Cancel. `yes` is the text of the other button. */
export function askForText(label, text, yes) {
  const dialog = find("ask"), field = find("ask-text");
  setText(find("ask-label"), label);
  setText(find("ask-yes"), yes);
  field.value = text;
  dialog.returnValue = "no";
  dialog.showModal();
  field.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? field.value : null), { once: true });
  });
}
