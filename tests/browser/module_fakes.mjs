/* module_fakes.mjs - what the page's modules meet in node: a video, a recorder, a tab, the header of a clip. */

/* A <video> that loads and seeks at once, and ends when a test makes it end. */
export class FakeVideo extends EventTarget {
  currentTime = 0;
  readyState = 0;
  duration = 10;
  playbackRate = 1;
  ended = false;
  classList = { toggle() {} };

  set src(url) {
    this.readyState = 4;
    this.currentTime = 0;
    this.ended = false;
    setTimeout(() => this.dispatchEvent(new Event("loadedmetadata")));
  }

  setAttribute() {}
  hasAttribute() {}
  pause() {}

  async play() {
    if (this.ended) this.currentTime = 0; // HTML, 4.8.11.8: it begins again
    this.ended = false;
  }

  playToTheEnd() {
    this.currentTime = this.duration;
    this.ended = true;
    this.onended();
  }
}

export const part = (body) => `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`;

/* An answer that goes on for ever: send(text) adds to it. */
export function endlessAnswer(signal) {
  let controller;
  const body = new ReadableStream({ start: (made) => (controller = made) });
  signal?.addEventListener("abort", () => controller.error(signal.reason));
  const send = (text) => controller.enqueue(new TextEncoder().encode(text));
  return { response: new Response(body), send, controller };
}

/*
 * A recorder that counts the connections for live pictures. A stream begins with one picture, and send() adds to all.
 */
export class FakeRecorder {
  streams = new Map(); // camera -> send(text)
  stills = 0;
  most = 0;
  video = true; // there is live video

  answer(url, { signal }) {
    const { pathname, searchParams } = new URL(url, "http://localhost"), camera = searchParams.get("camera");
    if (pathname === "/live.mp4") return this.#video(camera, signal);
    return pathname === "/stream" ? this.#stream(camera, signal) : this.#still(camera);
  }

  #video(camera, signal) {
    if (!this.video) return new Response("{}", { status: 503 });
    this.streams.set(camera, () => {});
    signal.addEventListener("abort", () => this.streams.delete(camera));
    this.#count();
    return new Response(cutStream(Buffer.concat([videoInit(), videoFrame(1, { captured: 5 }), videoFrame(2)]), 50));
  }

  #count() {
    this.most = Math.max(this.most, this.streams.size + this.stills);
  }

  #stream(camera, signal) {
    const { response, send } = endlessAnswer(signal);
    this.streams.set(camera, send);
    signal.addEventListener("abort", () => this.streams.delete(camera));
    this.#count();
    send(part(`stream of ${camera}`));
    return response;
  }

  async #still(camera) {
    this.stills++;
    this.#count();
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.stills--;
    return new Response(`still of ${camera}`);
  }
}

/* A tab that watches live pictures: what it has shown of each camera. */
export class FakeTab {
  shown = new Map();
  video = []; // pieces
  #port;

  constructor(hub, isReady = true) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port2;
    hub.connect(port1);
    port2.onmessage = ({ data: { camera, fps, bytes, piece, refused } }) => {
      if (fps === "video" && !bytes) return this.video.push(piece ?? { refused });
      this.shown.set(camera, [...this.shown.get(camera) ?? [], new TextDecoder().decode(bytes)]);
      return isReady && this.send("ready", camera, fps);
    };
  }

  send(type, camera, fps = 10) {
    this.#port.postMessage({ type, camera, fps });
  }

  close() {
    this.#port.close();
  }
}

/* A box of ISO/IEC 14496-12 that holds 32-bit numbers, then boxes. */
function box(type, numbers, ...inner) {
  const head = Buffer.alloc(8 + 4 * numbers.length);
  const size = inner.reduce((sum, one) => sum + one.length, head.length);
  head.writeUInt32BE(size);
  head.write(type, 4, "latin1");
  for (const [at, number] of numbers.entries()) head.writeUInt32BE(number, 8 + 4 * at);
  return Buffer.concat([head, ...inner]);
}

/* Live video as recorder-live sends it: an init segment, then frames, each 40 ms long; key: {captured: seconds}. */
export function videoInit() {
  const avcc = box("avcC", [], Buffer.from([1, 0x64, 0, 0x1f, 0, 0, 0, 0]));
  return Buffer.concat([box("ftyp", [0]), box("moov", [], avcc)]);
}

export function videoFrame(number, key) {
  const tfdt = box("tfdt", [1 << 24 >>> 0, 0, 40000 * number]);
  const fragment = box("moof", [], box("mfhd", [0, number]), box("traf", [], box("tfhd", [0, 1]), tfdt));
  const time = key ? [box("prft", [(1 << 24 | 24) >>> 0, 1, key.captured + 2208988800, 2 ** 31, 0, 0])] : [];
  return Buffer.concat([...time, fragment, box("mdat", [number])]);
}

export function videoEvent(value) {
  const texts = Buffer.from(`urn:smart-camera-recorder:live-video\0${value}\0`, "latin1");
  return box("emsg", [1 << 24, 1000000, 0, 0, 0, 0], texts);
}

/* A stream of those bytes in pieces of that size, which does not end. */
export function cutStream(bytes, size) {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(new Uint8Array(bytes.subarray(at, at + size)));
    },
  });
}

/* The header of a clip whose frames last that long each. */
export function clipHeader(frames, ms) {
  const table = box("minf", [], box("stbl", [], box("stts", [0, 1, frames, ms])));
  return box("moov", [], box("trak", [], box("mdia", [], box("mdhd", [0, 0, 0, 1000, frames * ms]), table)));
}
