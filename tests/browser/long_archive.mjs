/* long_archive.mjs - answers the page in the recorder's place with 72 hours, 432 segments and 50 gaps. */

const HOUR = 3600000, SEGMENT_MS = 600000, SEGMENTS = 432, GAPS = 50;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");
const CAUSES = ["unplugged", "stalled", "recorder down", "clock", "encoder", "disk", "recording off"];

function makeAnswers(now) {
  const begin = now - 72 * HOUR, iso = (ms) => new Date(ms).toISOString(), spans = [], gaps = [];
  let from = begin;
  for (let gap = 0; gap < GAPS; gap++) {
    const to = begin + (gap + 0.6) * 72 * HOUR / GAPS, length = 5000 + (gap * 7919) % 600000;
    spans.push({ from: iso(from), to: iso(to), source: "camera" });
    gaps.push({ from: iso(to), to: iso(to + length), cause: CAUSES[gap % CAUSES.length] });
    from = to + length;
  }
  spans.push({ from: iso(from), to: iso(now), source: "camera" });
  const recordings = Array.from({ length: SEGMENTS }, (_, number) => {
    const start = begin + number * SEGMENT_MS, file = `recording_${number}.mp4`;
    return { file, start: iso(start), end: iso(start + SEGMENT_MS), size: 90000000, state: "complete" };
  });
  return { "/timeline": { from: iso(begin), to: iso(now), spans, gaps }, "/recordings": recordings.reverse() };
}

/* Resolves to a function that gives the page back to the recorder. */
export async function longArchive(page) {
  const answers = makeAnswers(Date.now());
  const answer = (request) => {
    const { pathname } = new URL(request.url()), made = answers[pathname];
    if (made) request.respond({ status: 200, contentType: "application/json", body: JSON.stringify(made) });
    else if (pathname === "/snapshot") request.respond({ status: 200, contentType: "image/gif", body: PIXEL });
    else request.continue();
  };
  await page.setRequestInterception(true);
  page.on("request", answer);
  return async () => {
    await page.goto("about:blank");
    page.off("request", answer);
    await page.setRequestInterception(false);
  };
}
