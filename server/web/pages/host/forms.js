// The host's dialogs: a product, a sale, its stock.

import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { minorUnits, priceText } from "../ui/format.js";
import { choice, field, formSheet, UNITS_MAX, whole } from "../ui/forms.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/** @import { Product, Proof, Room, Sale } from "../liveroom.js" */

const STARTS_S = [0, 10, 30, 60];
const KEPT = "liveroom.sale";
const NOTICE_MAX = 500; // the server's limits unless it is set up otherwise; it has the last word
const HOLD_S = { min: "5", max: "3600" };

/** @type {(minor: number, currency: string) => string} */
const major = (minor, currency) => String(minor / minorUnits(currency));

/**
 * Minor units of what somebody typed.
 * @param {string} text
 * @param {string} currency
 */
export function minor(text, currency) {
  const units = minorUnits(currency);
  const value = Math.round(Number(text) * units);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${t("form.price")}: ${text}`);
  // Rounding would set another price than the one that was typed.
  if (value / units !== Number(text)) {
    throw new Error(t("form.decimals", { typed: text, least: priceText(1, currency) }));
  }
  return value;
}

/** @param {string} text */
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** @param {Proof[]} [proofs] */
const proofText = (proofs = []) =>
  proofs.map(({ label, number = "", url = "" }) => [label, number, url].join(" | ").replace(/[ |]+$/u, "")).join("\n");

/**
 * The proofs somebody typed: "label | number | link" a line; a link may stand second.
 * @param {string} text
 * @returns {Proof[]}
 */
const proofsIn = (text) => lines(text).map((line) => {
  const [label = "", ...rest] = line.split("|").map((part) => part.trim());
  const url = rest.find((part) => /^https?:/u.test(part));
  const number = rest.find((part) => part && part !== url);
  return { label, ...(number && { number }), ...(url && { url }) };
});

/**
 * The first of p1, p2, ... that no product on the shelf has.
 * @param {Product[]} shelf
 */
function freeSku(shelf) {
  const taken = new Set(shelf.map(({ sku }) => sku));
  let n = shelf.length + 1;
  while (taken.has(`p${n}`)) n += 1;
  return `p${n}`;
}

/**
 * A new product must not take the place of another: the server would replace it.
 * @type {(room: Room, sku: string) => void}
 */
function refuseTaken(room, sku) {
  const other = viewOf(room).shelf.find((product) => product.sku === sku);
  if (other) throw new Error(t("form.sku_taken", { sku, title: other.title }));
}

/**
 * Add a product, or change one.
 * @param {Room} room
 * @param {Product} [product]
 */
export function productForm(room, product) {
  const { shelf } = viewOf(room);
  const currency = product?.currency ?? shelf[0]?.currency ?? "CNY";
  const number = { type: "number", inputmode: "decimal", min: "0", step: "any", required: true };
  return formSheet(product ? t("host.edit") : t("host.add"), [
    field("title", t("form.title"), { required: true, maxlength: "200", value: product?.title }),
    h("div.field-row", {},
      field("price", t("form.price"), { ...number,
        value: product ? major(product.price, currency) : "" }),
      field("currency", t("form.currency"), { required: true, pattern: "[A-Z]{3}",
        maxlength: "3", value: currency }),
      field("sku", t("form.sku"), { required: true, maxlength: "64", 
        readonly: product !== undefined, value: product?.sku ?? freeSku(shelf) })),
    field("points", t("form.points"), { value: product?.points.join("\n") }, "textarea"),
    field("flaws", t("form.flaws"), { value: product?.flaws.join("\n") }, "textarea"),
    field("proofs", t("form.proofs"), { value: proofText(product?.proofs) }, "textarea"),
    field("replaces", t("form.replaces"), { maxlength: "64", value: product?.replaces }),
    field("image", t("form.image"), { pattern: "(https?://|/).*", value: product?.image }),
    field("url", t("form.url"), { pattern: "(https?://|/).*", value: product?.url }),
  ], t("save"), async ({
    sku, title, price, currency: code, points, flaws, proofs, image, url, replaces,
  }) => {
    if (!product) refuseTaken(room, sku.trim());
    await room.send("shelf.put", { product: {
      sku: sku.trim(), title: title.trim(), currency: code.trim().toUpperCase(),
      price: minor(price, code.trim().toUpperCase()), points: lines(points), flaws: lines(flaws),
      image: image.trim() || undefined, url: url.trim() || undefined,
      replaces: replaces.trim() || undefined, proofs: proofsIn(proofs),
    } });
  });
}

/**
 * What was chosen for the last sale, as far as it was kept.
 * @returns {Partial<Record<"stock" | "per_user" | "hold_s" | "lasts_s", number>>}
 */
function keptSale() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/**
 * Open a flash sale of a product; what was chosen last time is proposed again.
 * @param {Room} room
 * @param {Product} product
 */
export function saleForm(room, product) {
  const { stock = 50, per_user = 1, hold_s = 90, lasts_s = 0 } = keptSale();
  const starts = choice("starts_in_s", t("form.starts_in"),
    STARTS_S.map((s) => [String(s), String(s)]), "0");
  return formSheet(beside(t("host.sell"), product.title), [
    field("price", `${t("form.sale_price")} · ${t("product.was")} ${
      priceText(product.price, product.currency)}`,
    { type: "number", inputmode: "decimal", min: "0", step: "any", required: true,
      value: major(product.price, product.currency) }),
    h("div.field-row", {},
      field("stock", t("form.stock"), { ...whole, value: stock }),
      field("per_user", t("form.per_user"), { ...whole, value: per_user })),
    h("div.field-row", {},
      field("hold_s", t("form.hold"), { ...whole, ...HOLD_S, value: hold_s }),
      field("lasts_s", t("form.lasts"), { ...whole, min: "0", value: lasts_s })),
    starts,
  ], t("form.go"), async ({ price, ...values }) => {
    const numbers = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Number(value)]));
    await room.send("sale.open",
      { sku: product.sku, price: minor(price, product.currency), ...numbers });
    const { starts_in_s: _, ...again } = numbers;
    try {
      localStorage.setItem(KEPT, JSON.stringify(again));
    } catch {
      // Then it is typed again next time.
    }
  });
}

/**
 * Add units to a sale.
 * @param {Room} room
 * @param {Sale} sale
 */
export function restockForm(room, sale) {
  return formSheet(beside(t("host.restock"), sale.title), [
    field("add", t("form.add_stock"), { type: "number", inputmode: "numeric", min: "1",
      max: UNITS_MAX, step: "1", required: true, value: 10 }),
  ], t("host.restock"), ({ add }) => room.send("sale.restock",
    { sale: sale.sale, add: Number(add) }));
}

/**
 * Set how many units a sale has in all, no fewer than are held and sold.
 * @param {Room} room
 * @param {Sale} sale
 */
export function stockForm(room, sale) {
  return formSheet(`${t("host.stock")} · ${sale.title}`, [
    field("stock", t("form.stock_in_all"), { type: "number", inputmode: "numeric",
      min: String(sale.held + sale.sold), max: UNITS_MAX, step: "1", required: true,
      value: sale.allocated }),
  ], t("host.stock"), ({ stock }) => room.send("sale.restock",
    { sale: sale.sale, stock: Number(stock) }));
}

/**
 * Write the line everybody sees.
 * @param {Room} room
 */
export function noticeForm(room) {
  return formSheet(t("host.notice"), [
    field("text", t("host.notice_hint"), { maxlength: String(NOTICE_MAX),
      value: viewOf(room).notice }),
  ], t("save"), ({ text }) => room.send("notice", { text: text.trim() }));
}
