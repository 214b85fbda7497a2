/* gap-causes.js - why nothing was recorded, in words. The causes are those of GET /timeline. */
const WORDS = {
  "recorder down": "the recorder was down",
  unplugged: "the camera was unplugged",
  stalled: "the camera sent nothing",
  clock: "the clock was set",
  suspended: "the machine was suspended",
  encoder: "the encoder failed",
  disk: "the disk could not be written to",
  "recording off": "recording was switched off",
  schedule: "recording was off by the schedule",
  "camera off": "the camera was switched off",
  format: "the picture's size, format or source changed",
  deleted: "the recording was deleted",
  expired: "the store no longer keeps the recording",
};

/* Causes of gaps that somebody intended; all others are losses, a recorder that was down too. */
const INTENDED = new Set(["recording off", "schedule", "camera off", "suspended", "expired"]);

export const causeText = (cause) => WORDS[cause] ?? cause ?? "for an unknown reason";

export const isIntended = (cause) => INTENDED.has(cause);
