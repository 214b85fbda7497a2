/* open-camera.js - everything that belongs to the camera that is shown large. */
import { Archive } from "./archive.js";
import { find } from "./dom.js";
import { Health } from "./health.js";
import { Live } from "./live.js";
import { Playable } from "./playable.js";
import { Player } from "./player.js";
import { Previews } from "./preview.js";

export class OpenCamera {
  constructor(camera) {
    this.camera = camera;
    this.archive = new Archive(camera.name);
    this.playable = new Playable(camera, this.archive);
    this.player = new Player([find("video-1"), find("video-2")], this.playable);
    this.live = new Live(find("live"), camera.name, null, () => camera.now());
    this.previews = new Previews(camera.name);
    this.health = new Health(camera.name);
  }

  stop() {
    for (const part of [this.archive, this.player, this.live, this.previews, this.health]) part.stop();
  }
}
