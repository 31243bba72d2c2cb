// Products: a thumbnail, the card of the one being shown, a row of the shelf. The sheet with all
// there is to know is watch/product-sheet.js.

import { beside } from "./bidi.js";
import { cost as costOfOne, costText } from "./cost.js";
import { everyTick, h, write } from "./dom.js";
import { priceText } from "./format.js";
import { posterVars } from "./poster.js";
import { countdown, nextSaleOf, saleOf, saleState, stockBar } from "./stock.js";
import { t } from "./strings.js";
import { viewOf } from "./view.js";

/**
 * @import { Product, Proof, Room, RoomView, Sale, SaleStatus, WireProduct } from "../liveroom.js"
 * @import { Child } from "./elements.js"
 */

/**
 * What a shop window asks of its page.
 * @typedef {object} Shop
 * @property {Room} room
 * @property {(sale: Sale, qty: number, claim?: string | null) => void} buy `claim` is the coupon to
 *   use: null for none, left out for the best
 * @property {(sale: Sale, qty: number) => number} [off] what a coupon of the viewer's would take off
 * @property {(sale: Sale) => void} waitlist
 * @property {Map<string, number | null>} places by sale: the viewer's place in its line
 * @property {(product: Product) => void} details
 */

/**
 * A product as the shelf has it; else as it came, whose defaults are left out.
 * @param {Pick<RoomView, "shelf">} room
 * @param {WireProduct} wire
 * @returns {Product}
 */
export function productOf({ shelf }, wire) {
  return shelf.find(({ sku }) => sku === wire.sku)
    ?? { image: "", url: "", points: [], flaws: [], replaces: "", proofs: [],
      merchant: "", goods: "", options: {}, ...wire };
}

/**
 * Whether anything can be bought here now: live, or after the end if the host lets it.
 * @param {RoomView} room
 */
export const sellsNow = ({ phase, selling, kind }) =>
  phase === "live" || kind === "group" || (phase === "ended" && selling);

/**
 * The picture of a product or of goods, or a tile with its first letters.
 * @param {{sku: string, title: string, image?: string | null}} product
 */
export function thumbnail(product) {
  const tile = () => h("span.thumb.tile", { vars: posterVars(product.sku + product.title),
    "aria-hidden": "true" }, [...product.title.trim()].slice(0, 2).join(""));
  if (!product.image) return tile();
  const image = h("img.thumb", { src: product.image, alt: "", loading: "lazy",
    referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(tile()));
  return image;
}

/**
 * What a product costs and whether it can be bought, kept up to date while it is in the page.
 * `claim()` is the coupon to use; left out, the best. `more` stands beside the button; both are in
 * `doing`, which may be put elsewhere.
 * @param {Shop} ctx
 * @param {Product} product
 * @param {{qty?: () => number, stock?: boolean, claim?: () => string | undefined, more?: Child}} [options]
 */
export function saleBlock(ctx, product, { qty = () => 1, stock = true, claim, more } = {}) {
  const { room } = ctx;
  const cost = h("span.cost");
  const bar = stockBar();
  const button = h("button.buy", { type: "button", onclick: () => act() });
  const note = h("span.fine.sale-note");
  const find = () => saleOf(viewOf(room), product.sku);
  const until = () => {
    const sale = find();
    if (!sale) return 0;
    const ends = saleState(sale, room.now()) === "closed" ? 0 : sale.ends;
    return saleState(sale, room.now()) === "scheduled" ? sale.starts : ends || starts();
  };
  const starts = () => nextSaleOf(viewOf(room), product.sku)?.starts ?? 0;
  const timer = countdown(() => room.now(), until, () =>
    t(until() === find()?.ends ? "sale.ends_in" : "sale.starts_in"));
  const act = () => {
    const sale = find();
    if (!sale) return;
    if (saleState(sale, room.now()) === "sold_out") ctx.waitlist(sale);
    else ctx.buy(sale, qty(), claim ? claim() ?? null : undefined);
  };
  const doing = h("div.sale-row.sale-doing", {}, note, more, button);
  const root = h("div.sale-block", {}, h("div.sale-row", {}, cost, timer), stock && bar.root, doing);
  let shown = "";
  const draw = () => {
    const sale = find();
    const state = sale ? saleState(sale, room.now()) : "none";
    const off = !claim && sale && state === "open" ? ctx.off?.(sale, qty()) ?? 0 : 0;
    const now = `${state} ${sale?.sale} ${sale?.price} ${product.price} ${off} ${off && qty()}`;
    if (now !== shown) {
      shown = now;
      cost.replaceChildren(...costOf(product, sale, state),
        ...(sale && off ? [h("span.after-coupon", {}, t("coupon.after",
          { price: costText(sale.price * qty() - off, sale.currency) }))] : []));
      root.dataset.state = state;
    }
    bar.root.hidden = !sale || state === "scheduled" || state === "closed";
    if (sale) bar.update(sale);
    drawButton(button, note, { sale, state, room: viewOf(room), qty: qty(),
      place: sale && ctx.places.get(sale.sale) });
  };
  everyTick(root, draw);
  return { root, doing, draw };
}

/** @typedef {SaleStatus | "none"} State of a product's sale */

/** @type {(product: Product, sale: Sale | null, state: State) => HTMLElement[]} */
function costOf(product, sale, state) {
  if (!sale || state === "closed") return [costOfOne(product.price, product.currency)];
  const now = costOfOne(sale.price, sale.currency);
  if (!sale.was) return [now];
  return [now, h("s.was", { title: t("product.was") }, h("span.only-aloud", {}, t("product.was")),
    priceText(sale.was, sale.currency))];
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} note
 * @param {{sale: Sale | null, state: State, room: RoomView, qty: number,
 *   place?: number | null}} now
 */
function drawButton(button, note, { sale, state, room, qty, place }) {
  const live = sellsNow(room);
  const held = sale?.held ?? 0;
  const words = {
    none: "", closed: t("sale.closed"), scheduled: t("sale.soon"),
    open: live ? buyWords(sale, qty) : t(room.phase === "ended" ? "sale.closed" : "sale.not_live"),
    sold_out: place ? t("wait.place", { place }) : held > 0 ? t("wait.join") : t("sale.sold_out"),
  }[state];
  button.hidden = state === "none";
  button.disabled = !(live && (state === "open" || (state === "sold_out" && (place || held > 0))));
  button.classList.toggle("quiet-buy", state === "sold_out");
  write(button, words);
  write(note, {
    none: t("sale.none"), closed: "", open: t("sale.limit", { n: sale?.per_user }),
    scheduled: t("sale.limit", { n: sale?.per_user }),
    sold_out: held > 0 ? t("sale.may_return", { n: held }) : "",
  }[state]);
}

/**
 * Only a rush is called one.
 * @type {(sale: Sale | null, qty: number) => string}
 */
const buyWords = (sale, qty) => sale?.kind === "standing"
  ? t(qty > 1 ? "sale.order_n" : "sale.order", { n: qty })
  : t(qty > 1 ? "sale.buy_n" : "sale.buy", { n: qty });

/**
 * The card over the picture: the product being shown.
 * @param {Shop} ctx
 * @param {Product} product
 */
export function pinnedCard(ctx, product) {
  const block = saleBlock(ctx, product);
  const line = product.flaws.length
    ? h("p.flaw", {}, h("span.tag", {}, t("product.flaws")), product.flaws[0])
    : product.points.length ? h("p.point", {}, product.points[0]) : null;
  const root = h("section.pinned-card", { "aria-label": `${t("product.pinned")}: ${product.title}`,
    data: { sku: product.sku } },
  h("button.pinned-main", { type: "button", onclick: () => ctx.details(product),
    "aria-label": t("product.open", { title: product.title }) },
  thumbnail(product),
  h("span.pinned-words", {},
    h("span.pinned-title", {}, h("span.badge", {}, t("product.pinned")), product.title),
    product.points.length && product.flaws.length ? h("span.point", {}, product.points[0]) : null,
    line)),
  block.root);
  return { root, draw: block.draw };
}

/**
 * What tells a variant from the others of its title.
 * @param {Pick<Product, "options">} product
 */
export const optionsText = ({ options }) => beside(...Object.values(options));

/**
 * One row of the shelf; `index` is its place there, null if that is not known.
 * @type {(ctx: Shop, product: Product, index: number | null, pinned: boolean) => HTMLElement}
 */
export function shelfRow(ctx, product, index, pinned) {
  const block = saleBlock(ctx, product, { stock: true });
  return h("li.shelf-row", { data: { sku: product.sku } },
    h("button.shelf-main", { type: "button", onclick: () => ctx.details(product),
      "aria-label": t("product.open", { title: product.title }) },
    h("span.thumb-wrap", {}, thumbnail(product),
      index !== null && h("span.number", {}, String(index + 1))),
    h("span.shelf-words", {},
      h("span.shelf-title", {}, pinned && h("span.badge", {}, t("product.pinned")), product.title),
      optionsText(product) && h("span.fine", {}, optionsText(product)),
      product.points.length > 0 && h("span.point", {}, beside(...product.points)))),
    block.root);
}

/**
 * What shows that a product is genuine; a proof with a link leads to where it can be looked up.
 * @param {Proof[]} proofs
 */
export const proofList = (proofs) => h("ul", {}, proofs.map(({ label, number, url }) => {
  const words = number ? `${label} ${number}` : label;
  return h("li", {}, url ? h("a.text-link", { href: url, target: "_blank",
    rel: "noopener noreferrer" }, words) : words);
}));
