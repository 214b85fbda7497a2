/* multipart.js - reads the parts of a multipart answer (RFC 2046, 5.1), each as soon as its last byte has arrived. */

const HEADER_MAX = 4096, BODY_MAX = 64 * 1024 * 1024;

/* Where the header that ends with an empty line ends, or -1. */
function headerEnd(bytes) {
  for (let at = 0; at + 4 <= bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

const textOf = (header) => new TextDecoder("latin1").decode(header);

function contentLength(header) {
  const length = Number(/^content-length: *(\d+)\r$/im.exec(textOf(header))?.[1]);
  if (length <= BODY_MAX) return length;
  throw new Error("A part of the stream has no usable Content-Length.");
}

function concat(first, second) {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/* When the picture was captured, in milliseconds since 1970; null if the part does not say. */
function capturedAt(header) {
  const seconds = /^x-timestamp: *([\d.]+)\r$/im.exec(textOf(header))?.[1];
  return seconds ? Number(seconds) * 1000 : null;
}

/*
 * Yields {bytes, captured} for each part: its body as a Uint8Array, and when the picture was captured. Content-Length
 * says where it ends; the boundary after it only arrives with the next part, which at a low rate is much later.
 */
export async function* readParts(stream) {
  const reader = stream.getReader();
  let pending = new Uint8Array();
  try {
    for (;;) {
      let end;
      while ((end = headerEnd(pending)) < 0) {
        if (pending.length > HEADER_MAX) throw new Error("A part of the stream has no header.");
        const { value, done } = await reader.read();
        if (done) return;
        pending = concat(pending, value);
      }
      const header = pending.subarray(0, end), captured = capturedAt(header);
      const body = new Uint8Array(contentLength(header));
      let have = Math.min(body.length, pending.length - end);
      body.set(pending.subarray(end, end + have));
      pending = pending.slice(end + have);
      while (have < body.length) {
        const { value, done } = await reader.read();
        if (done) return;
        const part = value.subarray(0, body.length - have);
        body.set(part, have);
        have += part.length;
        pending = value.slice(part.length);
      }
      yield { bytes: body, captured };
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
