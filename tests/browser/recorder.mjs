/* recorder.mjs - the recorder under test, and the frames that its camera has really given. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sleep, waitFor } from "./tap.mjs";

const SERVER = fileURLToPath(new URL("rig_server.py", import.meta.url));
const NUMBERS = 9000, HD_NUMBERS = 1200;

export class Recorder {
  #process;
  #lines;
  numbers; // of frames in the camera's file, after which they begin again

  /* cameras: one, with all faults (rig_server.py's Commands), or several; "hd", "thin": rig_server.py. */
  constructor(cameras = 1) {
    const command = cameras === 1 ? [SERVER] : [SERVER, String(cameras)];
    this.numbers = ["hd", "thin"].includes(cameras) ? HD_NUMBERS : NUMBERS;
    this.#process = spawn("python3", command, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async start() {
    Object.assign(this, await this.command("describe"));
    return this;
  }

  /* Runs a command of rig_server.py and resolves to its result. */
  async command(...words) {
    this.#process.stdin.write(`${JSON.stringify(words)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error("the recorder does not start");
    const answer = JSON.parse(line);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async json(path, headers = {}) {
    return (await fetch(this.url + path, { headers })).json();
  }

  /* [{number, ms}] of the frames that the recorder took from the camera, in order. */
  frames(log = this.log) {
    if (!existsSync(log)) return [];
    return readFileSync(log, "ascii").split("\n").slice(0, -1).map((line) => line.split(" "))
      .filter(([kind]) => kind === "taken")
      .map(([, , number, , wall]) => ({ number: number % this.numbers, ms: wall / 1000 }));
  }

  /*
   * Waits until the recorder has taken so much footage since then (or since its first frame). Resolves to the newest
   * frame's time.
   */
  waitTaken(lengthMs, sinceMs = null) {
    return waitFor(() => {
      const frames = this.frames(), newest = frames.at(-1)?.ms;
      return newest - (sinceMs ?? frames[0]?.ms) >= lengthMs && newest;
    }, `${lengthMs} ms are taken`, lengthMs + 60000);
  }

  /* Waits until everything that was taken up to then is on the disk. */
  waitOnDisk(ms) {
    const indexed = async () => Date.parse((await this.json("/camera_info")).recording?.indexed_until);
    return waitFor(async () => await indexed() >= ms, "it is on the disk");
  }

  /* Makes a gap at the end of the archive by unplugging the camera for so long. */
  async makeGap(lengthMs) {
    await this.command("fault", "unplugged", 1);
    await this.command("wait_away");
    await sleep(lengthMs); // the length of the gap is what the test is about
    await this.command("fault", "unplugged", 0);
    await this.command("wait_streaming");
    return this.frames().at(-1).ms;
  }

  stop() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    return ended;
  }
}
