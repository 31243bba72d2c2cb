// The numbers of docs/metrics.md, as the server folds them from the ledger and the timeline.

import { beside } from "../ui/bidi.js";
import { h, icon, write } from "../ui/dom.js";
import { clock, duration, number, percent, priceText } from "../ui/format.js";
import { Repeat } from "../ui/repeat.js";
import { rest } from "../ui/session.js";
import { failureOf, hasWords, t, whyNot } from "../ui/strings.js";

/**
 * @import { CouponRow, Figure, Figures, Finding, FirstOrders, PinRow, ProductRow, SourceRow }
 *   from "../ui/answers.js"
 * @import { Failure } from "../ui/failure.js"
 * @import { FigureName } from "./console.js"
 * @typedef {"money" | "orders" | "people" | "fans" | "asked" | "told" | "later"} Group
 */

const READ_MS = 4000;
const ROWS_MAX = 12;
/** @type {[group: Group, names: FigureName[]][]} */
const GROUPS = [
  ["money", ["gmv_gross", "gmv_net", "average_order", "viewer_value", "coupon_cost"]],
  ["orders", ["orders", "units", "buyers", "conversion", "return_rate"]],
  ["people", ["viewers", "guests", "watch_mean_ms", "watch_median_ms", "first_order_p50_ms",
    "new_followers"]],
  ["fans", ["fan_orders", "fan_gmv_share", "returning_buyers", "repurchase_share",
    "member_orders", "member_gmv", "group_orders", "group_gmv"]],
  ["asked", ["asks", "asks_unpinned", "asker_conversion", "questions", "questions_answered"]],
  ["told", ["reserved", "reserved_came", "reserved_conversion", "announced", "announced_came",
    "announced_conversion"]],
  ["later", ["replay_viewers", "replay_orders", "replay_gmv"]],
];
const SHARES = /conversion|share|rate$/;

/**
 * Money by currency: one after the other; nothing sold is a dash.
 * @param {Record<string, number | null>} amounts null: of nothing
 */
export const moneyText = (amounts) => Object.entries(amounts).map(([currency, minor]) =>
  (minor === null ? "–" : priceText(Math.round(minor), currency))).join(" · ") || "–";

/**
 * One number in words, by its name.
 * @param {string} name
 * @param {Figure | undefined} value
 */
export function figureText(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "object") {
    return SHARES.test(name)
      ? Object.values(value).map((share) => (share === null ? "–" : percent(share))).join(" · ") || "–"
      : moneyText(value);
  }
  if (name === "ms" || name.endsWith("_ms")) return duration(value);
  return SHARES.test(name) ? percent(value) : number(value);
}

const USUAL_STREAMS_MIN = 3; // as for findings: of fewer there is no usual

/**
 * "+46 % on your usual", from the median of the host's earlier streams; "" if they are too few.
 * @type {(name: string, compared: NonNullable<Figures["compared"]>) => string}
 */
export function changeText(name, compared) {
  const row = compared[name]
    ?? Object.entries(compared).find(([key]) => key.startsWith(`${name}.`))?.[1];
  if (!row || row.streams < USUAL_STREAMS_MIN) return "";
  if (row.change === null || row.change === undefined) return "";
  return t("figures.change", { change: `${row.change >= 0 ? "+" : "−"}${percent(
    Math.abs(row.change))}` });
}

/**
 * What stands out, in the page's language; the server's own sentence if we have no words for it.
 * @param {Finding} finding
 */
export function findingText({ code, params, text }) {
  const key = `finding.${code}`;
  if (!hasWords(key)) return text;
  const said = Object.fromEntries(Object.entries(params).map(([name, value]) => [name,
    ["share", "usual", "all"].includes(name) ? percent(Number(value))
      : name === "kind" ? sourceText(String(value)) : String(value)]));
  return t(key, said);
}

/**
 * What brought somebody; the server's own word for a kind we have none for.
 * @param {string} kind "" if nothing is known
 */
function sourceText(kind) {
  const key = `source.${kind || "none"}`;
  return hasWords(key) ? t(key) : kind;
}

/**
 * @template Row
 * @typedef {[words: string, cell: (row: Row) => string]} Column
 */

/**
 * @template Row
 * @param {Column<Row>[]} columns
 * @param {Row[]} rows
 */
export function table(columns, rows) {
  return h("div.figures-scroll", { tabindex: "0", role: "region", "aria-label": columns[0][0] },
    h("table.figures-table", {},
      h("thead", {}, h("tr", {}, columns.map(([words]) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, columns.map(([, cell], i) =>
        h(i ? "td" : "th", i ? {} : { scope: "row" }, cell(row))))))));
}

/**
 * A column of numbers, by their name.
 * @template {FigureName} Name
 * @param {Name} name
 * @returns {Column<Record<Name, Figure>>}
 */
const f = (name) => [t(`figures.${name}`), (row) => figureText(name, row[name])];

/** @type {() => Column<ProductRow>[]} */
const products = () => [[t("figures.product"), (row) => row.title || row.sku], f("units"),
  f("units_pinned"), f("gmv"), f("asks"), f("asks_unpinned"), f("asker_conversion"),
  f("pinned_ms"), f("return_rate"), f("unmet")];
/** @type {() => Column<PinRow>[]} */
const pins = () => [
  [t("figures.pin"), (row) => beside(clock(row.from_ms, false), row.title || row.sku)],
  f("ms"), f("units"), f("gmv"), f("other_units"), f("viewers"), f("asks")];
/** @type {() => Column<SourceRow>[]} */
const sources = () => [[t("figures.source"), (row) => sourceText(row.kind)],
  f("orders"), f("gmv"), f("viewers"), f("buyers"), f("conversion")];
/** @type {() => Column<CouponRow>[]} */
const coupons = () => [[t("figures.coupon"), (row) => row.title], f("quota"), f("claimed"),
  f("used"), f("cost")];

/**
 * How long after coming in people place their first order.
 * @param {FirstOrders[]} rows
 */
function histogram(rows) {
  const most = Math.max(1, ...rows.map(({ buyers }) => buyers));
  /** @param {number} ms */
  const minutes = (ms) => number(ms / 60_000);
  return h("ul.histogram", {}, rows.map(({ from_ms, below_ms, buyers }) => h("li", {
    vars: { "--part": String(buyers / most) } },
  h("span.fine", {}, below_ms === null ? t("figures.from", { n: minutes(from_ms) })
    : t("figures.between", { from: minutes(from_ms), to: minutes(below_ms) })),
  h("i.histogram-bar", { "aria-hidden": "true" }), h("b", {}, number(buyers)))));
}

export class HostFigures {
  /** @param {string} roomId */
  constructor(roomId) {
    this.path = `/v1/rooms/${encodeURIComponent(roomId)}/figures`;
    /** @type {Figures | null} */
    this.last = null;
    this.reading = false;
    /** @type {Failure | null} */
    this.failed = null;
    /** @type {Repeat | null} */
    this.repeat = null;
    this.key = ""; // what is shown
    this.body = h("div.figures-body");
    this.at = h("span.fine");
    this.root = h("section.panel-box.figures", { "aria-label": t("figures.title") },
      h("div.box-head", {}, h("h2", {}, t("figures.title")), this.at,
        h("a.plain.small-button.button", { href: `${this.path}.csv`, download: "" },
          icon("download"), t("host.csv"))), this.body);
  }

  /**
   * Read now and every few seconds for as long as `isWanted()`.
   * @param {() => boolean} isWanted
   */
  start(isWanted) {
    this.repeat = new Repeat(READ_MS, async () => {
      if (!isWanted()) return;
      await this.read();
      if (this.failed) throw this.failed; // the next reading comes later
    }).start({ now: true });
  }

  /** The newest figures, or null: then what is shown stays. */
  async read() {
    if (this.reading) return this.last;
    this.reading = true;
    try {
      /** @type {Figures} */
      const figures = await rest("GET", this.path);
      this.last = figures;
      this.failed = null;
      this.draw(figures);
    } catch (thrown) {
      const error = failureOf(thrown);
      // A moderator may not see them; else they are asked for again, later each time.
      this.failed = error;
      if ([401, 403, 404].includes(error.status ?? 0)) this.repeat?.stop();
      if (!this.last) this.body.replaceChildren(h("p.fine", {}, whyNot(error)));
    }
    this.reading = false;
    return this.last;
  }

  /** @param {Figures} figures */
  draw(figures) {
    write(this.at, t("figures.at", { when: clock(figures.at_ms) }));
    const key = JSON.stringify({ ...figures, at_ms: 0 });
    if (key === this.key) return;
    this.key = key;
    this.body.replaceChildren(...figureParts(figures, { csv: `${this.path}.csv` }));
  }
}

/**
 * All of the panel: findings, numbers, tables.
 * @param {Figures} figures
 * @param {{csv: string}} options
 * @returns {HTMLElement[]}
 */
export function figureParts(figures, { csv }) {
  const { numbers, compared = {}, findings, first_orders } = figures;
  /** @param {FigureName} name */
  const tile = (name) => h("div", { data: { figure: name } }, h("dt", {}, t(`figures.${name}`)),
    h("dd.figure-value", {}, figureText(name, numbers[name])),
    h("dd.fine.change", {}, changeText(name, compared)));
  /**
   * @type {<Row>(name: "products" | "pins" | "sources" | "coupons", columns: Column<Row>[],
   *   rows?: Row[]) => HTMLElement[]}
   */
  const section = (name, columns, rows = []) => only(rows.length, () =>
    h("section", { data: { table: name } },
      h("div.box-head", {}, h("h3", {}, t(`figures.by_${name}`)),
        h("a.text-link", { href: `${csv}?table=${name}`, download: "" }, t("host.csv"))),
      table(columns, rows.slice(0, ROWS_MAX))));
  return [
    ...only(findings.length, () => h("ul.findings", { "aria-label": t("figures.findings") },
      findings.map((finding) => h("li", { data: { code: finding.code } }, icon("bolt"),
        h("span", {}, findingText(finding)))))),
    ...GROUPS.map(([group, names]) => h("section", {},
      h("h3", {}, t(`figures.of_${group}`)), h("dl.figure-grid", {}, names.map(tile)))),
    ...only(numbers.first_order_count, () => h("section", {},
      h("h3", {}, t("figures.first_orders")), histogram(first_orders))),
    ...section("products", products(), figures.products),
    ...section("pins", pins(), figures.pins),
    ...section("sources", sources(), figures.sources),
    ...section("coupons", coupons(), figures.coupons),
  ];
}

/**
 * What is left out where there are none.
 * @type {(n: number, make: () => HTMLElement) => HTMLElement[]}
 */
const only = (n, make) => (n > 0 ? [make()] : []);
