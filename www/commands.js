/* commands.js - every button and every key, and what they do. page: {screen, view, cut, stage} */
import { find, isDisabled } from "./dom.js";
import { showHelp, showTab } from "./panels.js";
import { parseTime, MINUTE, SECOND } from "./time.js";

const CLOSER = 0.6; // one zoom in: of the time that is shown

/* One speed up or down in the list. */
function shiftSpeed(screen, by) {
  const { options, selectedIndex } = find("speed");
  const option = options[Math.min(options.length - 1, Math.max(0, selectedIndex + by))];
  screen.chooseSpeed(Number(option.value));
}

function markCut({ screen, cut }, end) {
  if (screen.mode !== "grid") cut.mark(end, screen.moment);
}

function dropCut(cut) {
  cut.set(null, true);
  document.activeElement?.blur();
}

/* The reason stands in the title, too; but a finger sees no title. */
function sayWhyNot({ stage }, button) {
  if (button) stage.tell(button.title);
}

const press = (id) => () => !find("cut").hidden && !isDisabled(find(id)) && find(id).click();

/* Where a name of the time is typed. */
function goTo({ screen, view, stage }, text) {
  const ms = parseTime(text, screen.now());
  if (Number.isNaN(ms)) {
    stage.tell(`"${text}" is not a time. Right are 10:23:05, 2026-05-17 10:23:00 and -90s.`);
    return;
  }
  view.timeline.centre(ms);
  screen.showAt(ms);
}

/* Before a camera is known there is none to do anything with; the help is there at once. */
const act = (page, run) => (page.screen.open || run === showHelp ? run(page) : undefined);

export function keyTable(page) {
  const { screen, view, cut } = page, { timeline } = view;
  const table = [
    { keys: [" ", "k"], words: "Play or pause", run: () => screen.togglePlay() },
    { keys: ["ArrowLeft", "ArrowRight"], words: "10 seconds back, on", run: () => screen.skip(-10 * SECOND) },
    { keys: ["ArrowRight"], run: () => screen.skip(10 * SECOND) },
    { keys: ["Shift+ArrowLeft", "Shift+ArrowRight"], words: "1 minute back, on", run: () => screen.skip(-MINUTE) },
    { keys: ["Shift+ArrowRight"], run: () => screen.skip(MINUTE) },
    { keys: [",", "."], words: "One frame back, on", run: () => screen.step(-1) },
    { keys: ["."], run: () => screen.step(1) },
    { keys: ["ArrowDown", "ArrowUp"], words: "Slower, faster", run: () => shiftSpeed(screen, -1) },
    { keys: ["ArrowUp"], run: () => shiftSpeed(screen, 1) },
    { keys: ["l"], words: "Back to live", run: () => screen.goLive() },
    { keys: ["t"], words: "Go to a time", run: () => find("goto-time").focus() },
    { keys: ["i", "o"], words: "The cut begins, ends here", run: () => markCut(page, "from") },
    { keys: ["o"], run: () => markCut(page, "to") },
    { keys: ["p", "d"], words: "Play the cut, download it", run: press("cut-play") },
    { keys: ["d"], run: press("cut-download") },
    { keys: ["Escape"], words: "Drop the cut", run: () => dropCut(cut) },
    { keys: ["+", "-"], words: "Zoom in, out", run: () => timeline.zoom(CLOSER) },
    { keys: ["="], run: () => timeline.zoom(CLOSER) },
    { keys: ["-"], run: () => timeline.zoom(1 / CLOSER) },
    { keys: ["[", "]"], words: "Move the time line", run: () => timeline.pan(timeline.scale.width / 4) },
    { keys: ["]"], run: () => timeline.pan(-timeline.scale.width / 4) },
    { keys: ["0"], words: "The whole archive", run: () => view.zoomTo("all") },
    { keys: ["g"], words: "All cameras", run: () => screen.chooseGrid() },
    { keys: ["?"], words: "This help", run: showHelp },
  ];
  return table.map(({ run, ...row }) => ({ ...row, run: () => act(page, run) }));
}

const BUTTONS = {
  "back-10": ({ screen }) => screen.skip(-10 * SECOND),
  "on-10": ({ screen }) => screen.skip(10 * SECOND),
  "frame-back": ({ screen }) => screen.step(-1),
  "frame-on": ({ screen }) => screen.step(1),
  "play": ({ screen }) => screen.togglePlay(),
  "go-live": ({ screen }) => screen.goLive(),
  "mark-in": (page) => markCut(page, "from"),
  "mark-out": (page) => markCut(page, "to"),
  "zoom-in": ({ view }) => view.timeline.zoom(CLOSER),
  "zoom-out": ({ view }) => view.timeline.zoom(1 / CLOSER),
  "grid-button": ({ screen }) => screen.chooseGrid(),
  "help-button": showHelp,
  "health-button": () => showTab("health", true),
};

export function wireButtons(page) {
  const { screen, view } = page;
  for (const [id, run] of Object.entries(BUTTONS)) find(id).addEventListener("click", () => act(page, run));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const { zoom } = button.dataset;
    button.addEventListener("click", () => act(page, () => view.zoomTo(zoom === "all" ? zoom : Number(zoom) * SECOND)));
  }
  find("speed").addEventListener("change", () => act(page, () => screen.chooseSpeed(Number(find("speed").value))));
  find("camera-choice").addEventListener("change", () => screen.chooseCamera(find("camera-choice").value));
  find("picture").addEventListener("click", () => act(page, () => screen.togglePlay()));
  document.addEventListener("click", ({ target }) => sayWhyNot(page, target.closest("[aria-disabled=true]")));
  find("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = find("goto-time");
    if (field.value.trim()) act(page, () => goTo(page, field.value.trim()));
    field.blur();
  });
}
