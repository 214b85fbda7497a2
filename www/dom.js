/*
 * dom.js - finds, makes and changes elements, without markup in strings: what comes from the recorder is only ever
 * text.
 */

export const find = (id) => document.getElementById(id);

/* element("button", {class: "quiet", onclick: f, "aria-label": "Close"}, child, "text", …) */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/* Writes only what differs: each write costs a layout and can make a screen reader speak. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/*
 * Disables a button for the reason `why`, which becomes its title; null enables it. It keeps its place in the tab
 * order.
 */
export function setDisabled(button, why) {
  button.dataset.title ??= button.title;
  button.setAttribute("aria-disabled", why ? "true" : "false");
  button.title = why ?? button.dataset.title;
}

export const isDisabled = (button) => button.getAttribute("aria-disabled") === "true";

/*
 * Shows on a button for how long its work has been running, from half a second on. Resolves or throws as the work does.
 */
export async function whileBusy(button, text, work) {
  const label = button.querySelector("span") ?? button;
  const before = label.textContent, began = performance.now();
  if (button.dataset.busy) return undefined;
  button.dataset.busy = "yes";
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    if (seconds >= 0.5) setText(label, `${text} ${seconds.toFixed(0)} s`);
  }, 250);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    setText(label, before);
    delete button.dataset.busy;
  }
}

/*
 * Copies text to the clipboard. If the browser forbids that (no https, and not this machine), the field `fallback`
 * shows the text, selected, to be copied by hand. Resolves to whether it was copied.
 */
export async function copyText(text, fallback) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    fallback.hidden = false;
    fallback.value = text;
    fallback.focus();
    fallback.select();
    return false;
  }
}
