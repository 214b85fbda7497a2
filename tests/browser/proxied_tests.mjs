/* proxied_tests.mjs - the page below a path of somebody's proxy: it asks for nothing outside of that path. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { check, waitFor } from "./tap.mjs";

const LABEL = "Tür vorne";

/* user: one of the recorder below a path of `server` (other_site.mjs). */
export function proxiedTests(server, user) {
  const title = "below a path of a proxy the page shows, plays, keeps and downloads, and asks for nothing elsewhere";
  return [[title, async () => {
    await user.open();
    await user.ready();
    await user.showsFrameAfter(server.recorder.frames().length + 10, "the live picture moves");
    const [[from]] = await user.spans(), begin = Math.ceil(from / 1000) * 1000;
    const range = [begin, begin + 1500].map((ms) => new Date(ms).toISOString());
    await user.open(`#t=${range[0]}&from=${range[0]}&to=${range[1]}&zoom=60`, { pauses: true });
    await user.ready();
    await user.showsRecording();
    await user.exactStill();
    await waitFor(async () => /1\.5 s · .*B/.test(await user.text("selection-summary")), "the size of the clip");
    await user.page.click("#selection-download");
    const saved = () => readdirSync(user.downloads).find((name) => name.endsWith(".mp4"));
    await waitFor(saved, "the clip is downloaded");
    const begins = () => readFileSync(join(user.downloads, saved())).subarray(4, 8).toString();
    await waitFor(() => begins() === "ftyp", "it is an MP4");
    await user.page.type("#selection-label", LABEL);
    await user.page.click("#selection-keep");
    await waitFor(async () => (await user.text("clips-list")).includes(LABEL), "the clip is kept and listed");
    await user.page.click("#clips-list button[aria-label^=Play]");
    await waitFor(() => user.page.$eval("#clip-video", (video) => video.currentTime > 0.2), "the kept clip plays");
    await user.press("Escape");
    await user.page.click("#clips-list button[aria-label^=Delete]");
    await user.page.click("#confirm-yes");
    await waitFor(async () => /No clips have been kept/.test(await user.text("clips-message")), "it is deleted");
    await user.page.click("#tab-recordings");
    await waitFor(async () => (await user.text("recordings-list")).length > 0, "the recordings are listed");
    const cookies = await user.page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
    check(cookies.join() === ",0,0", `the page stores ${cookies}`);
    check(server.outside.length === 0, `asked for outside of the path: ${server.outside}`);
    check(user.foreignRequests.length === 0, user.foreignRequests.join("\n"));
    const messages = user.takeMessages();
    check(messages.length === 0, messages.join("\n"));
  }]];
}
