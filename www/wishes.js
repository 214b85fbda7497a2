/* wishes.js - every button and every key, and what of the page they call. */
import { find, isDisabled } from "./dom.js";
import { showHelp, showTab } from "./panels.js";
import { MINUTE, SECOND } from "./time.js";

/* One speed up or down in the list. */
function shiftSpeed(page, by) {
  const { options, selectedIndex } = find("speed");
  const option = options[Math.min(options.length - 1, Math.max(0, selectedIndex + by))];
  page.setSpeed(Number(option.value));
}

function dropCut(page) {
  page.cut.set(null, true);
  document.activeElement?.blur();
}

const press = (id) => () => !find("cut").hidden && !isDisabled(find(id)) && find(id).click();

export function keyTable(page) {
  return [
    { keys: [" ", "k"], words: "Play or pause", run: () => page.togglePlay() },
    { keys: ["ArrowLeft", "ArrowRight"], words: "10 seconds back, on", run: () => page.skip(-10 * SECOND) },
    { keys: ["ArrowRight"], run: () => page.skip(10 * SECOND) },
    { keys: ["Shift+ArrowLeft", "Shift+ArrowRight"], words: "1 minute back, on", run: () => page.skip(-MINUTE) },
    { keys: ["Shift+ArrowRight"], run: () => page.skip(MINUTE) },
    { keys: [",", "."], words: "One frame back, on", run: () => page.step(-1) },
    { keys: ["."], run: () => page.step(1) },
    { keys: ["ArrowDown", "ArrowUp"], words: "Slower, faster", run: () => shiftSpeed(page, -1) },
    { keys: ["ArrowUp"], run: () => shiftSpeed(page, 1) },
    { keys: ["l"], words: "Back to live", run: () => page.goLive() },
    { keys: ["t"], words: "Go to a time", run: () => find("goto-time").focus() },
    { keys: ["i", "o"], words: "The cut begins, ends here", run: () => page.cut.mark("from", page.moment) },
    { keys: ["o"], run: () => page.cut.mark("to", page.moment) },
    { keys: ["p", "d"], words: "Play the cut, download it", run: press("cut-play") },
    { keys: ["d"], run: press("cut-download") },
    { keys: ["Escape"], words: "Drop the cut", run: () => dropCut(page) },
    { keys: ["+", "-"], words: "Zoom in, out", run: () => page.timeline.zoom(0.6) },
    { keys: ["="], run: () => page.timeline.zoom(0.6) },
    { keys: ["-"], run: () => page.timeline.zoom(1 / 0.6) },
    { keys: ["[", "]"], words: "Move the time line", run: () => page.timeline.pan(page.timeline.scale.width / 4) },
    { keys: ["]"], run: () => page.timeline.pan(-page.timeline.scale.width / 4) },
    { keys: ["0"], words: "The whole archive", run: () => page.zoomTo("all") },
    { keys: ["g"], words: "All cameras", run: () => page.showGrid() },
    { keys: ["?"], words: "This help", run: showHelp },
  ];
}

const BUTTONS = {
  "back-10": (page) => page.skip(-10 * SECOND),
  "on-10": (page) => page.skip(10 * SECOND),
  "frame-back": (page) => page.step(-1),
  "frame-on": (page) => page.step(1),
  "play": (page) => page.togglePlay(),
  "go-live": (page) => page.goLive(),
  "mark-in": (page) => page.cut.mark("from", page.moment),
  "mark-out": (page) => page.cut.mark("to", page.moment),
  "zoom-in": (page) => page.timeline.zoom(0.6),
  "zoom-out": (page) => page.timeline.zoom(1 / 0.6),
  "grid-button": (page) => page.showGrid(),
  "help-button": showHelp,
  "health-button": () => showTab("health", true),
};

export function wireButtons(page) {
  for (const [id, run] of Object.entries(BUTTONS)) find(id).addEventListener("click", () => run(page));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const { zoom } = button.dataset;
    button.addEventListener("click", () => page.zoomTo(zoom === "all" ? zoom : Number(zoom) * SECOND));
  }
  find("speed").addEventListener("change", () => page.setSpeed(Number(find("speed").value)));
  find("camera-choice").addEventListener("change", () => page.chooseCamera(find("camera-choice").value));
  find("picture").addEventListener("click", () => page.togglePlay());
  find("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = find("goto-time");
    if (field.value.trim()) page.goTo(field.value.trim());
    field.blur();
  });
}
