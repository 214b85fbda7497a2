/* access_tests.mjs - for everybody: by keyboard, to screen readers, in dark and light, and with nothing fetched from elsewhere. */
import { check, note, waitFor } from "./tap.mjs";

const CONTRAST = 4.5, LARGE_CONTRAST = 3; // WCAG 2.2, 1.4.3 (AA)
const POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"];

/* Runs in the page: what can be worked with and has no name. */
function nameless() {
  const nameOf = (node) => [node.getAttribute("aria-label"), node.getAttribute("title"), node.textContent, node.getAttribute("placeholder"),
    ...[...node.labels ?? []].map((label) => label.textContent),
    ...(node.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent)]
    .some((text) => text?.trim());
  const all = document.querySelectorAll("button, a[href], input, select, textarea, video[controls], [tabindex], [role], section, aside, dialog");
  const pictures = [...document.querySelectorAll("img")].filter((node) => !node.hasAttribute("alt"));
  return [...all].filter((node) => !/^(tablist|status)$/.test(node.getAttribute("role")) && !node.closest("dialog:not([open])") && !nameOf(node)).concat(pictures)
    .map((node) => node.id || node.outerHTML.slice(0, 80));
}

/* Runs in the page: dark or light, whatever the system has. */
function chooseScheme(light) {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  for (const rule of rules) {
    if (/-color-scheme|not all|^all$/.test(rule.media?.mediaText)) rule.media.mediaText = light ? "all" : "not all";
  }
}

/* Runs in the page: {worst, faint: [words]} of all texts that are seen; what lies over a picture is held against a white one. */
function contrasts([wanted, wantedLarge]) {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (top, below) => top.rgb.map((value, i) => value * top.a + below[i] * (1 - top.a));
  const luminance = (rgb) => rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (node) => {
    if (!node || node.id === "picture" || node.id === "screen" || node.classList.contains("tile")) return [255, 255, 255];
    const own = parse(getComputedStyle(node).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, ground(node.parentElement));
  };
  const holdsText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
  const seen = (node) => node.checkVisibility({ opacityProperty: true }) && !node.closest("[aria-disabled=true], option") && node.offsetWidth > 1;
  const texts = [...document.body.querySelectorAll("*")].filter((node) => seen(node) && (holdsText(node) || node.matches("input, select")));
  const found = texts.map((node) => {
    const style = getComputedStyle(node), large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 600);
    return { node, value: ratio(over(parse(style.color), ground(node)), ground(node)), least: large ? wantedLarge : wanted };
  });
  const ink = getComputedStyle(document.getElementById("timeline")), paint = document.createElement("canvas").getContext("2d");
  const colour = (name) => {
    paint.fillStyle = ink.getPropertyValue(`--tl-${name}`).trim();
    return [1, 3, 5].map((at) => parseInt(paint.fillStyle.slice(at, at + 2), 16));
  };
  const drawn = [["text", "bg", wanted], ["muted", "bg", wanted], ["muted", "lane", wanted], ["bg", "playhead", wanted], ["now", "bg", wantedLarge],
    ["gap", "bg", wantedLarge], ["playhead", "lane", wantedLarge], ["memory", "bg", wantedLarge]]
    .map(([one, other, least]) => ({ node: { id: `tl-${one} on tl-${other}` }, value: ratio(colour(one), colour(other)), least }));
  const faint = [...found, ...drawn].filter(({ value, least }) => value < least);
  return {
    texts: found.length, worst: Math.min(...found.map(({ value }) => value)),
    faint: faint.map(({ node, value }) => `${node.id || `${node.tagName}.${node.className} "${node.textContent}"`}: ${value.toFixed(2)}`),
  };
}

/* Runs in the page: what has the focus, and whether that can be seen. */
function focused() {
  const node = document.activeElement, all = [...document.querySelectorAll("button, a[href], input, select, [tabindex='0']")];
  return node === document.body || !node ? null : { at: all.indexOf(node), name: node.id || node.className, seen: getComputedStyle(node).outlineStyle !== "none" };
}

/* Runs in the page: what there is to be reached with Tab. */
function reachable() {
  const all = [...document.querySelectorAll("button, a[href], input, select, [tabindex='0']")];
  return all.map((node, at) => ({ at, name: node.id || node.className, there: node.checkVisibility({ visibilityProperty: true }) && node.tabIndex >= 0 }))
    .filter(({ there }) => there);
}

export function accessTests(recorder, user) {
  /* A state with as much on the screen as there can be. */
  const openMuch = async () => {
    const [[from]] = await user.spans(), begin = Math.ceil(from / 1000) * 1000, iso = (ms) => new Date(ms).toISOString();
    await user.open(`#from=${iso(begin)}&to=${iso(begin + 2000)}&zoom=60`, { pauses: true });
    await user.ready();
    await user.stillOrPlaying();
    await user.pause();
  };
  const zoomed = (words, right) => waitFor(async () => right(await user.zoomSeconds()), words);

  return [
    ["all that can be worked with has a name, and a screen reader is told of it", async () => {
      await openMuch();
      const found = await user.page.evaluate(nameless);
      check(found.length === 0, `without a name: ${found.join(", ")}`);
      const time = await user.page.$eval("#timeline", (node) => node.getAttribute("aria-valuetext"));
      check(/^\d\d:\d\d:\d\d$/.test(time), `the time line says "${time}"`);
      if (user.kind !== "chrome") return; // only there is the browser's own tree to be had
      const nodes = [];
      const collect = (node) => [nodes.push(node), node.children?.forEach(collect)];
      collect(await user.page.accessibility.snapshot());
      const bad = nodes.filter(({ role, name }) => /button|link|textbox|combobox|slider|tab$|checkbox/.test(role) && !name);
      check(bad.length === 0 && nodes.length > 40, JSON.stringify(bad));
    }],

    ["Tab reaches everything, and the focus is seen", async () => {
      await openMuch();
      await user.page.evaluate(() => document.activeElement?.blur());
      const wanted = await user.page.evaluate(reachable), reached = new Map();
      for (let turn = 0; turn < wanted.length + 20; turn++) {
        await user.press("Tab");
        const at = await user.page.evaluate(focused);
        if (at && reached.has(at.at)) break;
        if (at) reached.set(at.at, at);
      }
      const missed = wanted.filter(({ at }) => !reached.has(at)), dark = [...reached.values()].filter(({ seen }) => !seen);
      check(missed.length === 0, `not reached: ${missed.map(({ name }) => name).join(", ")}`);
      check(dark.length === 0, `focus not seen: ${dark.map(({ name }) => name).join(", ")}`);
    }],

    ["each key does what the help says", async () => {
      await openMuch();
      await zoomed("60 s", (now) => now === 60);
      await user.press("+");
      await zoomed("36 s", (now) => now === 36);
      await user.press("-");
      await zoomed("60 s", (now) => now === 60);
      await user.press("0");
      await zoomed("all", (now) => now !== 60);
      const speed = () => user.page.$eval("#speed", (node) => node.value);
      await user.press("ArrowUp");
      await waitFor(async () => await speed() === "2", "speed 2");
      await user.press("ArrowDown");
      await waitFor(async () => await speed() === "1", "speed 1");
      await user.press("t");
      await waitFor(() => user.page.evaluate(() => document.activeElement.id === "goto-time"), "t goes to the field");
      await user.page.type("#goto-time", "nine o'clock");
      await user.press("Enter");
      await waitFor(() => user.wasTold("notice", /not a time/), "the sentence");
      await user.press("?");
      await waitFor(() => user.page.$eval("#help", (node) => node.open), "the help");
      const keys = await user.page.$$eval("#help-keys dt", (all) => all.length);
      check(keys > 12, `${keys} lines of help`);
      await user.press("Escape");
      await waitFor(() => user.page.$eval("#help", (node) => !node.open), "the help closes");
      await user.press("Escape");
      await waitFor(() => user.isHidden("selection"), "Esc drops the cut");
    }],

    [`texts have a contrast of ${CONTRAST} in dark and light`, async () => {
      await openMuch();
      for (const [light, tab] of [[false, "health"], [true, "recordings"], [true, "health"], [false, "clips"]]) {
        await user.page.click(`#tab-${tab}`);
        await user.page.evaluate(chooseScheme, light);
        const seen = async () => {
          const found = await user.page.evaluate(contrasts, [CONTRAST, LARGE_CONTRAST]);
          return found.texts > 30 && found;
        };
        const { texts, worst, faint } = await waitFor(seen, `the texts of ${tab}`);
        note(`${light ? "light" : "dark"}: ${texts} texts, the faintest ${worst.toFixed(2)}`);
        check(faint.length === 0, faint.join("\n"));
      }
    }],

    ["nothing was said in the console, and nothing fetched from elsewhere", async () => {
      const messages = user.takeMessages();
      check(messages.length === 0, messages.join("\n"));
      check(user.strangers.length === 0, user.strangers.join("\n"));
    }],

    ["the server sends a strict policy, and the page keeps to it", async () => {
      const { headers } = await fetch(`${recorder.url}/ui/`), policy = headers.get("content-security-policy").split(/;\s*/);
      const lacking = POLICY.filter((rule) => !policy.includes(rule));
      check(lacking.length === 0 && !/unsafe|https?:|\*/.test(policy.join()), policy.join("; "));
      user.messages = [];
      const done = await user.page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "globalThis.stranger = true";
        document.head.append(script);
        return globalThis.stranger === true;
      });
      check(!done, "a script from elsewhere was run");
      await waitFor(() => user.messages.some((text) => /Content.Security.Policy/.test(text)), "the browser says that it was refused");
      user.takeMessages();
    }],
  ];
}
