/*
 * cutting_proxy.mjs - an HTTP server in front of the recorder whose connections for clips can hang or break, and whose
 * streams of pictures can be slow.
 */
import { createServer, request as sendRequest } from "node:http";

export class CuttingProxy {
  #recorder;
  #server;
  #bytes = Infinity; // of each clip, after which its connection hangs
  #drops = false;
  #hanging = new Set(); // responses
  #slow = null; // {rate, asked} of streams of pictures

  constructor(recorder) {
    this.#recorder = recorder;
  }

  async start() {
    this.#server = createServer((request, response) => this.#forward(request, response));
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /* From now on each clip hangs after so many bytes. */
  hangAfter(bytes) {
    this.#bytes = bytes;
  }

  /* Breaks the connections that hang, and refuses other clips. */
  drop() {
    this.#drops = true;
    for (const response of this.#hanging) response.destroy();
  }

  heal() {
    this.drop();
    this.#drops = false;
    this.#bytes = Infinity;
  }

  /* From now on streams of pictures get so many bytes per second. asked(path) is called for each. */
  slowDown(rate, asked) {
    this.#slow = { rate, asked };
  }

  #forward(request, response) {
    const { url: path, method, headers } = request, isClip = path.startsWith("/footage") && method === "GET";
    if (isClip && this.#drops) return response.destroy();
    const onward = sendRequest({ host: "127.0.0.1", port: this.#recorder.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      if (isClip) this.#sendClip(answer, response);
      else if (this.#slow && path.startsWith("/stream")) this.#sendSlowly(path, answer, response);
      else answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    return request.pipe(onward);
  }

  #sendClip(answer, response) {
    let left = this.#bytes;
    answer.on("data", (data) => {
      response.write(data.subarray(0, Math.min(left, data.length)));
      left -= data.length;
      if (left > 0) return;
      answer.pause();
      this.#hanging.add(response.on("close", () => this.#hanging.delete(response)));
    });
    answer.on("end", () => response.end());
  }

  #sendSlowly(path, answer, response) {
    this.#slow.asked(path);
    answer.on("data", (data) => {
      response.write(data);
      answer.pause();
      setTimeout(() => answer.resume(), 1000 * data.length / this.#slow.rate);
    });
    answer.on("end", () => response.end());
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
