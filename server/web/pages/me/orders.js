// One's orders in all rooms, the newest first.

import { h, icon } from "../ui/dom.js";
import { day, price } from "../ui/format.js";
import { linesOf } from "../ui/orders.js";
import { momentButton } from "../ui/moment.js";
import { PagedList } from "../ui/paged-list.js";
import { parcelsOf } from "../ui/parcels.js";
import { requestOf, returnActions } from "../ui/returning.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";
import { deliveriesOf, deliveryOf } from "./delivery.js";
import { lineName, ownReviews, reviewOf } from "./reviewing.js";

/**
 * @import { Order } from "../liveroom.js"
 * @import { Delivery, OwnReview, Purchase, PurchasesPage } from "../ui/answers.js"
 * @import { Place } from "../ui/paged-list.js"
 * @import { Send } from "../ui/returning.js"
 */

/** @param {string} room */
export const watchPath = (room) => `/watch/${encodeURIComponent(room)}`;

/** @type {Send} */
async function sendByRest(op, { room, order }, { key, ...fields } = {}) {
  const path = `/v1/rooms/${encodeURIComponent(room)}/orders/${encodeURIComponent(order)}/return-request`;
  return op === "return.ask" ? rest("POST", path, fields, String(key)) : rest("DELETE", path);
}

/**
 * What was read beside the orders: where they go, and the own reviews, by line.
 * @typedef {{deliveries: Map<string, Delivery>, reviews: Map<string, OwnReview>}} Beside
 * @typedef {PurchasesPage & {beside: Beside}} PageWithBeside
 */

/** @param {HTMLElement | null} element */
const isButton = (element) => element instanceof HTMLButtonElement;

/**
 * @param {Purchase} purchase
 * @param {Beside} beside
 * @returns {HTMLElement}
 */
function orderRow({ order, title, practice, ...more }, beside) {
  /** @param {Order} changed */
  const redraw = (changed) =>
    row.replaceWith(orderRow({ order: changed, title, practice, ...more }, beside));
  const where = deliveryOf(order, beside.deliveries.get(order.order), (delivery) => {
    beside.deliveries.set(order.order, delivery);
    redraw(order);
  });
  const reviews = order.lines.map((line) => {
    const name = lineName(order.order, line.sale);
    return reviewOf(order, line, beside.reviews.get(name), (review) => {
      beside.reviews.set(name, review);
      redraw(order);
    });
  });
  const row = h("li.me-order", { data: { order: order.order, status: order.status } },
    h("div.order-head", {},
      h("span.status", { data: { status: order.status } }, t(`order.${order.status}`)),
      h("span.fine", {}, day(order.created))),
    linesOf(order),
    h("div.me-total", {},
      h("a.text-link", { href: watchPath(order.room), dir: "auto" }, title || order.room),
      order.lines.length > 1 || order.off ? price(order.total, order.currency) : null),
    where, parcelsOf(order), requestOf(order), reviews.filter((each) => !isButton(each)),
    h("div.me-order-more", {}, order.status === "held" && !practice
      && h("a.primary.small-button.button", { href: watchPath(order.room), data: { do: "pay" } }, t("me.pay")),
    reviews.filter(isButton), momentButton(more.moment), ...returnActions(order, sendByRest, redraw)),
    practice && h("p.fine", {}, t("me.practice")));
  return row;
}

export class OwnOrders {
  constructor() {
    /** @type {PagedList<PageWithBeside>} */
    this.paged = new PagedList((from) => this.#ask(from),
      ({ orders, beside }) => orders.map((each) => orderRow(each, beside)),
      { list: h("ul.orders"), none: h("div.empty", {}, icon("list"), h("p", {}, t("orders.none")),
        h("p.fine", {}, t("orders.none_hint"))), words: t("me.more") });
    this.root = h("section.me-box.me-orders", {}, h("h2", {}, t("orders")), this.paged.parts);
    /** @type {Promise<Map<string, OwnReview>> | null} */
    this.reviews = null;
  }

  read() {
    return this.paged.read();
  }

  /**
   * @param {Place | null} from
   * @returns {Promise<PageWithBeside>}
   */
  async #ask(from) {
    /** @type {PurchasesPage} */
    const page = await rest("GET", `/v1/me/orders?cursor=${encodeURIComponent(from ?? "")}`);
    const [deliveries, reviews] = await Promise.all([
      deliveriesOf(page.orders.map(({ order }) => order)), this.#ownReviews()]);
    return { ...page, beside: { deliveries, reviews } };
  }

  /** Read once for all pages; a failure is not kept. */
  #ownReviews() {
    return this.reviews ??= ownReviews().catch((error) => {
      this.reviews = null;
      throw error;
    });
  }
}
