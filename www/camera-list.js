/* camera-list.js - all cameras of this recorder, and the field that selects one. */
import { health } from "./api.js";
import { Camera } from "./camera.js";
import { element, find } from "./dom.js";
import { emit } from "./events.js";
import { SECOND } from "./time.js";

const RETRY_MS = 5 * SECOND;

/*
 * Events: "status" {camera} after each answer of a camera, "change" when a later attempt to load found other cameras.
 */
export class CameraList extends EventTarget {
  names = [null]; // null: the camera that answers requests without a name
  #cameras = new Map();

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

  /*
   * Resolves to true if the cameras are other ones than before. If the recorder does not answer, this tries again
   * later; until then there is at least the camera that answers without a name.
   */
  async load() {
    const answer = await health(null).catch(() => ({}));
    if (!answer.cameras?.length) setTimeout(() => this.#reload(), RETRY_MS);
    const names = answer.cameras?.length > 1 ? answer.cameras : [null];
    if (this.#cameras.size && names.join() === this.names.join()) return false;
    this.#setNames(names);
    return true;
  }

  async #reload() {
    if (await this.load()) emit(this, "change");
  }

  #setNames(names) {
    for (const camera of this) camera.stop();
    this.names = names;
    this.#cameras = new Map(names.map((name) => [name, this.#create(name)]));
    find("camera-choice").hidden = find("grid-button").hidden = !this.several;
    find("camera-name").hidden = this.several;
    if (!this.several) return;
    const options = names.map((name) => element("option", { value: name }, name));
    find("camera-choice").replaceChildren(element("option", { value: "" }, "All cameras"), ...options);
  }

  #create(name) {
    const camera = new Camera(name);
    camera.addEventListener("status", () => emit(this, "status", { camera }));
    return camera;
  }
}
