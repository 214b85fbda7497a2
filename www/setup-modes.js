/* setup-modes.js - what a camera offers, as the choices of the set-up: formats, sizes of a format, rates of a size. */

/* The kernel's name of a format (FourCC) -> that of recorder.ini, and a word for people. */
const FORMATS = {
  MJPG: ["mjpeg", "JPEG"], JPEG: ["mjpeg", "JPEG"], YUYV: ["yuyv", "YUYV"], UYVY: ["uyvy", "UYVY"],
  YVYU: ["yvyu", "YVYU"], VYUY: ["vyuy", "VYUY"], NV12: ["nv12", "NV12"], NV21: ["nv21", "NV21"],
  YU12: ["yu12", "YU12"], YV12: ["yv12", "YV12"], RGB3: ["rgb24", "RGB"], BGR3: ["bgr24", "BGR"],
  GREY: ["grey", "grey"], Y16: ["y16", "grey, 16 bit"],
};

export const AUTO = { value: "auto", text: "Chosen by the recorder" };

/* The name of a device that survives another port or another start: by-id, then by-path, then /dev/videoN. */
export function stableName({ links = [], path }) {
  return links.find((link) => link.includes("/by-id/")) ?? links[0] ?? path;
}

/* [{value, text}]: the devices, "auto", and what is chosen although it is not there. */
export function deviceChoices(devices, chosen) {
  const choices = [{ value: "auto", text: "The first camera that works" },
    ...devices.map((device) => ({ value: stableName(device), text: `${device.name} (${device.path})` }))];
  if (chosen === "test" || !choices.some(({ value }) => value === chosen)) {
    const text = chosen.startsWith("/") ? `${chosen} (not there now)` : chosen; // a command, or an address
    choices.push({ value: chosen, text: chosen === "test" ? "The test picture" : text });
  }
  return choices;
}

/* The device that a choice means now, or null. */
export function deviceOf(devices, chosen) {
  if (chosen === "auto") return devices.find(({ in_use: used }) => used) ?? devices[0] ?? null;
  return devices.find(({ path, links = [] }) => path === chosen || links.includes(chosen)) ?? null;
}

export function formatChoices(device) {
  const known = (device?.formats ?? []).map(({ format }) => FORMATS[format]).filter(Boolean);
  const unique = new Map(known);
  return [AUTO, ...[...unique].map(([value, text]) => ({ value, text }))];
}

/* Of all formats for "auto". */
function modesOf(device, format) {
  return (device?.formats ?? []).filter(({ format: name }) => format === "auto" || FORMATS[name]?.[0] === format)
    .flatMap(({ sizes }) => sizes);
}

/* "1280x720", the largest first; the chosen one is always among them. */
export function sizeChoices(device, format, chosen) {
  const sizes = new Map(modesOf(device, format).map(({ width, height }) => [`${width}x${height}`, width * height]));
  const [width, height] = chosen.split("x").map(Number);
  sizes.set(chosen, width * height);
  return [...sizes].sort(([, one], [, other]) => other - one)
    .map(([value]) => ({ value, text: value.replace("x", " × ") }));
}

/* Whole frames per second, the most first; the chosen rate is always among them. */
export function rateChoices(device, format, size, chosen) {
  const rates = modesOf(device, format).filter(({ width, height }) => `${width}x${height}` === size)
    .flatMap(({ fps }) => fps).map(Math.round).filter((fps) => fps >= 1 && fps <= 240);
  return [...new Set([...rates, chosen])].sort((one, other) => other - one)
    .map((value) => ({ value: String(value), text: `${value} per second` }));
}
