/* list-row.js - rows of the lists of clips and recordings. */
import { element, icon, isDisabled } from "./dom.js";

export function iconButton(name, label, act) {
  const button = element("button", { class: "quiet", type: "button", "aria-label": label, title: label }, icon(name));
  button.addEventListener("click", () => !isDisabled(button) && act(button));
  return button;
}

export function downloadLink(href, file) {
  const properties = { class: "quiet", href, download: file, "aria-label": `Download ${file}`, title: "Download" };
  return element("a", properties, icon("download"));
}

export function row(title, detail, ...buttons) {
  const text = element("div", { class: "row-text" }, title, detail);
  return element("li", {}, text, element("div", { class: "row-buttons" }, ...buttons));
}
