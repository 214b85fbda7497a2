/*
 * link_tests.mjs - links, reloads and the calendar: they show the moment and the part of the timeline that they name.
 * And the two addresses at which people arrive: the recorder's own, and one with a name and a password.
 */
import { longArchive } from "./long_archive.mjs";
import { check, waitFor } from "./tap.mjs";

const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TOUCH_PX = 44;

const iso = (ms) => new Date(ms).toISOString();
const two = (number) => String(number).padStart(2, "0");

/* "Sun 17 May, 10:23", as the page begins its captions. The browser has this process's time zone. */
function captionOf(ms) {
  const date = new Date(ms), day = `${WEEKDAYS[date.getDay()]} ${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return `${day}, ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/* So long ago, in the middle of a minute: a pixel of the timeline is some seconds wide. */
const middleOfMinute = (agoMs) => Math.floor((Date.now() - agoMs) / MINUTE) * MINUTE + MINUTE / 2;

export function linkTests(recorder, user) {
  /* What the caption says about the time in the middle of the timeline. */
  const captionInTheMiddle = async () => {
    const box = await user.box();
    await user.page.mouse.move(box.x + 1, box.y + 40);
    await user.page.mouse.move(box.x + box.width / 2, box.y + 40);
    return user.text("preview-caption");
  };
  const showsInTheMiddle = (ms, what) => {
    let caption = "";
    const isRight = async () => (caption = await captionInTheMiddle()).startsWith(captionOf(ms));
    return waitFor(isRight, () => `${what} shows ${captionOf(ms)} in its middle, not "${caption}"`);
  };
  const hash = () => user.page.evaluate(() => location.hash);
  const shown = async (name) => new RegExp(`[#&]${name}=([^&]*)`).exec(await hash())?.[1] ?? null;

  return [
    ["a link shows its part of the timeline, however old, before and after the recordings are listed", async () => {
      for (const [hours, agoMs] of [[72, 71 * HOUR], [31 * 24, 30 * DAY]]) {
        let list;
        const restore = await longArchive(user.page, { hours, until: new Promise((resolve) => (list = resolve)) });
        try {
          const at = middleOfMinute(agoMs);
          await user.open(`#t=${iso(at)}&zoom=7200`);
          await showsInTheMiddle(at, "the timeline before the recordings are listed");
          check(/still being listed/.test(await captionInTheMiddle()), "what is not known yet is shown as nothing");
          list();
          await user.ready();
          await showsInTheMiddle(at, "the timeline");
          await waitFor(async () => await shown("view") !== null, "the address is written");
          check(Math.abs(Date.parse(await shown("t")) - at) < MINUTE, `the address is ${await hash()}`);
          await user.page.reload({ waitUntil: "domcontentloaded" });
          await user.ready();
          await showsInTheMiddle(at, "the timeline after a reload");
        } finally {
          list();
          await restore();
          user.takeMessages(); // no recording of that time can be loaded
        }
      }
    }],

    ["a reload and a copied link show the part of the timeline that was shown, wherever the picture is", async () => {
      const [[from]] = await user.spans(), at = Math.ceil(from / 1000) * 1000;
      const range = `from=${iso(at)}&to=${iso(at + 2000)}`;
      await user.open(`#t=${iso(at + 1000)}&${range}&zoom=7200`, { pauses: true });
      await user.showsRecording();
      await user.press("]"); // a quarter of the timeline on
      const middle = at + 1000 + HOUR / 2;
      const isWritten = async () => Math.abs(Date.parse(await shown("view")) + HOUR - middle) < 1000;
      await waitFor(isWritten, "the address holds what the timeline shows");
      const minuteInTheMiddle = async () => /^.*?\d\d:\d\d/.exec(await captionInTheMiddle())?.[0];
      const caption = await minuteInTheMiddle();
      await user.page.reload({ waitUntil: "domcontentloaded" });
      await user.showsRecording();
      await waitFor(async () => await minuteInTheMiddle() === caption, () => `${caption} after a reload`);
      await user.page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))));
      await user.page.click("#selection-link");
      const link = await user.page.$eval("#copy-text", (node) => node.value);
      await user.page.goto("about:blank");
      await user.page.goto(link);
      await user.showsRecording();
      await waitFor(async () => await minuteInTheMiddle() === caption, () => `${caption} through the link ${link}`);
    }],

    ["a link waits for recordings that cannot be listed, and keeps its time if one does not load", async () => {
      const [[from]] = await user.spans(), at = iso(Math.ceil(from / 1000) * 1000);
      let refused = ["/timeline", "/footage"];
      const answer = (request) => {
        const isRefused = refused.includes(new URL(request.url()).pathname);
        if (isRefused) request.respond({ status: 503, contentType: "application/json", body: "{}" });
        else request.continue();
      };
      await user.page.setRequestInterception(true);
      user.page.on("request", answer);
      try {
        await user.open(`#t=${at}&zoom=60`);
        await waitFor(async () => /Cannot list/.test(await user.text("archive-message")), "they cannot be listed");
        check((await hash()).includes(`t=${at}`), `the address is ${await hash()}`);
        refused = ["/footage"];
        await waitFor(async () => await user.mode() === "playback" && !await user.isPlaying(), "it does not load");
        await waitFor(async () => Date.parse(await shown("t")) === Date.parse(at), "the address has its time");
        refused = [];
        await user.press("k");
        await user.showsRecording();
      } finally {
        await user.page.goto("about:blank");
        user.page.off("request", answer);
        await user.page.setRequestInterception(false);
        user.takeMessages();
      }
    }],

    ["times are typed as people say them, and an end without a day is the first one after the start", async () => {
      const [[from]] = await user.spans(), begin = Math.ceil(from / 1000) * 1000, date = new Date(begin);
      const clock = (ms) => new Date(ms).toTimeString().slice(0, 8);
      const day = `${date.getDate()}.${date.getMonth() + 1}.${date.getFullYear()}`;
      await user.open();
      await user.ready();
      await user.setPausing(true);
      await user.page.type("#goto-time", `${day} ${clock(begin)}`);
      await user.press("Enter");
      await user.showsRecording();
      check(Math.abs(await user.shownMs() - begin) < 1000, `it shows ${await user.shownMs()}, not ${begin}`);
      await user.page.evaluate(() => document.activeElement.blur());
      await user.press("i");
      for (const [id, text] of [["selection-from", `${day} ${clock(begin)}`], ["selection-to", clock(begin + 2000)]]) {
        await user.page.$eval(`#${id}`, (node) => (node.value = ""));
        await user.page.type(`#${id}`, text);
        await user.press("Enter");
      }
      await waitFor(async () => /^2\.0 s/.test(await user.text("selection-summary")), "two seconds are selected");
      await user.page.$eval("#selection-to", (node) => (node.value = ""));
      await user.page.type("#selection-to", "11/28/2026");
      await user.press("Enter");
      await waitFor(async () => /two ways/.test(await user.text("selection-summary")), "the reason");
    }],

    ["the calendar has the days with recordings, works by keyboard and touch, and shows the chosen day", async () => {
      let list;
      const restore = await longArchive(user.page, { until: new Promise((resolve) => (list = resolve)) });
      try {
        await user.open();
        await user.hasPicture();
        await user.page.click("#calendar-button");
        const message = () => user.text("calendar-message");
        await waitFor(async () => /still being listed/.test(await message()), "it says that nothing is known yet");
        list();
        await waitFor(async () => await message() === "", "the recordings are listed");
        const today = new Date(), key = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
        const label = (date) => user.page.$eval(`[data-day="${key(date)}"]`, (node) => node.getAttribute("aria-label"));
        const before = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 2);
        const focus = () => user.page.evaluate(() => document.activeElement.dataset.day ?? "");
        check(await focus() === key(today), `the focus is on ${await focus()}`);
        const sizes = await user.page.$$eval("#calendar button[data-day], .calendar-head button", (all) =>
          all.map((node) => Math.min(node.offsetWidth, node.offsetHeight)));
        check(Math.min(...sizes) >= TOUCH_PX, `a button is ${Math.min(...sizes)} px small`);
        await user.press("ArrowLeft");
        await user.press("ArrowLeft");
        await waitFor(async () => await focus() === key(before), `the focus is on ${key(before)}`);
        check(/\d+ h \d\d min recorded$/.test(await label(before)), await label(before));
        const old = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 5);
        if (old.getMonth() === before.getMonth()) check(/nothing recorded$/.test(await label(old)), await label(old));
        await user.press("Enter");
        await waitFor(() => user.page.$eval("#calendar", (node) => !node.open), "the calendar closes");
        const noon = new Date(before.getFullYear(), before.getMonth(), before.getDate(), 12).getTime();
        await waitFor(async () => (await captionInTheMiddle()).startsWith(captionOf(noon).slice(0, -5)), "that day");
        await waitFor(async () => Math.abs(Date.parse(await shown("view")) + DAY / 2 - noon) <= HOUR, "all of that day");
        check(/^Times in UTC/.test(await user.text("time-zone")), "the time zone is not named");
      } finally {
        list();
        await restore();
        user.takeMessages();
      }
    }],

    ["the recorder's own address shows a person a page with the picture, and an image the stream", async () => {
      await user.page.goto(`${recorder.url}/`, { waitUntil: "domcontentloaded" });
      await waitFor(() => user.page.evaluate(() => document.querySelector("img")?.naturalWidth > 0), "the picture");
      await waitFor(async () => await user.number("img") >= 0, "a frame of the camera");
      await Promise.all([user.page.waitForNavigation({ waitUntil: "domcontentloaded" }), user.page.click("a")]);
      check(new URL(user.page.url()).pathname === "/ui/", user.page.url());
      await user.ready();
      await user.page.evaluate(() => {
        const image = document.createElement("img");
        image.id = "probe";
        image.src = "/";
        document.body.append(image);
      });
      await waitFor(() => user.page.$eval("#probe", (image) => image.naturalWidth > 0), "the stream as an image");
      await user.page.goto("about:blank");
      const messages = user.takeMessages();
      check(messages.length === 0, messages.join("\n"));
    }],

    ["the page works at an address with a name and a password", async () => {
      Object.assign(recorder, await recorder.command("require_login", "anna", "pass:word"));
      try {
        user.own.push(recorder.url);
        const login = { Authorization: `Basic ${btoa("anna:pass:word")}` };
        const from = Date.parse((await recorder.json("/timeline", login)).spans[0].from) + 1000, to = from + 2000;
        const url = `http://anna:pass%3Aword@127.0.0.1:${recorder.port}`;
        await user.open("", { url });
        await user.ready();
        await user.hasPicture();
        await user.showsFrameAfter(recorder.frames().length + 10, "the live picture moves");
        await user.open(`#t=${iso(from)}&from=${iso(from)}&to=${iso(to)}&zoom=60`, { url, pauses: true });
        await user.showsRecording();
        await waitFor(async () => /B · /.test(await user.text("selection-summary")), "the size of the clip");
        await user.page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))));
        await user.page.click("#selection-link");
        const link = await user.page.$eval("#copy-text", (node) => node.value);
        check(link.startsWith(`${recorder.url}/ui/#`), `the link is ${link}`);
        const messages = user.takeMessages();
        check(messages.length === 0, messages.join("\n"));
      } finally {
        await user.newPage();
        Object.assign(recorder, await recorder.command("require_login"));
        user.own.push(recorder.url);
      }
    }],
  ];
}
