// The host's picture: a box that is small until somebody wants to go live with it.

import { h, icon } from "../ui/dom.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { GoingLive } from "./going-live.js"
 */

export class PictureBox {
  /**
   * @param {Room} room
   * @param {() => void} [onChange]
   */
  constructor(room, onChange) {
    this.room = room;
    this.onChange = onChange;
    /** @type {GoingLive | null} */
    this.live = null;
    this.open = h("button.plain.small-button", { type: "button", data: { do: "picture" },
      onclick: () => this.openUp() }, icon("play"), t("picture.open"));
    this.body = h("div");
    this.root = h("section.panel-box.picture-box", { "aria-label": t("picture.title") },
      h("div.box-head", {}, h("h2", {}, t("picture.title")), this.open), this.body);
  }

  draw() {
    const { phase, kind, embed_url: embedded } = viewOf(this.room);
    this.root.hidden = phase === "ended" || kind === "group" || Boolean(embedded);
    if (phase === "ended") this.live?.close();
    this.live?.draw();
  }

  /** The rest is fetched when it is first wanted. */
  async openUp() {
    this.open.hidden = true;
    const { GoingLive } = await import("./going-live.js");
    if (this.live) return this.live; // asked for twice
    this.live = new GoingLive(this.room, this.onChange);
    this.body.replaceChildren(this.live.root);
    this.live.draw();
    return this.live;
  }
}
