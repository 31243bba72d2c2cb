// The goods of a note with their price now, and the rooms it leads to.

import { cost } from "../ui/cost.js";
import { h, icon } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { phaseText, t } from "../ui/strings.js";
import { posterVars } from "../ui/poster.js";
import { thumbnail } from "../ui/product.js";
import { reminder } from "../ui/room-card.js";

/**
 * @import { Note, NoteGoods, NoteRoom } from "../ui/answers-of-notes.js"
 * @import { Ties } from "../ui/ties.js"
 */

/**
 * Where a room is watched by who comes from this note: their orders have it as their source.
 * @type {(room: string, note: string) => string}
 */
export const watchFrom = (room, note) =>
  `/watch/${encodeURIComponent(room)}${note && `?from=${encodeURIComponent(`note:${note}`)}`}`;

/** @type {(goods: NoteGoods, note: string) => HTMLElement} */
export function goodsRow(goods, note) {
  const { room, phase, title, price, currency = "" } = goods;
  const image = thumbnail({ sku: goods.sku, title, image: goods.image ?? null });
  const words = h("span.note-goods-words", {}, h("b.note-goods-title", { dir: "auto" }, title),
    price != null && currency ? cost(price, currency) : h("span.fine", {}, t("note.not_sold")));
  if (!room) return h("li.note-goods", {}, image, words);
  return h("li.note-goods", {}, image, words,
    h("a.primary.small-button.button", { href: watchFrom(room, note), data: { do: "watch", sku: goods.sku },
      "aria-label": `${t(phase === "live" ? "note.to_live" : "note.to_room")}: ${title}` },
    t(phase === "live" ? "note.to_live" : "note.to_room")));
}

/** @type {(note: Note) => HTMLElement | null} */
export const goodsOf = ({ note, goods }) => (goods.length
  ? h("section.note-part", { data: { section: "goods" } }, h("h3", {}, t("note.goods")),
    h("ul", {}, goods.map((each) => goodsRow(each, note)))) : null);

/** @type {(note: Note, ties: Ties) => HTMLElement | null} */
export function roomsOf({ note, rooms }, ties) {
  const shown = rooms.filter(({ phase }) => phase !== "ended")
    .sort((a, b) => Number(b.phase === "live") - Number(a.phase === "live"));
  if (!shown.length) return null;
  return h("section.note-part", { data: { section: "rooms" } }, h("h3", {}, t("note.rooms")),
    h("ul", {}, shown.map((room) => roomRow(room, note, ties))));
}

/** @type {(room: NoteRoom, note: string, ties: Ties) => HTMLElement} */
function roomRow(room, note, ties) {
  const { phase, title, starts_at: starts = 0 } = room;
  const isLive = phase === "live";
  return h("li.note-room", { data: { phase } },
    h("a.note-room-link", { href: watchFrom(room.room, note), data: { do: "watch" } },
      h("span.note-room-mark.tile", { vars: posterVars(room.room + title), "aria-hidden": "true" },
        icon(isLive ? "play" : "clock")),
      h("span.note-goods-words", {}, h("b.note-goods-title", { dir: "auto" }, title),
        h("span.phase", { data: { phase } }, !isLive && starts ? t("watch.soon_at", { when: day(starts) })
          : phaseText(phase)))),
    isLive ? h("a.primary.small-button.button", { href: watchFrom(room.room, note), "aria-label":
      `${t("note.to_live")}: ${title}` }, t("note.to_live"))
      : reminder({ ...room, host: room.host ?? "", scheduled: starts }, ties));
}
