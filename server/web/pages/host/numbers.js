// The moment: tiles and charts from what the room tells and from its orders. The figures beside it
// (figures.js) are the server's.

import { chart, Series } from "../ui/charts.js";
import { h, write } from "../ui/dom.js";
import { number, percent, priceText, short } from "../ui/format.js";
import { Repeat } from "../ui/repeat.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { HostFigures } from "./figures.js"
 * @import { HostOrders } from "./orders.js"
 */

const MINUTE_MS = 60_000;
const MINUTES_SHOWN = 30;
const SAMPLE_MS = 2000;
/** @type {("gmv" | "online" | "conversion")[]} */
const SAMPLED = ["gmv", "online", "conversion"];
/** @type {("gmv" | "orders" | "aov" | "conversion" | "online" | "viewers")[]} */
const TILES = ["gmv", "orders", "aov", "conversion", "online", "viewers"];
/** The server's own: the console, the figures and the findings show one conversion, by one name. */
const CONVERSION = "figures.conversion";
const SOLD_STATES = new Set(["paid", "returned"]); // "sold" of docs/metrics.md

export class HostNumbers {
  /**
   * @param {Room} room
   * @param {HostOrders} orders
   * @param {HostFigures} told
   */
  constructor(room, orders, told) {
    this.room = room;
    this.told = told;
    this.orders = orders;
    this.peak = 0;
    this.series = { gmv: new Series(), online: new Series(), conversion: new Series() };
    this.stockKey = ""; // what the chart of the stock shows
    this.tiles = new Map(TILES.map((name) => [name, h("b.tile-value", {}, "–")]));
    /** @param {number} value */
    const money = (value) => priceText(value, this.currency());
    this.charts = {
      gmv: chart(t("chart.gmv"), { words: money }),
      orders: chart(t("chart.orders"), { bars: true, words: number }),
      online: chart(t("chart.online"), { words: number }),
      conversion: chart(t(CONVERSION), { words: percent }),
    };
    this.stock = h("ul.stock-chart");
    this.tilesRoot = h("dl.tiles", {}, [...this.tiles].map(([name, value]) =>
      h("div.tile-box", { data: { tile: name } }, h("dt", {}, t(name === "conversion" ? CONVERSION : `stat.${name}`)),
        h("dd", {}, value))));
    this.chartsRoot = h("section.panel-box", { "aria-label": t("host.numbers") },
      h("div.charts", {}, Object.values(this.charts).map(({ root }) => root),
        h("figure.chart", {}, h("figcaption", {}, h("span", {}, t("chart.stock"))), this.stock)));
    new Repeat(SAMPLE_MS, () => this.#sample(), { hidden: true }).start();
  }

  currency() {
    const { sales, shelf } = this.room.state.room ?? {};
    return sales?.[0]?.currency ?? shelf?.[0]?.currency ?? "CNY";
  }

  /** As the server tells it; null if not told yet, or of no viewers. */
  conversion() {
    const share = this.told.last?.numbers.conversion;
    return typeof share === "number" ? share : null;
  }

  /** The figures of this moment. Money in minor units of the room's currency. */
  figures() {
    const { sales, online, viewers: counted } = viewOf(this.room);
    const viewers = this.told.last?.numbers.viewers ?? counted;
    const currency = this.currency();
    const own = sales.filter((sale) => sale.currency === currency);
    const paid = this.orders.all.filter(({ status }) => SOLD_STATES.has(status));
    const inCurrency = paid.filter((order) => order.currency === currency);
    // Who may not read the orders sees the units sold times their price: coupons are not in it.
    const gmv = this.orders.refused
      ? own.reduce((sum, sale) => sum + sale.sold * sale.price, 0)
      : inCurrency.reduce((sum, { total }) => sum + total, 0);
    return {
      gmv, online, viewers, paid: paid.length,
      units: own.reduce((sum, sale) => sum + sale.sold, 0),
      aov: inCurrency.length ? Math.round(gmv / inCurrency.length) : 0,
      conversion: this.conversion(),
    };
  }

  draw() {
    const { gmv, paid, aov, conversion, online, viewers } = this.figures();
    const currency = this.currency();
    this.peak = Math.max(this.peak, online);
    /** @type {Record<typeof TILES[number], string>} */
    const words = { gmv: priceText(gmv, currency), orders: number(paid),
      aov: priceText(aov, currency), conversion: conversion === null ? "–" : percent(conversion), online: short(online),
      viewers: short(viewers) };
    for (const [name, tile] of this.tiles) write(tile, words[name]);
    this.#drawStock();
  }

  #sample() {
    if (!this.room.state.room) return;
    const now = this.room.now();
    const { gmv, online, conversion } = this.figures();
    this.series.gmv.add(now, gmv);
    this.series.online.add(now, online);
    if (conversion !== null) this.series.conversion.add(now, conversion);
    if (document.hidden) return;
    for (const name of SAMPLED) {
      this.charts[name].update(this.series[name].points);
    }
    this.charts.orders.update(this.#perMinute(now));
    this.draw();
  }

  /** @param {number} now */
  #perMinute(now) {
    const last = Math.floor(now / MINUTE_MS);
    const counts = new Map();
    for (const { created } of this.orders.all) {
      const minute = Math.floor(created / MINUTE_MS);
      counts.set(minute, (counts.get(minute) ?? 0) + 1);
    }
    const first = Math.max(last - MINUTES_SHOWN + 1, Math.min(last, ...counts.keys()));
    return Array.from({ length: last - first + 1 }, (_, i) =>
      ({ at: (first + i) * MINUTE_MS, value: counts.get(first + i) ?? 0 }));
  }

  #drawStock() {
    const { sales } = viewOf(this.room);
    const key = JSON.stringify(sales.map(({ sale, ver }) => [sale, ver]));
    if (key === this.stockKey) return;
    this.stockKey = key;
    this.stock.replaceChildren(...(sales.length ? sales.slice(-6).map(({ title, left, held, sold,
      allocated }) => h("li", {}, h("span.fine", {}, title),
      h("span.stock-line", { role: "img", "aria-label": t("sale.stock_label",
        { all: allocated, left, held, sold }),
      vars: { "--sold": sold / allocated, "--held": held / allocated } }),
      h("span.fine", {}, `${number(sold)} / ${number(allocated)}`)))
      : [h("li.fine", {}, t("chart.empty"))]));
  }
}
