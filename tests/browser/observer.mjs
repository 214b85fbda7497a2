/*
 * observer.mjs - what the page shows, noted in the page itself while it shows it. Playing comes to an end and a sentence goes away, and a
 * test that is kept from running looks too late for both; so it looks into these notes, which only grow.
 */
import { check } from "./tap.mjs";

const CLOCK_S = 0.02; // to which a browser tells the time of a video that plays

/*
 * Runs in the page, before its own scripts. In `observed` are then
 *   moments: [{told, ms, mode, src, time, rate, plays}], one for each time that the page told (told), and for each event of the video that
 *            is in front: the time that the page tells, its mode, and that video's source, time, rate, and whether it plays;
 *   words: {id: [text]} of what was seen of the texts that go by themselves.
 * While `observed.pauses` is true, somebody who needs no time for it presses Pause as soon as a recording is to be played.
 */
export function observePage(pauses) {
  const observed = { moments: [], words: { notice: [], loading: [] }, pauses };
  const find = (id) => document.getElementById(id);
  const noteMoment = (told) => {
    const video = document.querySelector("video.front"), { src, time, rate, plays } = video
      ? { src: video.currentSrc, time: video.currentTime, rate: video.playbackRate, plays: !video.paused && !video.ended }
      : { src: "", time: 0, rate: 1, plays: false };
    observed.moments.push({ told, ms: Date.parse(find("time").getAttribute("datetime")), mode: document.body.dataset.mode, src, time, rate, plays });
  };
  const noteWords = (id) => {
    const { hidden, textContent: text } = find(id), words = observed.words[id];
    if (!hidden && text && words.at(-1) !== text) words.push(text);
  };
  const pause = () => {
    const play = find("play");
    if (observed.pauses && document.body.dataset.mode === "playback" && play.getAttribute("aria-label") === "Pause") play.click();
  };
  const watch = (id, note, what) => new MutationObserver(note).observe(find(id), what);
  globalThis.observed = observed;
  document.addEventListener("readystatechange", () => {
    if (document.readyState !== "interactive" || !find("time")) return;
    watch("time", () => noteMoment(true), { attributeFilter: ["datetime"] });
    watch("play", pause, { attributeFilter: ["aria-label"] });
    for (const id of Object.keys(observed.words)) watch(id, () => noteWords(id), { attributeFilter: ["hidden"], childList: true });
    for (const type of ["playing", "timeupdate", "ended"]) {
      document.addEventListener(type, ({ target }) => target.classList.contains("front") && noteMoment(false), true);
    }
  });
}

/* How much faster than life the frames of a clip are, by its address. */
const lapseOf = (src) => Number(new URL(src).searchParams.get("speed") ?? 1);

/* Milliseconds of wall time that were played, by the videos' own clocks. */
export function playedMs(moments) {
  return moments.reduce((sum, { src, time }, at) => {
    const before = moments[at - 1];
    return src && src === before?.src && time > before.time ? sum + (time - before.time) * 1000 * lapseOf(src) : sum;
  }, 0);
}

/* The moments that the page told while it played. */
export const toldPlaying = (moments) => moments.filter(({ told, plays, mode }) => told && plays && mode === "playback");

/* Wall time of a clip's first frame. */
async function startOf(src) {
  return Number((await fetch(src, { method: "HEAD" })).headers.get("X-Clip-Start")) * 1000;
}

/*
 * Of all moments that the page told while it played: each is the one that its video had come to, and the video went at that speed. The
 * video's clock goes on between the page's look at it and the note, so the moment lies between this note's and the one before.
 */
export async function checkPlaying(moments, speed) {
  const starts = new Map();
  for (const [at, { told, plays, mode, ms, src, time, rate }] of moments.entries()) {
    if (!told || !plays || mode !== "playback") continue;
    if (!starts.has(src)) starts.set(src, await startOf(src));
    const lapse = lapseOf(src), wallOf = (seconds) => starts.get(src) + seconds * 1000 * lapse, clock = CLOCK_S * 1000 * lapse;
    const before = moments[at - 1]?.src === src ? moments[at - 1].time : 0;
    check(rate * lapse === speed, `${src} is played at ${rate}, not at ${speed} in all`);
    check(ms >= wallOf(before) - clock && ms <= wallOf(time) + clock, `the page told ${ms} between ${wallOf(before)} and ${wallOf(time)} of ${src}`);
  }
}
