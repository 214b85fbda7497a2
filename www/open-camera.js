/* open-camera.js - all that belongs to the one camera that is seen in large. */
import { Archive } from "./archive.js";
import { find } from "./dom.js";
import { Footage } from "./playable.js";
import { Health } from "./health.js";
import { Live } from "./live.js";
import { Player } from "./player.js";
import { Previews } from "./preview.js";

export class Opened {
  /* owner: {archiveChanged(), preview(url), allow(allowed), player: see player.js} */
  constructor(camera, owner) {
    this.camera = camera;
    this.archive = new Archive(camera.name, () => owner.archiveChanged());
    this.footage = new Footage(camera, this.archive);
    this.player = new Player([find("deck-1"), find("deck-2")], this.footage, owner.player);
    this.live = new Live(find("live"), camera.name);
    this.previews = new Previews(camera.name, (ms, url) => owner.preview(url));
    this.health = new Health(camera.name, (allowed) => owner.allow(allowed));
  }

  stop() {
    for (const part of [this.archive, this.player, this.live, this.previews, this.health]) part.stop();
  }
}
