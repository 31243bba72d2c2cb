// The host's goods, customers and figures over all streams.

import { h, write } from "../ui/dom.js";
import { day, number, percent } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { t, whyNot } from "../ui/strings.js";
import { figureText, moneyText, table } from "./figures.js";

/**
 * @import { Customer, CustomersPage, GoodsRow, GoodsView, HostFigures } from "../ui/answers.js"
 * @import { Column } from "./figures.js"
 * @import { Key } from "../ui/strings.js"
 */

const ROWS_MAX = 12;

/** @param {number | null} ratio */
const shareText = (ratio) => (ratio === null ? "–" : percent(ratio));

/** @type {() => Column<GoodsRow>[]} */
const goodsColumns = () => [
  [t("figures.product"), (row) => row.title || row.sku],
  [t("overall.streams"), (row) => number(row.streams)],
  [t("figures.units"), (row) => number(row.units)],
  [t("figures.gmv"), (row) => moneyText(row.gmv)],
  [t("figures.asks"), (row) => number(row.asks)],
  [t("figures.asker_conversion"), (row) => shareText(row.asker_conversion)],
  [t("figures.questions"), (row) => number(row.questions)],
  [t("figures.return_rate"), (row) => shareText(row.return_rate)],
];

/** @param {Customer} customer */
const belongs = ({ follows, member }) =>
  [follows && t("overall.follows"), member && t("overall.member")].filter(Boolean).join(" · ") || "–";

/** @type {() => Column<Customer>[]} */
const customerColumns = () => [
  [t("overall.customer"), (row) => row.name || row.user],
  [t("figures.orders"), (row) => number(row.orders)],
  [t("overall.spent"), (row) => moneyText(row.spent)],
  [t("overall.first"), (row) => day(row.first)],
  [t("overall.last"), (row) => day(row.last)],
  [t("overall.belongs"), belongs],
];

/** @type {[words: Key, text: (figures: HostFigures) => string][]} */
const TILES = [
  ["overall.customers", (all) => number(all.customers)],
  ["overall.repurchase_rate", (all) => shareText(all.repurchase_rate)],
  ["overall.lifetime_value", (all) => moneyText(all.lifetime_value)],
  ["figures.orders", (all) => number(all.orders)],
  ["figures.gmv_net", (all) => moneyText(all.gmv_net)],
  ["figures.average_order", (all) => moneyText(all.average_order)],
  ["figures.return_rate", (all) => figureText("return_rate", all.return_rate)],
  ["overall.member_orders", (all) => number(all.member_orders)],
];

export class HostOverall {
  /** @param {() => string} hostOf the host's id, once the room is joined */
  constructor(hostOf) {
    this.hostOf = hostOf;
    this.note = h("p.fine");
    this.tiles = h("dl.figure-grid");
    this.goods = h("section", { data: { table: "goods" }, hidden: true });
    this.customers = h("section", { data: { table: "customers" }, hidden: true });
    this.root = h("section.panel-box.figures.overall", { "aria-label": t("overall.title") },
      h("div.box-head", {}, h("h2", {}, t("overall.title"))),
      h("div.figures-body", {}, this.note, this.tiles, this.goods, this.customers));
  }

  async read() {
    const path = `/v1/hosts/${encodeURIComponent(this.hostOf())}`;
    try {
      /** @type {Promise<HostFigures>} */
      const readingFigures = rest("GET", `${path}/figures`);
      /** @type {Promise<GoodsView>} */
      const readingGoods = rest("GET", `${path}/goods`);
      /** @type {Promise<CustomersPage>} */
      const readingCustomers = rest("GET", `${path}/customers?limit=${ROWS_MAX}`);
      const [figures, goods, { customers }] = await Promise.all([readingFigures, readingGoods,
        readingCustomers]);
      this.tiles.replaceChildren(...TILES.map(([words, text]) => h("div", { data: { figure: words } },
        h("dt", {}, t(words)), h("dd.figure-value", {}, text(figures)))));
      write(this.note, goods.missing ? t("overall.missing", { n: number(goods.missing) })
        : t("overall.note"));
      this.#draw(this.goods, "overall.goods", `${path}/goods.csv`, goodsColumns(), goods.goods);
      this.#draw(this.customers, "overall.newest_customers", `${path}/customers.csv`,
        customerColumns(), customers);
    } catch (error) {
      write(this.note, whyNot(error)); // a moderator may not see them
    }
  }

  /** @type {<Row>(part: HTMLElement, title: Key, csv: string, columns: Column<Row>[], rows: Row[]) => void} */
  #draw(part, title, csv, columns, rows) {
    part.hidden = rows.length === 0;
    part.replaceChildren(
      h("div.box-head", {}, h("h3", {}, t(title)),
        h("a.text-link", { href: csv, download: "" }, t("host.csv"))),
      table(columns, rows.slice(0, ROWS_MAX)));
  }
}
