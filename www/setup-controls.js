/* setup-controls.js - the camera's own settings (brightness, exposure), one row each, that act at once. */
import { element } from "./dom.js";

const AFTER_MS = 150; // a slider that is being moved sends its value so often

const title = ({ label, name }) => label || name;

function slider(control, change) {
  const { min, max, step, value, name } = control;
  const range = element("input", { type: "range", min, max, step: step || 1, id: `control-${name}` });
  const shown = element("output", {}, String(value ?? "?"));
  let timer = 0;
  range.value = value ?? control.default;
  range.addEventListener("input", () => {
    shown.textContent = range.value;
    clearTimeout(timer);
    timer = setTimeout(() => change(control, range.value), AFTER_MS);
  });
  return [range, shown];
}

function checkbox(control, change) {
  const box = element("input", { type: "checkbox", id: `control-${control.name}` });
  box.checked = Boolean(control.value);
  box.addEventListener("change", () => change(control, box.checked ? "1" : "0"));
  return [box];
}

function menu(control, change) {
  const options = control.menu.map(({ value, name }) => element("option", { value }, String(name)));
  const select = element("select", { id: `control-${control.name}` }, ...options);
  select.value = String(control.value);
  select.addEventListener("change", () => change(control, select.value));
  return [select];
}

const MAKERS = { integer: slider, boolean: checkbox, menu };

/* A row of the list: [label, field]. Controls of other types and those that cannot be set have none. */
export function controlRow(control, change) {
  const make = MAKERS[control.type];
  if (!make || control.read_only || (control.type === "menu" && !control.menu?.length)) return null;
  const fields = make(control, change);
  for (const field of fields) if (control.inactive && "disabled" in field) field.disabled = true;
  const why = control.inactive ? "Another setting is on automatic, and decides this one." : null;
  const label = element("label", { for: `control-${control.name}`, title: why }, title(control));
  return element("div", { class: "control-row" }, label, ...fields);
}

/* Which controls can be set at the moment: if that changes, the list is drawn again. */
export const drawnState = (controls) =>
  controls.map(({ name, inactive, read_only: fixed }) => `${name} ${inactive} ${fixed}`).join();
