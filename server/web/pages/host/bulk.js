// Many products changed at once: a table of text, pasted from a spreadsheet or typed.

import { cell, cellsIn } from "../ui/cells.js";
import { h } from "../ui/dom.js";
import { minorUnits } from "../ui/format.js";
import { formSheet, minor } from "../ui/forms.js";
import { failureOf, t } from "../ui/strings.js";
import { toast } from "../ui/sheet.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @typedef {{sku: string, title?: string, price?: number, currency?: string, stock?: number}} Row
 */

const COLUMNS = /** @type {const} */ (["sku", "title", "price", "currency", "stock"]);

/**
 * Change the shelf as a table: all rows or none.
 * @param {Room} room
 */
export function bulkForm(room) {
  const sheet = h("textarea", { name: "rows", id: "field-rows", spellcheck: "false", required: true,
    "aria-describedby": "bulk-hint" });
  sheet.value = shelfAsTable(room);
  const wrong = h("ol.bulk-wrong");
  formSheet(t("bulk.title"), [
    h("p.fine", { id: "bulk-hint" }, t("bulk.hint")),
    h("div.field", {}, h("label", { for: "field-rows" }, t("bulk.rows")), sheet),
    h("div", { role: "alert" }, wrong),
  ], t("bulk.save"), async ({ rows }) => {
    wrong.replaceChildren();
    try {
      const { added, changed } = await room.send("shelf.edit", { rows: rowsIn(room, rows) });
      toast(t("bulk.done", { added, changed }));
    } catch (thrown) {
      const { message } = failureOf(thrown);
      const [first, ...lines] = message.split("\n");
      wrong.replaceChildren(...lines.map((line) => h("li", {}, line)));
      throw lines.length ? new Error(first) : thrown;
    }
  }).classList.add("bulk-sheet");
}

/** @param {Room} room */
function shelfAsTable(room) {
  const { shelf, sales } = viewOf(room);
  const standing = new Map(sales.filter(({ kind, status }) => kind === "standing" && status !== "closed")
    .map((sale) => [sale.sku, sale]));
  return [COLUMNS.join(","), ...shelf.filter(({ merchant }) => !merchant).map(
    ({ sku, title, price, currency }) => {
      const sale = standing.get(sku);
      return [sku, title, (sale?.price ?? price) / minorUnits(currency), currency, sale?.allocated ?? ""]
        .map(cell).join(",");
    })].join("\n");
}

/**
 * The rows that are meant. A first line of column names says which column is which; without one the
 * order is that of COLUMNS. An empty cell leaves what is there; a row without a sku is a new product.
 * Throws a sentence a line for what can't be read.
 * @type {(room: Room, text: string) => Row[]}
 */
function rowsIn(room, text) {
  const { shelf } = viewOf(room);
  const lines = cellsIn(text);
  const names = (lines[0] ?? []).map((name) => name.toLowerCase());
  const hasHead = names.includes("sku") || names.includes("title");
  const columns = hasHead ? names : [...COLUMNS];
  const unknown = columns.find((name) => !COLUMNS.some((known) => known === name));
  if (unknown !== undefined) throw new Error(t("bulk.column", { name: unknown, known: COLUMNS.join(", ") }));
  const taken = new Set(shelf.map(({ sku }) => sku));
  let n = shelf.length;
  /** @type {string[]} */
  const wrong = [];
  const rows = lines.slice(hasHead ? 1 : 0).map((cells, i) => {
    const value = Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? ""]));
    let { sku } = value;
    while (!sku || (!value.sku && taken.has(sku))) sku = `p${(n += 1)}`;
    taken.add(sku);
    const known = shelf.find((product) => product.sku === sku);
    const currency = (value.currency || known?.currency || shelf[0]?.currency || "CNY").toUpperCase();
    try {
      return { sku, ...value.title && { title: value.title },
        ...value.price && { price: minor(value.price.replace(",", "."), currency) },
        ...(!known || value.currency) && { currency },
        ...value.stock && { stock: units(value.stock) } };
    } catch (thrown) {
      wrong.push(t("bulk.row", { n: i + 1, sku, why: failureOf(thrown).message }));
      return { sku };
    }
  });
  if (wrong.length) throw new Error(`${t("bulk.nothing")}\n${wrong.join("\n")}`);
  return rows;
}

/** @param {string} typed */
function units(typed) {
  if (!/^\d{1,7}$/.test(typed)) throw new Error(`${t("form.stock")}: ${typed}`);
  return Number(typed);
}
