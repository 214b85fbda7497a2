/* long_archive.mjs - answers the page in the recorder's place with many hours, a segment per 10 minutes and 50 gaps. */

const HOUR = 3600000, SEGMENT_MS = 600000, GAPS = 50;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");
const CAUSES = ["unplugged", "stalled", "recorder down", "clock", "encoder", "disk", "recording off"];

function makeAnswers(now, length) {
  const begin = now - length, iso = (ms) => new Date(ms).toISOString(), spans = [], gaps = [];
  let from = begin;
  for (let gap = 0; gap < GAPS; gap++) {
    const to = begin + (gap + 0.6) * length / GAPS, missing = 5000 + (gap * 7919) % 600000;
    spans.push({ from: iso(from), to: iso(to), source: "camera" });
    gaps.push({ from: iso(to), to: iso(to + missing), cause: CAUSES[gap % CAUSES.length] });
    from = to + missing;
  }
  spans.push({ from: iso(from), to: iso(now), source: "camera" });
  const recordings = Array.from({ length: Math.floor(length / SEGMENT_MS) }, (_, number) => {
    const start = begin + number * SEGMENT_MS, file = `recording_${number}.mp4`;
    return { file, start: iso(start), end: iso(start + SEGMENT_MS), size: 90000000, state: "complete" };
  });
  return { "/timeline": { from: iso(begin), to: iso(now), spans, gaps }, "/recordings": recordings.reverse() };
}

/*
 * hours: of the archive. until: a promise; before it, no recordings are listed. Resolves to a function that gives the
 * page back to the recorder.
 */
export async function longArchive(page, { hours = 72, until = null } = {}) {
  const answers = makeAnswers(Date.now(), hours * HOUR);
  const answer = async (request) => {
    const { pathname } = new URL(request.url()), made = answers[pathname];
    if (made) await until;
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
