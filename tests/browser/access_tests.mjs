/* access_tests.mjs - keyboard, screen readers, contrast in dark and light; and nothing comes from elsewhere. */
import { check, note, waitFor } from "./tap.mjs";

const CONTRAST = 4.5, LARGE_CONTRAST = 3; // WCAG 2.2, 1.4.3 (AA)
const POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'",
  "frame-ancestors 'none'"];

/* Runs in the page: the controls and pictures that have no name. */
function nameless() {
  const nameOf = (node) => [node.getAttribute("aria-label"), node.getAttribute("title"), node.textContent,
    node.getAttribute("placeholder"), ...[...node.labels ?? []].map((label) => label.textContent),
    ...(node.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent)]
    .some((text) => text?.trim());
  const selector = "button, a[href], input, select, textarea, video[controls], [tabindex], [role], "
    + "section, aside, dialog";
  const controls = [...document.querySelectorAll(selector)];
  const isNameless = (node) => !/^(tablist|status)$/.test(node.getAttribute("role"))
    && !node.closest("dialog:not([open])") && !nameOf(node);
  const pictures = [...document.querySelectorAll("img")].filter((node) => !node.hasAttribute("alt"));
  return controls.filter(isNameless).concat(pictures).map((node) => node.id || node.outerHTML.slice(0, 80));
}

/* Runs in the page: chooses dark or light, whatever the system has. */
function chooseScheme(light) {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  for (const rule of rules) {
    if (/-color-scheme|not all|^all$/.test(rule.media?.mediaText)) rule.media.mediaText = light ? "all" : "not all";
  }
}

/*
 * Runs in the page: {texts, lowest, faint: [text]} of all visible texts and of the timeline's colours. Text over a
 * picture is compared with a white one.
 */
function contrasts([wanted, wantedLarge]) {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (top, below) => top.rgb.map((value, i) => value * top.a + below[i] * (1 - top.a));
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (rgb) => rgb.reduce((sum, value, i) => sum + linear(value / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (node) => {
    if (!node || node.matches("#picture, #screen, .tile")) return [255, 255, 255];
    const own = parse(getComputedStyle(node).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, background(node.parentElement));
  };
  const holdsText = (node) => node.matches("input, select")
    || [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
  const isVisible = (node) => node.checkVisibility({ opacityProperty: true }) && node.offsetWidth > 1
    && !node.closest("[aria-disabled=true], option");
  const texts = [...document.body.querySelectorAll("*")].filter((node) => isVisible(node) && holdsText(node));
  const found = texts.map((node) => {
    const style = getComputedStyle(node), size = parseFloat(style.fontSize), below = background(node);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 600);
    const name = node.id || `${node.tagName}.${node.className} "${node.textContent}"`;
    return { name, value: ratio(over(parse(style.color), below), below), least: large ? wantedLarge : wanted };
  });
  const ink = getComputedStyle(document.getElementById("timeline"));
  const paint = document.createElement("canvas").getContext("2d");
  const colour = (name) => {
    paint.fillStyle = ink.getPropertyValue(`--tl-${name}`).trim();
    return [1, 3, 5].map((at) => parseInt(paint.fillStyle.slice(at, at + 2), 16));
  };
  const pairs = [["text", "bg", wanted], ["muted", "bg", wanted], ["muted", "lane", wanted], ["bg", "playhead", wanted],
    ["now", "bg", wantedLarge], ["gap", "bg", wantedLarge], ["playhead", "lane", wantedLarge],
    ["memory", "bg", wantedLarge]];
  const drawn = pairs.map(([one, other, least]) =>
    ({ name: `tl-${one} on tl-${other}`, value: ratio(colour(one), colour(other)), least }));
  const faint = [...found, ...drawn].filter(({ value, least }) => value < least);
  return {
    texts: found.length,
    lowest: Math.min(...found.map(({ value }) => value)),
    faint: faint.map(({ name, value }) => `${name}: ${value.toFixed(2)}`),
  };
}

/* Runs in the page: the element with the focus, {at, name, visible}, or null. */
function focused() {
  const node = document.activeElement;
  const all = [...document.querySelectorAll("button, a[href], input, select, [tabindex='0']")];
  if (node === document.body || !node) return null;
  const visible = getComputedStyle(node).outlineStyle !== "none";
  return { at: all.indexOf(node), name: node.id || node.className, visible };
}

/* Runs in the page: everything that Tab must reach. */
function reachable() {
  const all = [...document.querySelectorAll("button, a[href], input, select, [tabindex='0']")];
  const isReachable = (node) => node.checkVisibility({ visibilityProperty: true }) && node.tabIndex >= 0;
  return all.map((node, at) => ({ at, name: node.id || node.className, node }))
    .filter(({ node }) => isReachable(node)).map(({ at, name }) => ({ at, name }));
}

export function accessTests(recorder, user) {
  /* A state with as much on the screen as possible. */
  const openBusyPage = async () => {
    const [[from]] = await user.spans(), begin = Math.ceil(from / 1000) * 1000;
    const [start, end] = [begin, begin + 2000].map((ms) => new Date(ms).toISOString());
    await user.open(`#from=${start}&to=${end}&zoom=60`, { pauses: true });
    await user.ready();
    await user.showsRecording();
    await user.pause();
  };
  const zoomIs = (what, isRight) => waitFor(async () => isRight(await user.zoomSeconds()), what);

  return [
    ["every control has a name, and screen readers get it", async () => {
      await openBusyPage();
      const found = await user.page.evaluate(nameless);
      check(found.length === 0, `without a name: ${found.join(", ")}`);
      const time = await user.page.$eval("#timeline", (node) => node.getAttribute("aria-valuetext"));
      check(/^\d\d:\d\d:\d\d$/.test(time), `the timeline announces "${time}"`);
      if (user.kind !== "chrome") return; // only Chromium gives the accessibility tree
      const nodes = [];
      const collect = (node) => [nodes.push(node), node.children?.forEach(collect)];
      collect(await user.page.accessibility.snapshot());
      const roles = /button|link|textbox|combobox|slider|tab$|checkbox/;
      const unnamed = nodes.filter(({ role, name }) => roles.test(role) && !name);
      check(unnamed.length === 0 && nodes.length > 40, JSON.stringify(unnamed));
    }],

    ["Tab reaches everything, and the focus is visible", async () => {
      await openBusyPage();
      await user.page.evaluate(() => document.activeElement?.blur());
      const wanted = await user.page.evaluate(reachable), reached = new Map();
      for (let turn = 0; turn < wanted.length + 20; turn++) {
        await user.press("Tab");
        const focus = await user.page.evaluate(focused);
        if (focus && reached.has(focus.at)) break;
        if (focus) reached.set(focus.at, focus);
      }
      const missed = wanted.filter(({ at }) => !reached.has(at));
      const invisible = [...reached.values()].filter(({ visible }) => !visible);
      check(missed.length === 0, `not reached: ${missed.map(({ name }) => name).join(", ")}`);
      check(invisible.length === 0, `focus not visible: ${invisible.map(({ name }) => name).join(", ")}`);
    }],

    ["each key does what the help says", async () => {
      await openBusyPage();
      await zoomIs("60 s", (now) => now === 60);
      await user.press("+");
      await zoomIs("36 s", (now) => now === 36);
      await user.press("-");
      await zoomIs("60 s", (now) => now === 60);
      await user.press("0");
      await zoomIs("all", (now) => now !== 60);
      const speed = () => user.page.$eval("#speed", (node) => node.value);
      await user.press("ArrowUp");
      await waitFor(async () => await speed() === "2", "speed 2");
      await user.press("ArrowDown");
      await waitFor(async () => await speed() === "1", "speed 1");
      await user.press("t");
      await waitFor(() => user.page.evaluate(() => document.activeElement.id === "goto-time"), "T goes to the field");
      await user.page.type("#goto-time", "nine o'clock");
      await user.press("Enter");
      await waitFor(() => user.hasShown("notice", /"nine o'clock".* not a time/), "the notice");
      check(await user.page.$eval("#goto-time", (node) => node.value) === "nine o'clock", "it can be corrected");
      await user.page.$eval("#goto-time", (node) => (node.value = ""));
      await user.page.type("#goto-time", "-1s");
      await user.press("Enter");
      check(await user.page.$eval("#goto-time", (node) => node.value) === "", "a time that was gone to stays in the field");
      await user.press("?");
      await waitFor(() => user.page.$eval("#help", (node) => node.open && node.scrollTop === 0), "the help's beginning");
      const rows = await user.page.$$eval("#help-keys dt", (all) => all.length);
      check(rows > 12, `the help has ${rows} rows`);
      await user.press("Escape");
      await waitFor(() => user.page.$eval("#help", (node) => !node.open), "the help closes");
      await user.press("Escape");
      await waitFor(() => user.isHidden("selection"), "Esc clears the selection");
    }],

    [`texts have a contrast of ${CONTRAST} in dark and light`, async () => {
      await openBusyPage();
      for (const [light, tab] of [[false, "health"], [true, "recordings"], [true, "health"], [false, "clips"]]) {
        await user.page.click(`#tab-${tab}`);
        await user.page.evaluate(chooseScheme, light);
        const measured = async () => {
          const found = await user.page.evaluate(contrasts, [CONTRAST, LARGE_CONTRAST]);
          return found.texts > 30 && found;
        };
        const { texts, lowest, faint } = await waitFor(measured, `the texts of ${tab}`);
        note(`${light ? "light" : "dark"}: ${texts} texts, the lowest contrast is ${lowest.toFixed(2)}`);
        check(faint.length === 0, faint.join("\n"));
      }
    }],

    ["the console stays empty, and nothing comes from other hosts", async () => {
      const messages = user.takeMessages();
      check(messages.length === 0, messages.join("\n"));
      check(user.foreignRequests.length === 0, user.foreignRequests.join("\n"));
    }],

    ["the server sends a strict policy, and the browser enforces it", async () => {
      const { headers } = await fetch(`${recorder.url}/ui/`);
      const policy = headers.get("content-security-policy").split(/;\s*/);
      const lacking = POLICY.filter((rule) => !policy.includes(rule));
      check(lacking.length === 0 && !/unsafe|https?:|\*/.test(policy.join()), policy.join("; "));
      user.messages = [];
      const ran = await user.page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "globalThis.injected = true";
        document.head.append(script);
        return globalThis.injected === true;
      });
      check(!ran, "an injected script was run");
      const refused = () => user.messages.some((text) => /Content.Security.Policy/.test(text));
      await waitFor(refused, "the browser reports that it refused the script");
      user.takeMessages();
    }],
  ];
}
