// The end of the stream: whether it goes on selling, and how it went.

import { h } from "../ui/dom.js";
import { duration, number } from "../ui/format.js";
import { openSheet } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { figureText, findingText } from "./figures.js";

/**
 * @import { RoomView } from "../liveroom.js"
 * @import { Figures } from "../ui/answers.js"
 * @import { Children } from "../ui/elements.js"
 * @import { Key } from "../ui/strings.js"
 * @import { FigureName } from "./console.js"
 */

/** @type {FigureName[]} */
const GRID = ["gmv_gross", "orders", "units", "average_order", "conversion", "viewers"];
const BEST_MAX = 3;

/**
 * Ask whether to end; resolves with `{selling}`, or null.
 * @param {boolean} hasSales
 * @returns {Promise<{selling: boolean} | null>}
 */
export function askToEnd(hasSales) {
  return new Promise((resolve) => {
    /** @type {{selling: boolean} | null} */
    let answer = null;
    const selling = h("input", { type: "checkbox", name: "selling" });
    const dialog = openSheet(t("host.end_title"), (leave) => h("div.stack", {},
      h("p", {}, t("host.end_sure")),
      hasSales && h("label.switch", {}, selling, h("span", {}, t("host.end_selling"))),
      h("div.actions", {},
        h("button.plain", { type: "button", onclick: leave }, t("cancel")),
        h("button.primary", { type: "button", onclick: () => {
          answer = { selling: selling.checked };
          leave();
        } }, t("host.end")))), { kind: "sure-sheet" });
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/**
 * How it went: the figures of the server, the peak of this console.
 * @param {RoomView} room
 * @param {Figures} figures
 * @param {{peak: number, csv: string}} console
 */
export function openSummary(room, figures, { peak, csv }) {
  const { numbers, products, findings } = figures;
  const ended = figures.ended_ms ?? figures.at_ms;
  /** @type {[words: Key, value: string][]} */
  const rows = [
    ...GRID.map((name) => /** @type {[Key, string]} */ (
      [`figures.${name}`, figureText(name, numbers[name])])),
    ["stat.peak", number(peak)], ["stat.likes", number(room.likes)],
    ["stat.length", duration(ended - (figures.started_ms ?? ended))],
  ];
  /**
   * @type {<Row extends {sku: string, title: string}>(words: Key, from: Row[],
   *   n: (row: Row) => string) => Children}
   */
  const list = (words, from, n) => from.length > 0 && [h("h3", {}, t(words)),
    h("ol.summary-list", {}, from.slice(0, BEST_MAX).map((row) =>
      h("li", {}, h("span", {}, row.title || row.sku), h("b", {}, n(row)))))];
  const asked = products.filter(({ asks }) => asks).sort((a, b) => b.asks - a.asks);
  openSheet(t("summary.title"), () => h("div.summary", {},
    h("p.fine", {}, room.title),
    h("dl.summary-grid", {}, rows.map(([key, value]) =>
      h("div", {}, h("dt", {}, t(key)), h("dd", {}, value)))),
    findings.length > 0 && h("ul.findings", {}, findings.map((it) =>
      h("li", {}, findingText(it)))),
    list("summary.best", products.filter(({ units }) => units), (row) => figureText("gmv", row.gmv)),
    list("summary.asked", asked, (row) => t("host.asks_times", { n: row.asks })),
    h("a.plain.wide.button", { href: csv, download: "" }, t("host.csv"))),
  { kind: "summary-sheet" });
}
