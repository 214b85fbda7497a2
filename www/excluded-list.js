/* excluded-list.js - the parts of the picture that do not count, as a list: to rename, lift, apply again and remove. */
import { element, find, icon, setText } from "./dom.js";
import { cleanName } from "./excluded-areas.js";
import { countText } from "./motion-counts.js";
import { question } from "./motion-question.js";

/* "hides 214 of 260 events" */
export function hidesText(counts, strength) {
  if (!counts?.all) return "";
  const { all, [strength]: rest } = counts;
  if (all.more || rest.more) return `leaves ${countText(rest)} of ${countText(all)} events`;
  return `hides ${all.count - rest.count} of ${all.count} events`;
}

const replace = (at, ...other) => question.set({ excluded: question.excluded.toSpliced(at, 1, ...other) });

export class ExcludedList {
  #drawn = "";

  constructor() {
    question.addEventListener("change", ({ changed }) => changed.includes("excluded") && this.#draw());
  }

  showCounts(counts) {
    setText(find("hides"), question.applied.length ? hidesText(counts, question.strength) : "");
  }

  /* Not while only the rectangles move: a field that somebody types into stays. */
  #draw() {
    const { excluded, applied } = question;
    find("excluded").hidden = excluded.length === 0;
    find("excluded-copy").hidden = applied.length === 0;
    const drawn = JSON.stringify(excluded.map(({ name, lifted }) => [name, lifted]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    find("excluded-list").replaceChildren(...excluded.map((one, at) => this.#row(one, at)));
  }

  #row({ name, lifted }, at) {
    const rename = ({ target }) => {
      const text = cleanName(target.value);
      if (text) replace(at, { ...question.excluded[at], name: text });
      else target.value = question.excluded[at].name;
    };
    const lift = () => {
      replace(at, { ...question.excluded[at], lifted: !lifted });
      find("excluded-list").children[at].querySelector("button").focus();
    };
    return element("li", { class: lifted ? "lifted" : "" },
      element("input", { type: "text", value: name, maxlength: 40, size: Math.max(8, name.length + 1), onchange: rename,
        "aria-label": "Name of a part that does not count", autocomplete: "off", spellcheck: "false" }),
      element("button", { type: "button", onclick: lift,
        title: lifted ? "Does not count again" : "Counts again, until you press this once more" },
      lifted ? "Hide again" : "Show"),
      element("button", { class: "quiet", type: "button", "aria-label": `Remove ${name}`, title: "Remove",
        onclick: () => replace(at) }, icon("close")));
  }
}
