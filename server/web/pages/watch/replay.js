// After the stream: what was shown at which minute, and what can still be bought.

import { h, icon, iconButton, write } from "../ui/dom.js";

import { productOf, saleBlock, thumbnail } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";

export class Replay {
  constructor(ctx) {
    this.ctx = ctx;
    this.root = h("section.replay", { hidden: true, "aria-label": t("replay.title") });
    this.asked = false;
  }

  draw() {
    const { room } = this.ctx.room.state;
    this.root.hidden = room.phase !== "ended" || !this.root.childElementCount;
    if (room.phase === "ended" && !this.asked) this.#read();
  }

  async #read() {
    this.asked = true;
  }
}
