/*
 * commands.js - every button and every key, and what it does. page: {screen, view, selection, motion, events, overlay,
 * tabs, gaps, calendar, zoom, exports, setup, linkToSelection}
 */
import { copyText, find, isDisabled } from "./dom.js";
import { showHelp } from "./panels.js";
import { leaveFilled, saveStill, toggleFullScreen } from "./picture-tools.js";
import { MINUTE, SECOND } from "./time.js";
import { readTime } from "./time-parse.js";

const ZOOM_FACTOR = 0.6;
const CANNOT_COPY = "This browser does not let the page copy. The text is selected: press Ctrl+C to copy it.";

/* The next speed in the list, up or down. */
function shiftSpeed(screen, by) {
  const { options, selectedIndex } = find("speed");
  const option = options[Math.min(options.length - 1, Math.max(0, selectedIndex + by))];
  screen.chooseSpeed(Number(option.value));
}

function mark({ screen, selection }, end) {
  if (screen.mode !== "grid") selection.mark(end, screen.time);
}

/* Returns whether it was open. */
function closeSetup() {
  const { open } = find("setup");
  find("setup").close();
  return open;
}

/* First the set-up, the whole window and the enlarged picture are left, then the rectangle on the picture. */
function clearSelection({ selection, motion, zoom }) {
  const closed = closeSetup() || leaveFilled() || zoom.reset() || motion.leave();
  if (!closed) selection.clear();
  document.activeElement?.blur();
}

async function copy({ overlay }, text, notice) {
  const copied = await copyText(text, find("copy-text"));
  overlay.notify(copied ? notice : CANNOT_COPY);
}

/* Text that is no time stays in the field, to be corrected; a time that was gone to would soon be the wrong one. */
function goTo({ screen, view, overlay }, field) {
  const text = field.value.trim(), { ms, error } = readTime(text, screen.now());
  if (error) {
    overlay.notify(`"${text}": ${error}`);
    return;
  }
  field.value = "";
  view.timeline.centre(ms);
  screen.showAt(ms);
}

function openCalendar({ screen, calendar }) {
  if (screen.mode !== "grid") calendar.open();
}

/* A disabled button says why in its title, which a finger never sees; a notice says it too. */
function explainDisabled({ overlay }, button) {
  if (button) overlay.notify(button.title);
}

const click = (id) => () => !find("selection").hidden && find(id).click();

/* Until the cameras are known there is nothing to act on; only the help works. */
const guard = (page, run) => (event) => (page.screen.current || run === showHelp ? run(page, event) : undefined);

export function keyTable(page) {
  const { screen, view } = page, { timeline } = view;
  const toggle = () => screen.togglePlay(), zoomIn = () => timeline.zoom(ZOOM_FACTOR);
  const table = [
    { help: "Play or pause", keys: { " ": toggle, k: toggle } },
    { help: "Back, forward 10 seconds",
      keys: { ArrowLeft: () => screen.skip(-10 * SECOND), ArrowRight: () => screen.skip(10 * SECOND) } },
    { help: "Back, forward 1 minute",
      keys: { "Shift+ArrowLeft": () => screen.skip(-MINUTE), "Shift+ArrowRight": () => screen.skip(MINUTE) } },
    { help: "Previous, next frame", keys: { ",": () => screen.step(-1), ".": () => screen.step(1) } },
    { help: "Previous, next event", keys: { b: () => page.events.step(-1), n: () => page.events.step(1) } },
    { help: "Previous, next gap", keys: { z: () => page.gaps.step(-1), x: () => page.gaps.step(1) } },
    { help: "Slower, faster", keys: { ArrowDown: () => shiftSpeed(screen, -1), ArrowUp: () => shiftSpeed(screen, 1) } },
    { help: "Go to live", keys: { l: () => screen.goLive() } },
    { help: "Go to a time", keys: { t: () => find("goto-time").focus() } },
    { help: "Choose a day", keys: { c: () => openCalendar(page) } },
    { help: "Start, end the selection here", keys: { i: () => mark(page, "from"), o: () => mark(page, "to") } },
    { help: "Play, download the selection", keys: { p: click("selection-play"), d: click("selection-download") } },
    { help: "Enlarge the picture, or less", keys: { e: () => page.zoom.step(true), q: () => page.zoom.step(false) } },
    { help: "Full screen", keys: { f: toggleFullScreen } },
    { help: "Save this picture", keys: { s: () => saveStill(page) } },
    { help: "Show the whole picture, leave the part of it, clear the selection",
      keys: { Escape: () => clearSelection(page) } },
    { help: "Look here: only what moves in a part of the picture", keys: { h: () => page.motion.lookByKey() } },
    { help: "Play only what moved", keys: { m: () => page.motion.toggleOnly() } },
    { help: "Zoom in, out", keys: { "+": zoomIn, "-": () => timeline.zoom(1 / ZOOM_FACTOR) } },
    { keys: { "=": zoomIn } },
    { help: "Move the timeline",
      keys: { "[": () => timeline.pan(timeline.scale.width / 4), "]": () => timeline.pan(-timeline.scale.width / 4) } },
    { help: "Show the whole archive", keys: { 0: () => view.zoomTo("all") } },
    { help: "All cameras", keys: { g: () => screen.chooseGrid() } },
    { help: "This help", keys: { "?": showHelp } },
  ];
  const guarded = (keys) => Object.fromEntries(Object.entries(keys).map(([key, run]) => [key, guard(page, run)]));
  return table.map(({ help, keys }) => ({ help, keys: guarded(keys) }));
}

const BUTTONS = {
  "back-10": ({ screen }) => screen.skip(-10 * SECOND),
  "forward-10": ({ screen }) => screen.skip(10 * SECOND),
  "event-back": ({ events }) => events.step(-1),
  "event-forward": ({ events }) => events.step(1),
  "last-night": ({ events }) => events.showLastNight(),
  "alerts-button": ({ events }) => events.openAlerts(),
  "zoom-reset": ({ zoom }) => zoom.reset(),
  "full-screen": toggleFullScreen,
  "save-still": saveStill,
  "frame-back": ({ screen }) => screen.step(-1),
  "frame-forward": ({ screen }) => screen.step(1),
  "play": ({ screen }) => screen.togglePlay(),
  "go-live": ({ screen }) => screen.goLive(),
  "mark-start": (page) => mark(page, "from"),
  "mark-end": (page) => mark(page, "to"),
  "zoom-in": ({ view }) => view.timeline.zoom(ZOOM_FACTOR),
  "zoom-out": ({ view }) => view.timeline.zoom(1 / ZOOM_FACTOR),
  "look-here": ({ motion }, event) => motion.press("look", event.detail === 0),
  "not-here": ({ motion }, event) => motion.press("exclude", event.detail === 0),
  "strength-faint": ({ motion }) => motion.setStrength("faint"),
  "strength-clear": ({ motion }) => motion.setStrength("clear"),
  "strength-strong": ({ motion }) => motion.setStrength("strong"),
  "heat-button": ({ motion }) => motion.showHeat(),
  "only-motion": ({ motion }) => motion.toggleOnly(),
  "selection-only": ({ motion }) => motion.toggleOnly(),
  "excluded-copy": ({ motion }) => motion.copyExcluded(),
  "selection-play": ({ screen, selection }) => screen.playRange(selection.range),
  "selection-keep": ({ selection }) => selection.keep(),
  "selection-link": (page) => copy(page, page.linkToSelection, "The link is on the clipboard."),
  "selection-curl": (page) => copy(page, page.selection.curl, "The curl command is on the clipboard."),
  "selection-clear": ({ selection }) => selection.clear(),
  "setup-button": ({ setup }) => setup.open(),
  "setup-close": closeSetup,
  "grid-button": ({ screen }) => screen.chooseGrid(),
  "gaps-button": ({ gaps }) => gaps.open(),
  "calendar-button": (page) => openCalendar(page),
  "health-button": ({ tabs }) => tabs.show("health", true),
  "help-button": showHelp,
};

export function wireButtons(page) {
  const { screen, view } = page;
  for (const [id, run] of Object.entries(BUTTONS)) {
    const button = find(id), act = guard(page, run);
    button.addEventListener("click", (event) => !isDisabled(button) && act(event));
  }
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const length = button.dataset.zoom === "all" ? "all" : Number(button.dataset.zoom) * SECOND;
    button.addEventListener("click", guard(page, () => view.zoomTo(length)));
  }
  const download = find("selection-download");
  download.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
    event.preventDefault();
    if (!isDisabled(download)) page.exports.start(page.selection.wanted);
  });
  find("speed").addEventListener("change", guard(page, () => screen.chooseSpeed(Number(find("speed").value))));
  find("camera-choice").addEventListener("change", () => screen.chooseCamera(find("camera-choice").value));
  find("picture").addEventListener("click", guard(page, () => screen.togglePlay()));
  document.addEventListener("click", ({ target }) => explainDisabled(page, target.closest("[aria-disabled=true]")));
  find("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = find("goto-time");
    if (field.value.trim()) guard(page, () => goTo(page, field))();
    field.blur();
  });
}
