// One's orders in all rooms, the newest first.

import { h, icon, write } from "../ui/dom.js";
import { day, price } from "../ui/format.js";
import { linesOf } from "../ui/orders.js";
import { requestOf, returnActions } from "../ui/returning.js";
import { writeAloud } from "../ui/front.js";
import { rest } from "../ui/session.js";
import { t, whyNot } from "../ui/strings.js";

/**
 * @import { Order } from "../liveroom.js"
 * @import { Purchase, PurchasesPage } from "../ui/answers.js"
 * @import { Send } from "../ui/returning.js"
 */

/** @param {string} room */
export const watchPath = (room) => `/watch/${encodeURIComponent(room)}`;

/** @type {Send} */
async function sendByRest(op, { room, order }, fields) {
  const path = `/v1/rooms/${encodeURIComponent(room)}/orders/${encodeURIComponent(order)}/return-request`;
  return op === "return.ask" ? rest("POST", path, fields) : rest("DELETE", path);
}

/**
 * @param {Purchase} purchase
 * @returns {HTMLElement}
 */
function orderRow({ order, title, practice, ...more }) {
  /** @param {Order} changed */
  const redraw = (changed) =>
    row.replaceWith(orderRow({ order: changed, title, practice, ...more }));
  const row = h("li.me-order", { data: { order: order.order, status: order.status } },
    h("div.order-head", {},
      h("span.status", { data: { status: order.status } }, t(`order.${order.status}`)),
      h("span.fine", {}, day(order.created))),
    linesOf(order),
    h("div.me-total", {},
      h("a.text-link", { href: watchPath(order.room), dir: "auto" }, title || order.room),
      order.lines.length > 1 || order.off ? price(order.total, order.currency) : null),
    requestOf(order), ...returnActions(order, sendByRest, redraw),
    practice && h("p.fine", {}, t("me.practice")));
  return row;
}

export class OwnOrders {
  constructor() {
    this.list = h("ul.orders");
    this.trouble = h("p.fine");
    this.none = h("div.empty", { hidden: true }, icon("list"), h("p", {}, t("orders.none")),
      h("p.fine", {}, t("orders.none_hint")));
    this.more = h("button.plain.wide", { type: "button", hidden: true, data: { do: "more" },
      onclick: () => this.read() }, t("me.more"));
    this.root = h("section.me-box.me-orders", {}, h("h2", {}, t("orders")), this.none, this.list,
      this.trouble, this.more);
    this.cursor = "";
  }

  /** Read the next page, and show it below what is there. */
  async read() {
    this.more.disabled = true;
    try {
      /** @type {PurchasesPage} */
      const page = await rest("GET", `/v1/me/orders?cursor=${encodeURIComponent(this.cursor)}`);
      this.list.append(...page.orders.map(orderRow));
      this.none.hidden = this.list.children.length > 0;
      this.more.hidden = page.next === null;
      this.cursor = page.next ?? "";
      write(this.trouble, "");
    } catch (error) {
      writeAloud(this.trouble, whyNot(error));
      this.more.hidden = false;
    } finally {
      this.more.disabled = false;
    }
  }
}
