/*
 * other_site.mjs - the server of another site, with a page of its own and the recorder below /cam/, as behind a proxy
 * that people set up. Its name and its port are others than the recorder's.
 */
import { createServer, request as sendRequest } from "node:http";

const HTML = "<!doctype html><title>page</title>";
const BELOW = "/cam";

export class SiteServer {
  outside = []; // paths below neither of its two parts that somebody has asked for
  #recorder;
  #server;

  constructor(recorder) {
    this.#recorder = recorder;
  }

  async start() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((resolve) => this.#server.listen(0, "localhost", resolve));
    return this;
  }

  get url() {
    return `http://localhost:${this.#server.address().port}`;
  }

  /* The recorder as clients of this site see it. */
  get recorder() {
    const url = this.url + BELOW;
    return Object.create(this.#recorder, { url: { value: url } });
  }

  #answer(request, response) {
    if (request.url.startsWith(`${BELOW}/`)) return this.#forward(request, response);
    if (request.url !== "/" && request.url !== "/favicon.ico") this.outside.push(request.url);
    return response.setHeader("Content-Type", "text/html").end(HTML);
  }

  #forward(request, response) {
    const { url, method, headers } = request, { port } = this.#recorder, path = url.slice(BELOW.length);
    const onward = sendRequest({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }

  stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}
