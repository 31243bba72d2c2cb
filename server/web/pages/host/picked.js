// What of the shelf a host picked of merchants: what changed there, and what was not taken over.

import { h } from "../ui/dom.js";
import { rest } from "../ui/session.js";
import { put } from "../select/rooms.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { RoomPicks, ShownPick } from "../select/answers.js"
 */

export class PickedNotes {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    this.read = ""; // the shelf as it was when the notes were read
    this.root = h("div.picked-notes");
  }

  /** Read again if the shelf has other goods of merchants now. */
  draw() {
    const { room, shelf } = viewOf(this.room);
    const picked = shelf.filter(({ merchant }) => merchant);
    const key = `${room} ${picked.map(({ sku, title, price }) => `${sku} ${title} ${price}`).join()}`;
    if (key === this.read) return;
    this.read = key;
    void this.#read(room);
  }

  /** @param {string} room */
  async #read(room) {
    try {
      /** @type {RoomPicks} */
      const { picks, left_out: leftOut } = await rest("GET",
        `/v1/rooms/${encodeURIComponent(room)}/picks`);
      this.root.replaceChildren(
        ...picks.filter((pick) => pick.newest > pick.version && !pick.over)
          .map((pick) => this.#changed(room, pick)),
        ...leftOut.map(({ sku, title, why }) => h("p.fine.picked-note", { data: { left: sku } },
          h("span", { dir: "auto" }, t("host.left_out", { title, why })))));
    } catch {
      this.root.replaceChildren(); // notes alone: the shelf itself is there
    }
  }

  /** @type {(room: string, pick: ShownPick) => HTMLElement} */
  #changed(room, { pick, title }) {
    return h("p.picked-note", { data: { changed: pick } },
      h("span", { dir: "auto" }, t("host.goods_changed", { title })),
      h("button.plain.small-button", { type: "button", data: { do: "renew" },
        onclick: async () => {
          if (await put(room, pick)) await this.#read(room);
        } }, t("host.renew")));
  }
}
