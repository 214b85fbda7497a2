/*
 * observer.mjs - a log of what the page shows, kept in the page itself. Playback ends and notices disappear, and a test
 * that is kept from running looks too late for both. So it reads this log, which only grows.
 */
import { check } from "./tap.mjs";

const CLOCK_S = 0.02; // resolution of the time of a video that plays

/*
 * Runs in the page, before its own scripts, and makes `observed`:
 *   moments: [{clock, ms, mode, src, time, rate, plays}], one for each change of the page's clock (clock: true) and for
 *            each event of the video in front: the time on the clock, the page's mode, and that video's source, time,
 *            rate, and whether it plays;
 *   texts:   {id: [text]} of the elements whose text disappears by itself.
 * While `observed.pauses` is true, it presses Pause as soon as a recording is about to play.
 */
export function observePage(pauses) {
  const observed = { moments: [], texts: { notice: [], loading: [] }, pauses };
  const find = (id) => document.getElementById(id);
  const noteMoment = (clock) => {
    const video = document.querySelector("video.front");
    const { currentSrc: src, currentTime: time, playbackRate: rate, paused, ended } = video
      ?? { currentSrc: "", currentTime: 0, playbackRate: 1, paused: true, ended: false };
    const ms = Date.parse(find("time").getAttribute("datetime")), { mode } = document.body.dataset;
    observed.moments.push({ clock, ms, mode, src, time, rate, plays: !paused && !ended });
  };
  const noteText = (id) => {
    const { hidden, textContent: text } = find(id), texts = observed.texts[id];
    if (!hidden && text && texts.at(-1) !== text) texts.push(text);
  };
  const pause = () => {
    const play = find("play"), playing = play.getAttribute("aria-label") === "Pause";
    if (observed.pauses && document.body.dataset.mode === "playback" && playing) play.click();
  };
  const watch = (id, act, what) => new MutationObserver(act).observe(find(id), what);
  globalThis.observed = observed;
  document.addEventListener("readystatechange", () => {
    if (document.readyState !== "interactive" || !find("time")) return;
    watch("time", () => noteMoment(true), { attributeFilter: ["datetime"] });
    watch("play", pause, { attributeFilter: ["aria-label"] });
    for (const id of Object.keys(observed.texts)) {
      watch(id, () => noteText(id), { attributeFilter: ["hidden"], childList: true });
    }
    for (const type of ["playing", "timeupdate", "ended"]) {
      document.addEventListener(type, ({ target }) => target.classList.contains("front") && noteMoment(false), true);
    }
  });
}

/* Seconds of wall time in one second of a clip, by the clip's address. */
const clipSpeedOf = (src) => Number(new URL(src).searchParams.get("speed") ?? 1);

/* Milliseconds of wall time that were played, by the videos' own clocks. */
export function playedMs(moments) {
  return moments.reduce((sum, { src, time }, at) => {
    const before = moments[at - 1], goesOn = src && src === before?.src && time > before.time;
    return goesOn ? sum + (time - before.time) * 1000 * clipSpeedOf(src) : sum;
  }, 0);
}

/* The moments at which the page's clock changed while a recording played. */
export const whilePlaying = (moments) =>
  moments.filter(({ clock, plays, mode }) => clock && plays && mode === "playback");

/* Wall time of a clip's first frame. */
async function startOf(src) {
  return Number((await fetch(src, { method: "HEAD" })).headers.get("X-Clip-Start")) * 1000;
}

/*
 * Checks every time that the page's clock showed during playback: it is the time that the video had reached, and the
 * video played at that speed. The video's clock advances between the page's look at it and the entry in the log, so the
 * time is between this entry's and the one before.
 */
export async function checkPlaying(moments, speed) {
  const starts = new Map();
  for (const [at, { clock, plays, mode, ms, src, time, rate }] of moments.entries()) {
    if (!clock || !plays || mode !== "playback") continue;
    if (!starts.has(src)) starts.set(src, await startOf(src));
    const clipSpeed = clipSpeedOf(src), wallOf = (seconds) => starts.get(src) + seconds * 1000 * clipSpeed;
    const before = moments[at - 1]?.src === src ? moments[at - 1].time : 0;
    const earliest = wallOf(before - CLOCK_S), latest = wallOf(time + CLOCK_S);
    check(rate * clipSpeed === speed, `${src} plays at ${rate}, which is not speed ${speed} in all`);
    check(ms >= earliest && ms <= latest, `the clock showed ${ms}, not between ${earliest} and ${latest} of ${src}`);
  }
}
