/* clip-name.js - names of clips: any text, with spaces and umlauts, as a label and as a file. */

const LABEL_BYTES = 127; // of UTF-8: that is what a clip has room for

export const LABEL_TOO_LONG =
  `This name is too long. A clip has room for ${LABEL_BYTES} letters, and for fewer with accents.`;

export const labelFits = (label) => new TextEncoder().encode(label).length <= LABEL_BYTES;

/* The name of a clip's file. What the system does not take in a name, the browser replaces. */
export const clipFile = (name) => `${name.normalize("NFC").replace(/\.mp4$/i, "")}.mp4`;
