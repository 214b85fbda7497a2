/*
 * setup.js - the set-up of a camera: which device, size, rate and format, and the camera's own settings with the live
 * picture beside them. The recorder writes the choice into its recorder.ini and starts again with it; if it may not
 * write there, the page shows the lines to paste.
 */
import * as api from "./api.js";
import { copyText, element, find, setDisabled, setText, whileBusy } from "./dom.js";
import { controlRow, drawnState } from "./setup-controls.js";
import { deviceChoices, deviceOf, formatChoices, rateChoices, sizeChoices } from "./setup-modes.js";

const REFUSED = 400, UNWRITABLE = 409;
const SAVED = "Saved. The recorder starts again with it, which takes a few seconds.";

function fill(id, choices, chosen) {
  const select = find(id), value = choices.some((one) => one.value === chosen) ? chosen : choices[0].value;
  select.replaceChildren(...choices.map((one) => element("option", { value: one.value }, one.text)));
  select.value = value;
}

/* The section [camera] of recorder.ini with a choice: what somebody pastes. */
export function linesOf({ controls = {}, ...camera }) {
  const lines = (name, values) => {
    const entries = Object.entries(values);
    return entries.length ? [`[${name}]`, ...entries.map(([key, value]) => `${key} = ${value}`)] : [];
  };
  return [...lines("camera", camera), ...lines("controls", controls)].join("\n");
}

export class SetUp {
  #screen;
  #overlay;
  #chosen = null; // what recorder.ini chooses: {file, device, width, height, fps, format, controls}
  #devices = [];
  #drawn = "";
  #changed = {}; // the camera's settings that were changed here

  constructor(screen, overlay) {
    this.#screen = screen;
    this.#overlay = overlay;
    for (const id of ["setup-device", "setup-format", "setup-size"]) {
      find(id).addEventListener("change", () => this.#offer(this.#form));
    }
    find("setup-save").addEventListener("click", () => this.#save(this.#choice));
    find("setup-keep-controls").addEventListener("click", () => this.#save({ controls: this.#changed }));
    find("setup-copy").addEventListener("click", () => this.#copy());
    find("setup").addEventListener("close", () => this.#close());
  }

  get #camera() {
    return this.#screen.cameraName;
  }

  /* Opened by a button that is hidden unless changes are allowed. */
  async open() {
    const dialog = find("setup");
    if (this.#screen.mode !== "live") this.#screen.goLive();
    find("setup-lines").hidden = true;
    setText(find("setup-message"), "");
    this.#changed = {};
    this.#drawn = "";
    dialog.show();
    find("setup-close").focus();
    await this.#load();
  }

  #close() {
    this.#chosen = null;
  }

  async #load() {
    try {
      const [chosen, info] = await Promise.all([api.setup(this.#camera), api.cameraInfo(this.#camera)]);
      this.#chosen = chosen;
      this.#devices = info.devices ?? [];
      setText(find("setup-file"), chosen.file);
      this.#offer({ ...chosen, size: `${chosen.width}x${chosen.height}` });
      this.#drawControls(info);
    } catch (problem) {
      setText(find("setup-message"), problem.message);
    }
  }

  /* To be called with each new status of the camera. */
  follow({ info }) {
    if (!find("setup").open || !info) return;
    this.#devices = info.devices ?? [];
    this.#drawControls(info);
  }

  get #form() {
    const value = (id) => find(`setup-${id}`).value;
    const [width, height] = value("size").split("x").map(Number);
    return { device: value("device"), format: value("format"), width, height, fps: Number(value("rate")) };
  }

  /* What differs from recorder.ini. */
  get #choice() {
    return Object.fromEntries(Object.entries(this.#form).filter(([key, value]) => value !== this.#chosen?.[key]));
  }

  /* Each choice narrows what the next one offers. */
  #offer({ device, format, width, height, fps }) {
    const found = deviceOf(this.#devices, device), size = `${width}x${height}`;
    fill("setup-device", deviceChoices(this.#devices, this.#chosen?.device ?? device), device);
    fill("setup-format", formatChoices(found), format);
    fill("setup-size", sizeChoices(found, find("setup-format").value, size), size);
    fill("setup-rate", rateChoices(found, find("setup-format").value, find("setup-size").value, fps), String(fps));
    find("setup-none").hidden = this.#devices.length > 0;
  }

  /* Those of the camera that is in use; a slider that is being moved stays as it is. */
  #drawControls(info) {
    const controls = info.controls ?? [];
    const state = drawnState(controls);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const rows = controls.map((control) => controlRow(control, (...change) => this.#change(...change))).filter(Boolean);
    find("setup-controls").replaceChildren(...rows);
    find("setup-keep-controls").hidden = rows.length === 0;
    this.#showKeep();
  }

  #showKeep() {
    const none = Object.keys(this.#changed).length === 0;
    setDisabled(find("setup-keep-controls"), none ? "Change a setting first." : null);
  }

  async #change({ name, label }, value) {
    try {
      await api.setControl(this.#camera, name, value);
      this.#changed[name] = value;
      this.#showKeep();
    } catch (problem) {
      const why = problem.status === REFUSED ? "" : ` ${problem.message}`;
      setText(find("setup-message"), `The camera does not take this value of ${label || name}.${why}`);
    }
  }

  async #save(choice) {
    const button = find(choice.controls ? "setup-keep-controls" : "setup-save");
    if (button.getAttribute("aria-disabled") === "true") return;
    find("setup-lines").hidden = true;
    if (Object.keys(choice).length === 0) return setText(find("setup-message"), "Nothing has been changed.");
    try {
      const { restarts } = await whileBusy(button, "Saving", () => api.saveSetup(this.#camera, choice)) ?? {};
      setText(find("setup-message"), restarts ? SAVED : "Saved: the camera gets these settings at every start.");
      if (choice.controls) this.#changed = {};
      else this.#chosen = { ...this.#chosen, ...choice };
      this.#showKeep();
    } catch (problem) {
      if (problem.status === UNWRITABLE) this.#showLines(choice);
      else setText(find("setup-message"), `Nothing was saved. ${this.#whyNot(problem)}`);
    }
    return undefined;
  }

  #whyNot({ status, message }) {
    return status === REFUSED ? `The recorder would not start with this choice; look at ${this.#chosen?.file}.` : message;
  }

  #showLines(choice) {
    setText(find("setup-message"), `The recorder may not write ${this.#chosen?.file ?? "its recorder.ini"}. `
      + "Put these lines there with an editor, in place of those of the same name, and restart the recorder.");
    find("setup-text").value = linesOf(choice);
    find("setup-lines").hidden = false;
  }

  async #copy() {
    const field = find("setup-text");
    if (await copyText(field.value, field)) this.#overlay.notify("The lines are on the clipboard.");
  }
}
