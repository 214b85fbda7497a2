/*
 * mp4-stream.js - reads live video: a fragmented MP4 without an end (ISO/IEC 14496-12), each piece as soon as its last
 * byte has arrived. A prft box before a key frame says when it was captured; an emsg box says what the stream carries.
 */

const BOX_MAX = 64 * 1024 * 1024;
const NTP_S = 2208988800; // from 1900 to 1970
const EVENT = "urn:smart-camera-recorder:live-video";
const MICROSECONDS = 1e6;

const typeAt = (bytes, at) => String.fromCharCode(...bytes.subarray(at + 4, at + 8));
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function concat(...pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
  return bytes;
}

/* Where the content of the first box of that type begins, inside data[from, to); -1 if there is none. */
function findBox(bytes, type, from, to) {
  for (let at = from; at + 8 <= to;) {
    if (typeAt(bytes, at) === type) return at + 8;
    const size = viewOf(bytes).getUint32(at);
    if (size < 8) return -1;
    at += size;
  }
  return -1;
}

/* tfdt of a moof, in seconds. */
function decodeTime(moof) {
  const traf = findBox(moof, "traf", 8, moof.length), at = traf < 0 ? -1 : findBox(moof, "tfdt", traf, moof.length);
  if (at < 0) throw new Error("A fragment of the video has no time.");
  const view = viewOf(moof);
  return Number(view.getUint8(at) === 1 ? view.getBigUint64(at + 4) : BigInt(view.getUint32(at + 4))) / MICROSECONDS;
}

/* RFC 6381: from the profile and level in avcC. */
function codecsOf(moov) {
  for (let at = 0; at + 8 < moov.length; at++) {
    if (typeAt(moov, at) !== "avcC") continue;
    return `avc1.${[...moov.subarray(at + 9, at + 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
  throw new Error("The video is not H.264.");
}

/* Milliseconds since 1970. */
function capturedAt(prft) {
  const view = viewOf(prft);
  return (view.getUint32(16) - NTP_S) * 1000 + view.getUint32(20) * 1000 / 2 ** 32;
}

function eventValue(emsg) {
  const texts = new TextDecoder().decode(emsg.subarray(32)).split("\0");
  return texts[0] === EVENT ? texts[1] : null;
}

async function* readBoxes(stream) {
  const reader = stream.getReader();
  let pending = new Uint8Array();
  try {
    for (;;) {
      const size = pending.length >= 8 ? viewOf(pending).getUint32(0) : BOX_MAX;
      if (size < 8 || size > BOX_MAX) throw new Error("The video has a box of unknown size.");
      if (pending.length >= size) {
        yield pending.slice(0, size);
        pending = pending.subarray(size);
        continue;
      }
      const { value, done } = await reader.read();
      if (done) return;
      pending = concat(pending, value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/*
 * Yields {codecs, bytes} for each init segment, {time, captured, bytes} for each frame (time: seconds in the video;
 * captured: milliseconds since 1970 of a key frame, otherwise null), and {carries: "all" or "keyframes"}.
 */
export async function* readVideo(stream) {
  let start = null, moof = null, captured = null;
  for await (const box of readBoxes(stream)) {
    const type = typeAt(box, 0);
    if (type === "ftyp") start = box;
    else if (type === "moov" && start) yield { codecs: codecsOf(box), bytes: concat(start, box) };
    else if (type === "prft") captured = capturedAt(box);
    else if (type === "emsg" && eventValue(box)) yield { carries: eventValue(box) };
    else if (type === "moof") moof = box;
    else if (type === "mdat" && moof) {
      yield { time: decodeTime(moof), captured, bytes: concat(moof, box) };
      moof = captured = null;
    }
  }
}
