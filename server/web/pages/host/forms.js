// The host's dialogs: a product, a sale, its stock.

import { beside } from "../ui/bidi.js";
import { everyTick, h, write } from "../ui/dom.js";
import { minorUnits, priceText } from "../ui/format.js";
import { choice, field, formSheet, minor, UNITS_MAX, whole } from "../ui/forms.js";
import { lines, proofsIn, proofText } from "../ui/lines.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { momentIn, zoneOf } from "../ui/zone.js";
import { grantedLine } from "./granted.js";

/**
 * @import { Product, Room, Sale } from "../liveroom.js"
 * @typedef {"rush" | "standing" | "one_off"} Way
 */

const STARTS_S = [0, 10, 30, 60];
const KEPT = "liveroom.sale";
/**
 * What suits each way to sell: a rush, a product that is there to be bought, the only one there is.
 * @type {Record<Way, {stock: number, per_user: number, hold_s: number, lasts_s: number}>}
 */
const WAYS = {
  rush: { stock: 50, per_user: 1, hold_s: 90, lasts_s: 0 },
  standing: { stock: 20, per_user: 5, hold_s: 1800, lasts_s: 0 },
  one_off: { stock: 1, per_user: 1, hold_s: 86_400, lasts_s: 0 },
};
const NOTICE_MAX = 500; // the server's limits unless it is set up otherwise; it has the last word
const HOLD_S = { min: "5", max: "86400" };

/** @type {(minor: number, currency: string) => string} */
const major = (minor, currency) => String(minor / minorUnits(currency));

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
  if (product?.merchant) return pointsForm(room, product);
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
    h("div.field-row", {},
      field("goods", t("form.goods"), { maxlength: "64", value: product?.goods }),
      field("options", t("form.options"), { value: optionText(product?.options) }, "textarea")),
    field("image", t("form.image"), { pattern: "(https?://|/).*", value: product?.image }),
    field("url", t("form.url"), { pattern: "(https?://|/).*", value: product?.url }),
  ], t("save"), async ({
    sku, title, price, currency: code, points, flaws, proofs, image, url, replaces, goods, options,
  }) => {
    if (!product) refuseTaken(room, sku.trim());
    await room.send("shelf.put", { product: {
      sku: sku.trim(), title: title.trim(), currency: code.trim().toUpperCase(),
      price: minor(price, code.trim().toUpperCase()), points: lines(points), flaws: lines(flaws),
      image: image.trim() || undefined, url: url.trim() || undefined,
      replaces: replaces.trim() || undefined, proofs: proofsIn(proofs),
      goods: goods.trim() || undefined, options: optionsIn(options),
    } });
  });
}

/** One option a line: `size: M`. */
const optionText = (options = {}) =>
  Object.entries(options).map(([name, value]) => `${name}: ${value}`).join("\n");

/**
 * @param {string} text
 * @returns {Record<string, string>}
 */
const optionsIn = (text) => Object.fromEntries(lines(text).map((line) => {
  const [, name, value] = /^(.+?)[:：](.+)$/.exec(line) ?? [];
  if (!name || !value) throw new Error(t("form.options_wrong", { line }));
  return [name.trim(), value.trim()];
}));

/**
 * Change what the host says of a merchant's goods: nothing else of them is the host's.
 * @param {Room} room
 * @param {Product} product
 */
function pointsForm(room, product) {
  const { sku, title, price, currency, image, url, flaws, proofs, merchant } = product;
  return formSheet(t("host.edit"), [
    h("p", {}, h("b", { dir: "auto" }, title)),
    h("p.fine", {}, t("host.of_merchant", { merchant })),
    field("points", t("form.points"), { value: product.points.join("\n") }, "textarea"),
  ], t("save"), async ({ points = "" }) => {
    await room.send("shelf.put", { product: {
      sku, title, price, currency, image: image || undefined, url: url || undefined,
      flaws, proofs, points: lines(points), replaces: product.replaces || undefined,
    } });
  });
}

/**
 * What was chosen for the last sale of this way, as far as it was kept.
 * @param {Way} way
 * @returns {Partial<Record<"stock" | "per_user" | "hold_s" | "lasts_s", number>>}
 */
function keptSale(way) {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
    return (way === "rush" && !kept.rush ? kept : kept[way]) ?? {}; // once there was one way
  } catch {
    return {};
  }
}

/** @type {(way: Way, chosen: Record<string, number>) => void} */
function keepSale(way, chosen) {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
    localStorage.setItem(KEPT, JSON.stringify({ ...kept, [way]: chosen }));
  } catch {
    // Then it is typed again next time.
  }
}

/** @type {(room: Room, product: Product) => Sale | undefined} */
const standingOf = (room, product) => viewOf(room).sales.find((sale) =>
  sale.sku === product.sku && sale.kind === "standing" && sale.status !== "closed");

/**
 * Put a product on sale: in a rush, standing on the shelf, or the only one there is; what was chosen
 * last time is proposed again. Beside a standing sale there is only the rush, on top of it.
 * @param {Room} room
 * @param {Product} product
 */
export function saleForm(room, product) {
  const standing = standingOf(room, product);
  const ways = /** @type {Way[]} */ (standing ? ["rush"] : ["rush", "standing", "one_off"]);
  const starts = choice("starts_in_s", t("form.starts_in"),
    STARTS_S.map((s) => [String(s), String(s)]), "0");
  const way = choice("way", t("form.way"), ways.map((each) => [each, t(`form.way_${each}`)]), "rush");
  const dialog = formSheet(beside(t("host.sell"), product.title), [
    ways.length > 1 && way,
    field("price", `${t("form.sale_price")} · ${t("form.list_price")} ${
      priceText(product.price, product.currency)}`,
    { type: "number", inputmode: "decimal", min: "0", step: "any", required: true,
      value: major(product.price, product.currency) }),
    h("div.field-row", {},
      field("stock", t("form.stock"), whole),
      field("per_user", t("form.per_user"), whole)),
    standing && h("label.chip", {}, h("input", { type: "checkbox", name: "base", checked: true,
      value: standing.sale }), h("span", {}, t("form.on_top", { n: standing.left }))),
    grantedLine(room, product.sku, product.merchant),
    h("div.field-row", {},
      field("hold_s", t("form.hold"), { ...whole, ...HOLD_S }),
      field("lasts_s", t("form.lasts"), { ...whole, min: "0" })),
    starts,
    field("starts_at", t("form.starts_at", { zone: zoneOf(viewOf(room)) }), { type: "datetime-local" }),
  ], t("form.go"), ({ way: chosen = "rush", ...typed }) =>
    openSale(room, product, /** @type {Way} */ (chosen), typed));
  /** @param {Way} chosen */
  const propose = (chosen) => {
    for (const [name, n] of Object.entries({ ...WAYS[chosen], ...keptSale(chosen) })) {
      const input = dialog.querySelector(`input[name="${name}"]`);
      if (input instanceof HTMLInputElement) input.value = String(n);
    }
    const lasts = dialog.querySelector(".field:has([name=lasts_s])");
    lasts?.toggleAttribute("hidden", chosen !== "rush");
  };
  propose("rush");
  way.addEventListener("change", ({ target }) =>
    target instanceof HTMLInputElement && propose(/** @type {Way} */ (target.value)));
  return dialog;
}

/**
 * @type {(room: Room, product: Product, way: Way, typed: Partial<Record<string, string>>) =>
 *   Promise<void>}
 */
async function openSale(room, product, way, { price = "", base, starts_at, ...values }) {
  const numbers = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Number(value)]));
  const { starts_in_s = 0, lasts_s = 0, ...chosen } = numbers;
  await room.send("sale.open", {
    sku: product.sku, price: minor(price, product.currency), ...chosen,
    ...(way === "rush" ? { lasts_s } : { kind: "standing" }),
    ...(starts_at ? { starts_at: momentIn(starts_at, zoneOf(viewOf(room)), toast) } : { starts_in_s }),
    ...(base && { base }),
  });
  keepSale(way, way === "rush" ? { ...chosen, lasts_s } : chosen);
}

/**
 * Change the price of a standing sale. What stands struck through beside it is the server's to say.
 * @param {Room} room
 * @param {Sale} sale
 */
export function priceForm(room, sale) {
  return formSheet(beside(t("host.price"), sale.title), [
    field("price", t("form.price"), { type: "number", inputmode: "decimal", min: "0", step: "any",
      required: true, value: major(sale.price, sale.currency) }),
    h("p.fine", {}, t("form.price_hint")),
  ], t("host.price"), async ({ price }) => {
    const now = minor(price, sale.currency);
    await room.send("sale.price", { sale: sale.sale, price: now });
    toast(t("host.priced", { price: priceText(now, sale.currency) }));
  });
}

/**
 * How many people wanted more of it than there was; 0 if that can't be read.
 * @type {(room: Room, sku: string) => Promise<number>}
 */
async function unmetOf(room, sku) {
  try {
    const path = `/v1/rooms/${encodeURIComponent(viewOf(room).room)}/stats`;
    /** @type {{unmet?: Record<string, number>}} */
    const { unmet = {} } = await rest("GET", path);
    return unmet[sku] ?? 0;
  } catch {
    return 0; // it is only proposed
  }
}

/**
 * How many units are left, on hold and sold, kept up to date.
 * @type {(room: Room, sale: Sale) => HTMLElement}
 */
function unitsOf(room, { sale: id, ...opened }) {
  const line = h("p.fine", { data: { units: id } });
  return everyTick(line, () => {
    const { left, held, sold } = viewOf(room).sales.find(({ sale }) => sale === id) ?? opened;
    write(line, beside(t("sale.left", { n: left }), beside(t("sale.held", { n: held }),
      t("sale.sold", { n: sold }))));
  });
}

/**
 * Add units to a sale; so many are proposed as people wanted more.
 * @param {Room} room
 * @param {Sale} sale
 */
export function restockForm(room, sale) {
  const wanted = h("p.fine", { hidden: true, data: { unmet: sale.sku } });
  const dialog = formSheet(beside(t("host.restock"), sale.title), [
    unitsOf(room, sale),
    field("add", t("form.add_stock"), { type: "number", inputmode: "numeric", min: "1",
      max: UNITS_MAX, step: "1", required: true, value: 10 }),
    wanted,
    grantedLine(room, sale.sku, sale.merchant),
  ], t("host.restock"), async ({ add }) => {
    await room.send("sale.restock", { sale: sale.sale, add: Number(add) });
    toast(t("host.restocked", { n: Number(add) }));
  });
  const input = dialog.querySelector("input[name=add]");
  unmetOf(room, sale.sku).then((n) => {
    if (!n || !(input instanceof HTMLInputElement)) return;
    if (input.value === "10") input.value = String(n); // what was typed meanwhile stays
    wanted.hidden = false;
    write(wanted, t("host.unmet", { n }));
  });
  return dialog;
}

/**
 * Set how many units a sale has in all, no fewer than are held and sold.
 * @param {Room} room
 * @param {Sale} sale
 */
export function stockForm(room, sale) {
  return formSheet(beside(t("host.stock"), sale.title), [
    unitsOf(room, sale),
    field("stock", t("form.stock_in_all"), { type: "number", inputmode: "numeric",
      min: String(sale.held + sale.sold), max: UNITS_MAX, step: "1", required: true,
      value: sale.allocated }),
  ], t("host.stock"), async ({ stock }) => {
    await room.send("sale.restock", { sale: sale.sale, stock: Number(stock) });
    toast(t("host.stocked", { n: Number(stock) }));
  });
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
