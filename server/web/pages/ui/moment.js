// What the buyer of an order was shown when they bought: opened from wherever the order stands.

import { h, icon } from "./dom.js";
import { day, duration, price } from "./format.js";
import { writeAloud } from "./front.js";
import { rest } from "./session.js";
import { openSheet } from "./sheet.js";
import { t, whyNot } from "./strings.js";

/**
 * @import { OrderMoment } from "./answers.js"
 * @import { WireProduct } from "../liveroom.js"
 */

/** @param {string} path of the moment, as REST names it */
export const momentButton = (path) => h("button.quiet.small-button", { type: "button",
  data: { do: "moment" }, onclick: () => openMoment(path) }, icon("eye"), t("moment.open"));

/** @param {{room: string, order: string}} order */
export const momentPath = ({ room, order }) =>
  `/v1/rooms/${encodeURIComponent(room)}/orders/${encodeURIComponent(order)}/moment`;

/** @param {string} path */
function openMoment(path) {
  const body = h("div.moment", {}, h("p.fine", {}, t("moment.reading")));
  openSheet(t("moment.title"), () => body);
  void fill(body, path);
}

/** @type {(body: HTMLElement, path: string) => Promise<void>} */
async function fill(body, path) {
  try {
    /** @type {OrderMoment} */
    const moment = await rest("GET", path);
    const { at, second, replay, lines, pin, currency } = moment;
    body.replaceChildren(
      h("p.fine", {}, second === undefined ? day(at)
        : t("moment.at", { when: day(at), second: duration(second * 1000) })),
      ...lines.map(({ title, qty, price: paid, product, pinned }) => h("section.moment-line", {},
        h("h3", {}, title, " ", h("span.fine", {}, `×${qty}`), " ",
          pinned && h("span.badge", {}, t("product.pinned"))),
        h("p", {}, t("moment.paid"), " ", price(paid, currency)),
        product ? shown(product) : h("p.fine", {}, t("moment.not_shown")))),
      ...(pin && !lines.some(({ sku }) => sku === pin.sku)
        ? [h("p.fine", {}, t("moment.pinned", { title: pin.title }))] : []),
      ...(replay ? [h("a.plain.button.wide", { href: replay }, icon("play"), t("moment.replay"))] : []));
  } catch (error) {
    const line = h("p.fine");
    body.replaceChildren(line);
    writeAloud(line, whyNot(error));
  }
}

/** @param {WireProduct} product as it stood on the shelf */
function shown({ price: then, currency, points = [], flaws = [] }) {
  return h("dl.moment-shown", {},
    h("div", {}, h("dt", {}, t("moment.shelf_price")), h("dd", {}, price(then, currency))),
    list("points", t("product.points"), points), list("flaws", t("product.flaws"), flaws));
}

/** @type {(kind: string, title: string, words: string[]) => HTMLElement} */
const list = (kind, title, words) => h("div", { data: { kind } }, h("dt", {}, title),
  h("dd", {}, words.length ? h("ul", {}, words.map((word) => h("li", {}, word)))
    : t("moment.none")));
