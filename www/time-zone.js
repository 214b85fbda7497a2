/* time-zone.js - whose time zone the page's times are in: this device's, which need not be the recorder's. */
import { find, setText } from "./dom.js";
import { formatZone, offsetAt, MINUTE } from "./time.js";

/* The offset from UTC that a time of the API carries, in milliseconds, or null. */
export function offsetOf(text) {
  const match = /([+-])(\d\d):(\d\d)$/.exec(text ?? "");
  if (!match) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * MINUTE;
}

/*
 * "Times in UTC+1, of this device". Both offsets if they change within [from, to]; and the recorder's if it is another
 * one. info: of /camera_info, or null.
 */
export function zoneText(from, to, info) {
  const zones = [...new Set([from, to].map((ms) => formatZone(offsetAt(ms))))].join(", then ");
  const text = info?.memory?.to ?? info?.since, recorder = offsetOf(text);
  const differs = recorder !== null && recorder !== offsetAt(Date.parse(text));
  return `Times in ${zones}, of this device${differs ? `; the recorder has ${formatZone(recorder)}` : ""}`;
}

export const drawZone = ({ from, to }, info) => setText(find("time-zone"), zoneText(from, to, info));
