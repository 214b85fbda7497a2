/* recorder.mjs - the recorder under test, and what its camera has really shown. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("rig_server.py", import.meta.url));
const NUMBERS = 9000; // of the file of frames, after which they begin anew

export class Recorder {
  #process = spawn("python3", [SERVER], { stdio: ["pipe", "pipe", "inherit"] });
  #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async start() {
    Object.assign(this, await this.ask("where"));
    return this;
  }

  /* One command of rig_server.py. */
  async ask(...command) {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error("the recorder does not start");
    const answer = JSON.parse(line);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async json(path) {
    return (await fetch(this.url + path)).json();
  }

  /* [{number, ms}] of the frames that the recorder took from the camera, in order. */
  frames() {
    return readFileSync(this.log, "ascii").split("\n").slice(0, -1).map((line) => line.split(" "))
      .filter(([kind]) => kind === "taken").map(([, , number, , wall]) => ({ number: number % NUMBERS, ms: wall / 1000 }));
  }

  /* The frame that stands at a moment. */
  frameAt(ms) {
    return this.frames().findLast((frame) => frame.ms <= ms + 0.3);
  }

  stop() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    return ended;
  }
}
