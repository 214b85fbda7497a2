/* event-stream.js - reads server-sent events (HTML, 9.2) from the body of an answer. */

const LINE_MAX = 1024 * 1024;

/* The lines of a stream. They end with CR, LF or both; what is after the last end is no line yet. */
async function* readLines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "", afterReturn = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      pending += afterReturn && value.startsWith("\n") ? value.slice(1) : value;
      afterReturn = value ? value.endsWith("\r") : afterReturn;
      const lines = pending.split(/\r\n|\r|\n/);
      pending = lines.pop();
      if (pending.length > LINE_MAX) throw new Error("A line of the stream is too long.");
      yield* lines;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/*
 * Yields {id, kind, data} for each event, where kind is its type ("message" without one). For a comment, and for a block
 * that has no data, data is null: servers send these so that a connection which is broken is noticed. id: the last one
 * that was complete, of this block or an earlier one; null: none.
 */
export async function* readEvents(stream) {
  let id = null, nextId = null, kind = "", data = [], size = 0;
  for await (const line of readLines(stream)) {
    if (line === "") {
      id = nextId;
      yield { id, kind: kind || "message", data: data.length ? data.join("\n") : null };
      kind = "";
      data = [];
      size = 0;
      continue;
    }
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    size += line.length;
    if (size > LINE_MAX) throw new Error("An event of the stream is too long.");
    if (field === "") yield { id, kind: "message", data: null };
    else if (field === "id" && !value.includes("\0")) nextId = value;
    else if (field === "event") kind = value;
    else if (field === "data") data.push(value);
  }
}
