/* camera-list.js - which cameras there are, and the field that picks one. */
import { health } from "./api.js";
import { Camera } from "./camera.js";
import { element, find } from "./dom.js";
import { SECOND } from "./time.js";

const RETRY_MS = 5 * SECOND;

export class CameraList {
  names = [null]; // the one that serves where no name is given
  #cameras = new Map();
  #status;
  #changed;

  /* `status(camera)` is called at each news of a camera, `changed()` where others than known so far have been found. */
  constructor(status, changed) {
    this.#status = status;
    this.#changed = changed;
  }

  get several() {
    return this.names.length > 1;
  }

  has(name) {
    return this.#cameras.has(name);
  }

  get(name) {
    return this.#cameras.get(name);
  }

  [Symbol.iterator]() {
    return this.#cameras.values();
  }

  /* A recorder that does not answer is asked again; till then it has at least the camera that serves without a name. */
  async learn() {
    const answer = await health(null).catch(() => ({}));
    if (!answer.cameras) setTimeout(() => this.#learnAgain(), RETRY_MS);
    const names = answer.cameras?.length > 1 ? answer.cameras : [null];
    if (this.#cameras.size && names.join() === this.names.join()) return false;
    this.#take(names);
    return true;
  }

  async #learnAgain() {
    if (await this.learn()) this.#changed();
  }

  #take(names) {
    for (const camera of this) camera.stop();
    this.names = names;
    this.#cameras = new Map(names.map((name) => [name, new Camera(name, this.#status)]));
    find("camera-choice").hidden = find("grid-button").hidden = !this.several;
    find("camera-name").hidden = this.several;
    if (!this.several) return;
    find("camera-choice").replaceChildren(element("option", { value: "" }, "All cameras"), ...names.map((name) => element("option", { value: name }, name)));
  }
}
