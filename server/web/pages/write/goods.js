// The goods of a note that is being written, chosen from the shelves of the host's rooms; and the
// rooms it leads to.

import { cost } from "../ui/cost.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { thumbnail } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { openSheet } from "../ui/sheet.js";
import { phaseText, t, whyNot } from "../ui/strings.js";

/**
 * @import { ShelfPage, WireProduct } from "../liveroom.js"
 * @import { HostView } from "../ui/answers.js"
 * @import { NoteGoods, NoteRoom } from "../ui/answers-of-notes.js"
 */

const ROOMS_READ = 4; // the shelves of the rooms that matter most
const SHELF_MAX = 100;
export const GOODS_MAX = 9;

/** A host's rooms that are not over; [] for who never hosted. */
export async function roomsOf(/** @type {string} */ host) {
  try {
    /** @type {HostView} */
    const { rooms, name } = await rest("GET", `/v1/hosts/${encodeURIComponent(host)}`);
    /** @type {NoteRoom[]} */
    const found = (/** @type {const} */ (["live", "scheduled", "ended"])).flatMap((phase) =>
      rooms[phase].map((room) => ({ room: room.room, title: room.title, phase, host, host_name: name,
        starts_at: room.scheduled })));
    return found;
  } catch {
    return [];
  }
}

/** @type {(host: string, rooms: NoteRoom[]) => Promise<NoteGoods[]>} */
async function shelves(host, rooms) {
  const read = rooms.slice(0, ROOMS_READ).map(async ({ room, phase }) => {
    /** @type {ShelfPage} */
    const { products } = await rest("GET",
      `/v1/rooms/${encodeURIComponent(room)}/shelf?limit=${SHELF_MAX}`);
    return products.map((product) => goodsOf(host, room, phase, product));
  });
  const found = (await Promise.allSettled(read)).flatMap((each) =>
    (each.status === "fulfilled" ? each.value : []));
  return [...new Map(found.reverse().map((goods) => [goods.sku, goods])).values()].reverse();
}

/** @type {(host: string, room: string, phase: NoteRoom["phase"], product: WireProduct) => NoteGoods} */
const goodsOf = (host, room, phase, { sku, title, price, currency, image }) =>
  ({ host, sku, title, price, currency, image, room, phase });

export class Goods {
  /**
   * @param {string} host
   * @param {NoteRoom[]} rooms
   * @param {{goods: NoteGoods[], rooms: NoteRoom[]}} known
   */
  constructor(host, rooms, known) {
    this.host = host;
    this.rooms = rooms;
    this.chosen = known.goods;
    this.list = h("ul.write-goods");
    const coming = rooms.filter(({ phase }) => phase !== "ended");
    const led = new Set(known.rooms.filter(({ linked = true }) => linked).map(({ room }) => room));
    this.boxes = coming.map((room) => ({ room, box: h("input", { type: "checkbox", name: "room",
      value: room.room, checked: led.has(room.room) }) }));
    this.root = h("section.write-part", { data: { section: "goods" }, hidden: !rooms.length },
      h("h2", {}, t("write.goods")), this.list,
      h("button.plain", { type: "button", data: { do: "choose-goods" }, onclick: () => void this.#open() },
        icon("bag"), t("write.goods_add")),
      coming.length > 0 && h("fieldset.chips.write-rooms", {}, h("legend", {}, t("write.rooms")),
        this.boxes.map(({ room, box }) => h("label.chip", {}, box, h("span", {}, room.phase === "live"
          ? `${phaseText("live")} · ${room.title}`
          : `${room.starts_at ? `${day(room.starts_at)} · ` : ""}${room.title}`)))));
    this.#draw();
  }

  /** The rooms that were ticked. */
  get led() { return this.boxes.filter(({ box }) => box.checked).map(({ room }) => room); }

  #draw() {
    this.list.replaceChildren(...this.chosen.map((goods) => h("li.note-goods", { data: { sku: goods.sku } },
      thumbnail({ sku: goods.sku, title: goods.title, image: goods.image ?? null }),
      h("span.note-goods-words", {}, h("b.note-goods-title", { dir: "auto" }, goods.title),
        goods.price != null && goods.currency && cost(goods.price, goods.currency)),
      iconButton("close", t("write.goods_out", { title: goods.title }), () => this.#set(goods, false)))));
  }

  /** @type {(goods: NoteGoods, on: boolean) => void} */
  #set(goods, on) {
    const others = this.chosen.filter(({ sku, host }) => sku !== goods.sku || host !== goods.host);
    this.chosen = on ? [...others, goods].slice(0, GOODS_MAX) : others;
    this.#draw();
  }

  async #open() {
    const list = h("ul.write-shelf", {}, h("li.fine", {}, "…"));
    openSheet(t("write.goods_add"), (leave) => h("div.stack", {}, list,
      h("button.primary.wide", { type: "button", onclick: leave }, t("write.goods_done"))));
    try {
      const found = await shelves(this.host, this.rooms);
      list.replaceChildren(...(found.length ? found.map((goods) => this.#choice(goods))
        : [h("li.fine", {}, t("write.goods_none"))]));
    } catch (error) {
      list.replaceChildren(h("li.fine", {}, whyNot(error)));
    }
  }

  /** @param {NoteGoods} goods */
  #choice(goods) {
    const box = h("input", { type: "checkbox", checked: this.chosen.some(({ sku }) => sku === goods.sku),
      onchange: () => {
        this.#set(goods, box.checked);
        box.checked = this.chosen.some(({ sku }) => sku === goods.sku);
      } });
    return h("li", {}, h("label.switch.note-goods", {}, box,
      thumbnail({ sku: goods.sku, title: goods.title, image: goods.image ?? null }),
      h("span.note-goods-words", {}, h("b.note-goods-title", { dir: "auto" }, goods.title),
        goods.price != null && goods.currency && cost(goods.price, goods.currency))));
  }
}
