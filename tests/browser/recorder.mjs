/* recorder.mjs - the recorder under test, and what its camera has really shown. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sleep, waitFor } from "./tap.mjs";

const SERVER = fileURLToPath(new URL("rig_server.py", import.meta.url));
const NUMBERS = 9000; // of the file of frames, after which they begin anew

export class Recorder {
  #process;
  #lines;

  /* How many cameras: one with all faults (rig_server.py's Commands), or several. */
  constructor(cameras = 1) {
    this.#process = spawn("python3", cameras > 1 ? [SERVER, String(cameras)] : [SERVER], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

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
  frames(log = this.log) {
    if (!existsSync(log)) return [];
    return readFileSync(log, "ascii").split("\n").slice(0, -1).map((line) => line.split(" "))
      .filter(([kind]) => kind === "taken").map(([, , number, , wall]) => ({ number: number % NUMBERS, ms: wall / 1000 }));
  }

  /* Waits until it has taken footage of so many milliseconds since then (or since its first frame). Resolves to the newest frame's time. */
  taken(lengthMs, sinceMs = null) {
    return waitFor(() => {
      const frames = this.frames(), newest = frames.at(-1)?.ms;
      return newest - (sinceMs ?? frames[0]?.ms) >= lengthMs && newest;
    }, `${lengthMs} ms are taken`, lengthMs + 60000);
  }

  /* Waits until what was taken up to then is on the disk. */
  onDisk(ms) {
    return waitFor(async () => Date.parse((await this.json("/camera_info")).recording?.indexed_until) >= ms, "it is on the disk");
  }

  /* A gap at the end of what there is: the camera is away for so long. */
  async makeGap(lengthMs) {
    await this.ask("fault", "unplugged", 1);
    await this.ask("wait_away");
    await sleep(lengthMs); // the subject: the gap's length
    await this.ask("fault", "unplugged", 0);
    await this.ask("wait_streaming");
    return this.frames().at(-1).ms;
  }

  stop() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    return ended;
  }
}
