// A sale's stock bar, its countdown, and what state it is in at this moment.

import { everyTick, h, write } from "./dom.js";
import { duration, number } from "./format.js";
import { t } from "./strings.js";

/** @import { RoomView, Sale, SaleStatus } from "../liveroom.js" */

/**
 * How early a sale of a product is shown: a flash sale that has units lies on top of the standing
 * one, which is shown before what is still to come, and that before what is sold out.
 * @param {Sale} sale
 */
const rank = ({ status, left, kind }) => status === "closed" ? 4
  : status === "scheduled" ? 2 : left === 0 ? 3 : kind === "standing" ? 1 : 0;

/**
 * The sale to show for a product: the one that is on or coming, else the latest that was.
 * @param {Pick<RoomView, "sales">} room
 * @param {string} sku
 */
export function saleOf(room, sku) {
  const own = room.sales.filter((sale) => sale.sku === sku).reverse();
  return own.sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

/**
 * The sale of a product that starts next.
 * @param {Pick<RoomView, "sales">} room
 * @param {string} sku
 */
export const nextSaleOf = (room, sku) => room.sales
  .filter((sale) => sale.sku === sku && sale.status === "scheduled")
  .sort((a, b) => a.starts - b.starts)[0] ?? null;

/**
 * "scheduled", "open", "sold_out" or "closed", judged by the server's clock: the event that tells
 * of a start or an end may still be on its way.
 * @param {Sale} sale
 * @param {number} now
 * @returns {SaleStatus}
 */
export function saleState(sale, now) {
  if (sale.status === "closed" || (sale.ends && now >= sale.ends)) return "closed";
  if (sale.status === "scheduled") return now >= sale.starts ? "open" : "scheduled";
  return sale.left === 0 ? "sold_out" : "open";
}

/** Sold, held and left, as widths of one bar and as words. `update(sale)` moves it. */
export function stockBar() {
  const sold = h("i.bar-sold");
  const held = h("i.bar-held");
  const bar = h("div.stock-bar", { role: "img" }, sold, held);
  const [left, heldWords, soldWords] = [h("b.stock-left"), h("span"), h("span")];
  const words = h("p.stock-words", {}, left, heldWords, soldWords);
  const root = h("div.stock", {}, bar, words);
  return {
    root,
    /** @param {Sale} sale */
    update(sale) {
      const all = Math.max(1, sale.allocated ?? sale.left + sale.held + sale.sold);
      sold.style.setProperty("--part", String(sale.sold / all));
      held.style.setProperty("--part", String((sale.sold + sale.held) / all));
      write(left, t("sale.left", { n: number(sale.left) }));
      write(heldWords, sale.held ? t("sale.held", { n: number(sale.held) }) : "");
      write(soldWords, t("sale.sold", { n: number(sale.sold) }));
      root.classList.toggle("few", sale.left > 0 && sale.left / all <= 0.15);
      bar.setAttribute("aria-label", t("sale.stock_label",
        { all: number(all), left: sale.left, held: sale.held, sold: sale.sold }));
    },
  };
}

/**
 * Time until `until()` by the server's clock; hidden when that is 0.
 * @param {() => number} now
 * @param {() => number} until
 * @param {() => string} [label]
 */
export function countdown(now, until, label = () => "") {
  const digits = h("b.digits");
  const words = h("span");
  const root = h("span.countdown", { role: "timer", "aria-live": "off" }, words, digits);
  return everyTick(root, () => {
    const at = until();
    root.hidden = !at || at <= now();
    if (root.hidden) return;
    write(words, label());
    write(digits, duration(at - now()));
    root.classList.toggle("soon", at - now() < 10_000);
  });
}
