// Orders as they come: read by REST when the stock says that something happened.

import { isolated } from "../ui/bidi.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { clock, price, priceText } from "../ui/format.js";
import { momentButton, momentPath } from "../ui/moment.js";
import { sendIn } from "../ui/orders.js";
import { Repeat } from "../ui/repeat.js";
import { answerActions } from "../ui/return-forms.js";
import { parcelsOf } from "../ui/parcels.js";
import { requestOf } from "../ui/returning.js";
import { rest } from "../ui/session.js";
import { sure } from "../ui/sheet.js";
import { failureOf, listed, t } from "../ui/strings.js";
import { attempt } from "./shelf.js";

/**
 * @import { Order, Room } from "../liveroom.js"
 * @import { OrdersPage } from "../ui/answers.js"
 * @import { Failure } from "../ui/failure.js"
 */

const READ_MS_MIN = 700; // however fast the stock changes
const READ_MS = 5000; // however quiet it is
const SHOWN_MAX = 50;

export class HostOrders {
  /**
   * @param {Room} room
   * @param {string} roomId
   * @param {() => void} onRead
   * @param {(orders: number) => void} onNew so many were ordered since the last reading
   */
  constructor(room, roomId, onRead, onNew) {
    this.room = room;
    this.path = `/v1/rooms/${encodeURIComponent(roomId)}/orders`;
    this.csv = `${this.path}.csv`;
    /** @type {Order[]} */
    this.all = []; // newest first
    /** @type {Map<string, Order>} */
    this.byId = new Map();
    /** @type {string | null} */
    this.key = null; // what is shown
    this.reading = false;
    this.refused = false;
    /** @type {Failure | null} */
    this.failed = null;
    /** @type {Repeat | null} */
    this.ticks = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.after = 0; // the place in the ledger up to which we have read
    this.onRead = onRead;
    this.onNew = onNew;
    this.begun = false; // the first reading brings what was there before
    this.list = h("ol.host-orders", { tabindex: "0", "aria-label": t("host.orders") });
    this.root = h("section.panel-box", { "aria-label": t("host.orders") },
      h("div.box-head", {}, h("h2", {}, t("host.orders")),
        h("a.plain.small-button.button", { href: this.csv, download: "" }, icon("download"),
          t("host.csv"))),
      this.list);
    this.draw();
  }

  start() {
    this.room.on("stock", () => this.#soon());
    this.room.on("sale", () => this.#soon());
    this.ticks = new Repeat(READ_MS, async () => {
      await this.#read();
      if (this.failed) throw this.failed; // the next reading comes later
    }).start();
    this.#read();
  }

  #soon() {
    if (!this.refused) this.timer ??= setTimeout(() => this.#read(), READ_MS_MIN);
  }

  async #read() {
    if (this.reading) return;
    this.reading = true;
    clearTimeout(this.timer);
    try {
      /** @type {OrdersPage} */
      let page;
      const known = this.byId.size;
      do {
        page = await rest("GET", `${this.path}?after=${this.after}`);
        for (const order of page.orders) this.byId.set(order.order, order);
        this.after = page.at;
      } while (page.next);
      this.all = [...this.byId.values()].sort((a, b) => b.created - a.created);
      this.draw();
      this.onRead();
      if (this.begun && this.byId.size > known) this.onNew(this.byId.size - known);
      this.begun = true;
      this.failed = null;
    } catch (thrown) {
      const error = failureOf(thrown);
      this.refused = [401, 403, 404].includes(error.status ?? 0); // asking again would change nothing
      if (this.refused) this.ticks?.stop();
      this.failed = error; // else the next change of the stock asks again, or the next reading
    }
    this.reading = false;
    this.timer = undefined;
  }

  draw() {
    const key = JSON.stringify(this.all.slice(0, SHOWN_MAX).map(({ order, updated }) =>
      [order, updated]));
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...(this.all.length
      ? this.all.slice(0, SHOWN_MAX).map((order) => this.#row(order))
      : [h("li.empty", {}, icon("list"), h("p", {}, t("host.no_orders")))]));
  }

  /** @param {Order} order */
  #row(order) {
    const takeBack = async () => {
      const question = t("host.return_sure", { name: order.name,
        price: priceText(order.total, order.currency) });
      if (!await sure(question, t("host.return"))) return;
      await attempt(this.room.send("order.return", { order: order.order, restock: true }));
      this.#soon();
    };
    return h("li.host-order", { data: { order: order.order, status: order.status } },
      h("span.fine", {}, clock(order.created)),
      h("span.host-order-who", {}, h("b", {}, order.name || order.user),
        h("span.fine", {}, listed(order.lines.map(({ title, qty }) => `${isolated(title)} ×${qty}`)))),
      h("span.status", { data: { status: order.status } }, t(`order.${order.status}`)),
      price(order.total, order.currency),
      order.status === "paid"
        ? iconButton("undo", `${t("host.return")}: ${order.name}`, takeBack)
        : h("span"),
      parcelsOf(order), requestOf(order),
      answerActions(order, sendIn(this.room), () => this.#soon()),
      order.status === "paid" && momentButton(momentPath(order)));
  }
}
