// The host's shelf and sales: what is pinned, what is sold, with the buttons to change it.

import { beside } from "../ui/bidi.js";
import { everyTick, h, icon, iconButton, write } from "../ui/dom.js";
import { number, price, priceText } from "../ui/format.js";
import { Ordering } from "../ui/ordering.js";
import { optionsText, thumbnail } from "../ui/product.js";
import { sure, toast } from "../ui/sheet.js";
import { countdown, saleOf, saleState, stockBar } from "../ui/stock.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { bulkForm } from "./bulk.js";
import { priceForm, productForm, restockForm, saleForm, stockForm } from "./forms.js";
import { PickedNotes } from "./picked.js";

/** @import { Product, Room, Sale } from "../liveroom.js" */

const CLOSED_SHOWN_MAX = 3;
const ROWS = 100; // of a long shelf so many at first, and more when asked for
const SEARCHED_MIN = 20; // so many products are found by looking

/**
 * Run a command; what goes wrong is told, not thrown.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | null>} null if it went wrong
 */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    toast(whyNot(error));
    return null;
  }
}

/** @type {(room: Room, sku: string) => Promise<unknown>} */
export const pin = (room, sku) =>
  attempt(viewOf(room).pin === sku ? room.send("unpin") : room.send("pin", { sku }));

export class HostShelf {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    this.list = h("ol.host-shelf");
    this.most = ROWS;
    this.search = h("input", { type: "search", maxlength: "200", hidden: true,
      "aria-label": t("shelf.search"), placeholder: t("shelf.search"), oninput: () => this.draw() });
    this.more = h("button.plain.wide", { type: "button", hidden: true, data: { do: "more-products" },
      onclick: () => { this.most += ROWS; this.draw(); } });
    this.notes = new PickedNotes(room);
    this.ordering = new Ordering(this.list, (sku, before) => attempt(room.send("shelf.move", { sku, before })),
      () => this.draw());
    this.root = h("section.panel-box", { "aria-label": t("shelf") },
      h("div.box-head", {}, h("h2", {}, t("shelf")),
        h("button.plain.small-button", { type: "button", onclick: () => productForm(room) },
          icon("plus"), t("host.add"))),
      h("div.shelf-ways", {}, h("a.plain.small-button.button", { href: "/select", target: "_blank" },
        t("host.from_picks")),
      h("button.plain.small-button", { type: "button", data: { do: "bulk" },
        onclick: () => bulkForm(room) }, icon("list"), t("bulk.open"))),
      this.notes.root, this.search, this.list, this.more);
  }

  draw() {
    if (this.ordering.isBusy) return;
    const { shelf, shelf_total: total, pin: sku, phase } = viewOf(this.room);
    const pinned = phase === "ended" ? "" : sku;
    const words = this.search.value.toLowerCase().split(/\s+/);
    /** @param {Product} product */
    const isFound = ({ title, sku: its }) =>
      words.every((word) => `${title} ${its}`.toLowerCase().includes(word));
    const found = [...shelf.entries()].filter(([, product]) => isFound(product));
    this.notes.draw();
    this.ordering.fill(shelf.length
      ? found.slice(0, this.most).map(([i, product]) => this.#row(product, i, product.sku === pinned))
      : [h("li.empty", {}, icon("bag"), h("p", {}, t("shelf.empty")),
        h("p.fine", {}, t("host.shelf_hint")))]);
    this.search.hidden = total <= SEARCHED_MIN;
    this.list.classList.toggle("is-found", found.length < shelf.length); // some are hidden: no order to set
    this.more.hidden = found.length <= this.most;
    write(this.more, t("shelf.more", { n: found.length - this.most }));
  }

  /**
   * What its sale stands at, kept up to date; nothing without one.
   * @param {Product} product
   */
  #onSale({ sku, currency }) {
    const line = h("span.fine.on-sale");
    return everyTick(line, () => {
      const sale = saleOf(viewOf(this.room), sku);
      const state = sale ? saleState(sale, this.room.now()) : "closed";
      line.hidden = state === "closed";
      if (!sale || line.hidden) return;
      write(line, state === "open"
        ? beside(priceText(sale.price, currency), t("sale.left", { n: number(sale.left) }))
        : t(state === "sold_out" ? "sale.sold_out" : "sale.soon"));
    });
  }

  /** @type {(product: Product, i: number, pinned: boolean) => HTMLElement} */
  #row(product, i, pinned) {
    const { room } = this;
    const { phase, selling } = viewOf(room);
    const over = phase === "ended";
    const remove = async () => {
      if (await sure(t("host.remove_sure", { title: product.title }), t("host.remove"))) {
        attempt(room.send("shelf.remove", { sku: product.sku }));
      }
    };
    return h("li.host-product", { class: pinned ? "is-pinned" : "", data: { sku: product.sku, key: product.sku } },
      h("div.host-product-main", {},
        this.ordering.handle(product.sku, product.title),
        h("span.thumb-wrap", {}, thumbnail(product), h("span.number", {}, String(i + 1))),
        h("div.host-product-words", {},
          h("p.shelf-title", {}, product.title),
          optionsText(product) && h("span.fine", {}, optionsText(product)),
          price(product.price, product.currency), this.#onSale(product))),
      h("div.host-product-do", {},
        h("button.small-button", { type: "button", class: pinned ? "primary" : "plain",
          "aria-pressed": String(pinned), data: { do: "pin" }, disabled: over,
          onclick: () => pin(room, product.sku) }, icon("pin"),
        t(pinned ? "product.pinned" : "host.pin")),
        h("button.plain.small-button", { type: "button", data: { do: "sell" },
          disabled: over && !selling,
          onclick: () => saleForm(room, product) }, icon("bolt"), t("host.sell")),
        iconButton("edit", `${t("host.edit")}: ${product.title}`, () => productForm(room, product)),
        iconButton("trash", `${t("host.remove")}: ${product.title}`, remove)));
  }
}

export class HostSales {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    /** @type {string | null} */
    this.key = null; // what is shown
    /** @type {Map<string, {root: HTMLElement, bar: ReturnType<typeof stockBar>}>} */
    this.rows = new Map(); // by sale
    this.list = h("ol.host-sales");
    this.root = h("section.panel-box", { "aria-label": t("host.sales") },
      h("div.box-head", {}, h("h2", {}, t("host.sales"))), this.list);
  }

  /** The sale a shortcut means: that of the pinned product, else the newest that is on. */
  current() {
    const { sales, pin: pinned } = viewOf(this.room);
    const on = sales.filter((sale) => saleState(sale, this.room.now()) !== "closed");
    return on.findLast((sale) => sale.sku === pinned) ?? on.at(-1) ?? null;
  }

  draw() {
    const { sales } = viewOf(this.room);
    const on = sales.filter(({ status }) => status !== "closed").reverse();
    const closed = sales.filter(({ status }) => status === "closed").slice(-CLOSED_SHOWN_MAX);
    const shown = [...on, ...closed.reverse()];
    const key = shown.map(({ sale, status, price: now }) => sale + status + now).join();
    if (key !== this.key) {
      this.key = key;
      this.rows = new Map(shown.map((sale) => [sale.sale, this.#row(sale)]));
      this.list.replaceChildren(...(shown.length
        ? [...this.rows.values()].map(({ root }) => root)
        : [h("li.empty", {}, icon("bolt"), h("p", {}, t("host.no_sales")))]));
    }
    for (const sale of shown) this.rows.get(sale.sale)?.bar.update(sale);
  }

  /** @param {Sale} sale */
  #row(sale) {
    const { room } = this;
    const bar = stockBar();
    const closed = sale.status === "closed";
    const find = () => viewOf(room).sales.find((known) => known.sale === sale.sale) ?? sale;
    const timer = countdown(() => room.now(),
      () => ({ scheduled: find().starts, closed: 0, open: find().ends, sold_out: find().ends,
      }[saleState(find(), room.now())]),
      () => t(saleState(find(), room.now()) === "scheduled" ? "sale.starts_in" : "sale.ends_in"));
    const close = async () => {
      if (await sure(t("host.close_sure", { title: sale.title }), t("host.close_sale"))) {
        attempt(room.send("sale.close", { sale: sale.sale }));
      }
    };
    const root = h("li.host-sale", { data: { sale: sale.sale, status: sale.status } },
      h("div.host-sale-head", {}, h("b", {}, sale.title), price(sale.price, sale.currency)),
      h("div.fine.host-sale-state", {},
        sale.kind ? h("span.tag", {}, t("form.way_standing"))
          : sale.base ? h("span.tag", {}, t("host.on_top")) : null,
        closed ? t("sale.closed") : sale.status === "sold_out" ? t("sale.sold_out") : null, timer,
        !closed && h("div.actions", {},
        h("button.plain.small-button", { type: "button", data: { do: "restock" },
          onclick: () => restockForm(room, find()) }, icon("plus"), t("host.restock")),
        h("button.plain.small-button", { type: "button", data: { do: "stock" },
          onclick: () => stockForm(room, find()) }, t("host.stock")),
        sale.kind && h("button.plain.small-button", { type: "button", data: { do: "price" },
          onclick: () => priceForm(room, find()) }, t("host.price")),
        h("button.plain.small-button", { type: "button", data: { do: "close" }, onclick: close },
          t("host.close_sale")))),
      bar.root);
    return { root, bar };
  }
}
