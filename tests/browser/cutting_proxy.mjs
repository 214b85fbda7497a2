/*
 * cutting_proxy.mjs - an HTTP server in front of the recorder that cuts clips off, as a connection does that breaks or
 * hangs.
 */
import { createServer, request as sendRequest } from "node:http";

export class CuttingProxy {
  #recorder;
  #server;
  #bytes = Infinity; // of a clip, after which it is cut off
  #hangs = false;
  #broken = false;

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

  /* The next clip is cut off after so many bytes, and no other one comes until heal(). hangs: connections stay open. */
  cut(bytes, hangs) {
    this.#bytes = bytes;
    this.#hangs = hangs;
  }

  heal() {
    this.#bytes = Infinity;
    this.#broken = false;
  }

  #forward(request, response) {
    const { url: path, method, headers } = request, cuts = path.startsWith("/footage") && this.#bytes < Infinity;
    if (cuts && this.#broken) return this.#end(response);
    const onward = sendRequest({ host: "127.0.0.1", port: this.#recorder.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      if (cuts && method === "GET") this.#cutOff(answer, response);
      else answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    return request.pipe(onward);
  }

  #cutOff(answer, response) {
    let sent = 0;
    answer.on("data", (data) => {
      const part = data.subarray(0, this.#bytes - sent);
      if (part.length) response.write(part);
      sent += part.length;
      if (sent < this.#bytes) return;
      this.#broken = true;
      this.#end(response);
    });
    answer.on("end", () => sent < this.#bytes && response.end());
  }

  #end(response) {
    if (!this.#hangs) response.destroy();
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
