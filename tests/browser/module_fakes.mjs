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

  answer(url, { signal }) {
    const { pathname, searchParams } = new URL(url, "http://localhost"), camera = searchParams.get("camera");
    return pathname === "/stream" ? this.#stream(camera, signal) : this.#still(camera);
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
  #port;

  constructor(hub, isReady = true) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port2;
    hub.connect(port1);
    port2.onmessage = ({ data: { camera, fps, bytes } }) => {
      this.shown.set(camera, [...this.shown.get(camera) ?? [], new TextDecoder().decode(bytes)]);
      if (isReady) this.send("ready", camera, fps);
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

/* The header of a clip whose frames last that long each. */
export function clipHeader(frames, ms) {
  const table = box("minf", [], box("stbl", [], box("stts", [0, 1, frames, ms])));
  return box("moov", [], box("trak", [], box("mdia", [], box("mdhd", [0, 0, 0, 1000, frames * ms]), table)));
}
