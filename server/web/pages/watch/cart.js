// The cart of a room: several lines, one order, one coupon. It is kept by the browser until its tab
// is closed: nothing is held by being in it.

import { choices } from "../ui/coupons.js";
import { h, icon, iconButton, write } from "../ui/dom.js";
import { price, priceText } from "../ui/format.js";
import { openBuySheet } from "../ui/orders.js";
import { optionsText, sellsNow, thumbnail } from "../ui/product.js";
import { hush, openSheet } from "../ui/sheet.js";
import { saleState } from "../ui/stock.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room, Sale } from "../liveroom.js"
 * @import { Page } from "./page.js"
 * @typedef {{sale: Sale, qty: number, why: string}} Line `why` it can't be bought; "": it can
 */

const LINES_MAX = 20; // the server's limit unless it is set up otherwise

/** @type {Map<string, number>} units by sale, where the browser keeps nothing */
let unkept = new Map();

/** @param {Room} room */
const keyOf = (room) => `liveroom.cart.${viewOf(room).room}`;

/**
 * Units by sale.
 * @param {Room} room
 * @returns {Map<string, number>}
 */
function read(room) {
  try {
    const kept = sessionStorage.getItem(keyOf(room));
    return kept ? new Map(JSON.parse(kept)) : unkept;
  } catch {
    return unkept;
  }
}

/** @type {(room: Room, units: Map<string, number>) => void} */
function keep(room, units) {
  unkept = units;
  try {
    sessionStorage.setItem(keyOf(room), JSON.stringify([...units]));
  } catch {
    // Then it lasts as long as the page.
  }
  dispatchEvent(new Event("cart")); // the shelf leads to it, once there is something
}

/**
 * Put units of a sale in, or as many more as one may have; false if the cart is full.
 * @type {(room: Room, sale: Sale, qty: number) => boolean}
 */
export function addToCart(room, { sale, per_user: most }, qty) {
  const units = read(room);
  if (!units.has(sale) && units.size >= LINES_MAX) return false;
  units.set(sale, Math.min(most, (units.get(sale) ?? 0) + qty));
  keep(room, units);
  return true;
}

/**
 * How many units are in the cart.
 * @param {Room} room
 */
export const cartCount = (room) => [...read(room).values()].reduce((sum, n) => sum + n, 0);

/** @type {(room: Room, sale: Sale, qty: number) => string} */
function whyNoLine(room, sale, qty) {
  const open = saleState(sale, room.now()) === "open" && sellsNow(viewOf(room));
  if (!open) return t("cart.gone");
  return sale.left < qty ? t("cart.short", { n: sale.left }) : "";
}

/** @type {(room: Room) => Line[]} */
function linesOf(room) {
  const { sales } = viewOf(room);
  return [...read(room)].flatMap(([id, qty]) => {
    const sale = sales.find((known) => known.sale === id);
    return sale ? [{ sale, qty, why: whyNoLine(room, sale, qty) }] : [];
  });
}

/**
 * What the lines cost, and the coupon that takes most off them.
 * @type {(room: Room, lines: Line[]) => {sum: number, off: number, claim?: string}}
 */
function billOf(room, lines) {
  const cart = lines.map(({ sale, qty }) => ({ sku: sale.sku, price: sale.price, qty }));
  const sum = cart.reduce((all, line) => all + line.price * line.qty, 0);
  const known = { coupons: viewOf(room).coupons, claims: room.state.mine.claims };
  const [best] = choices(known, cart, lines[0].sale.currency, room.now());
  return best?.off ? { sum, off: best.off, claim: best.claim.claim } : { sum, off: 0 };
}

/**
 * The button that leads to the cart; hidden while it is empty. `draw()` after a change.
 * @param {Page} ctx
 */
export function cartButton(ctx) {
  const words = h("span");
  const root = h("button.plain.wide", { type: "button", data: { do: "cart" },
    onclick: () => openCart(ctx, draw) }, icon("bag"), words);
  const draw = () => {
    const n = cartCount(ctx.room);
    root.hidden = n === 0;
    write(words, t("cart.open", { n }));
  };
  draw();
  return { root, draw };
}

/**
 * The cart: change it, and buy it; what can't be bought is left in it. An order has one currency,
 * so lines of two are two orders.
 * @param {Page} ctx
 * @param {() => void} [changed]
 */
export function openCart(ctx, changed = () => {}) {
  hush(); // "in the cart" leads to what is open now
  const { room } = ctx;
  const body = h("div.cart");
  let shown = "";
  /** @type {(sale: string, qty: number) => void} */
  const set = (sale, qty) => {
    const units = read(room);
    if (qty > 0) units.set(sale, qty);
    else units.delete(sale);
    keep(room, units);
    draw();
    changed();
  };
  const draw = () => {
    const lines = linesOf(room);
    const now = JSON.stringify([lines.map(({ sale, qty, why }) => [sale.sale, qty, sale.price, why]),
      room.state.mine.claims]);
    if (now === shown) return;
    shown = now;
    const good = lines.filter(({ why }) => !why);
    const currencies = [...new Set(good.map(({ sale }) => sale.currency))];
    body.replaceChildren(
      lines.length ? h("ol.cart-lines", {}, lines.map((line) => lineRow(room, line, set)))
        : h("div.empty", {}, icon("bag"), h("p", {}, t("cart.empty"))),
      ...currencies.flatMap((currency) =>
        payRow(ctx, good.filter(({ sale }) => sale.currency === currency), set)));
  };
  draw();
  const dialog = openSheet(t("cart"), () => body, { kind: "cart-sheet" });
  dialog.addEventListener("close", room.on("change", (parts) =>
    ["sales", "coupons", "mine", "phase", "all"].some((part) =>
      parts.has(/** @type {never} */ (part))) && draw()));
  return dialog;
}

/** @type {(room: Room, line: Line, set: (sale: string, qty: number) => void) => HTMLElement} */
function lineRow(room, { sale, qty, why }, set) {
  const product = viewOf(room).shelf.find(({ sku }) => sku === sale.sku);
  const options = product && optionsText(product);
  /** @type {(name: "minus" | "plus", words: string, to: number, off: boolean) => HTMLElement} */
  const step = (name, words, to, off) => {
    const button = iconButton(name, words, () => set(sale.sale, to));
    button.toggleAttribute("disabled", off);
    return button;
  };
  return h("li.cart-line", { data: { sale: sale.sale } },
    thumbnail(product ?? { sku: sale.sku, title: sale.title }),
    h("div.cart-words", {}, h("b", { dir: "auto" }, sale.title),
      options && h("span.fine", {}, options),
      h("span", {}, price(sale.price * qty, sale.currency)),
      why && h("span.fine.cart-why", {}, why)),
    h("div.stepper", {}, step("minus", t("qty.less"), qty - 1, qty <= 1),
      h("output.qty", { "aria-label": t("qty") }, String(qty)),
      step("plus", t("qty.more"), qty + 1, qty >= sale.per_user)),
    iconButton("trash", t("cart.remove", { title: sale.title }), () => set(sale.sale, 0)));
}

/**
 * The sum of the lines, and the button that buys them all or none.
 * @type {(ctx: Page, lines: Line[], set: (sale: string, qty: number) => void) => HTMLElement[]}
 */
function payRow(ctx, lines, set) {
  const { room } = ctx;
  const { sum, off, claim } = billOf(room, lines);
  const { currency } = lines[0].sale;
  const buy = () => {
    if (ctx.needSignIn("tap")) return;
    openBuySheet(room, t("cart"), async (key) => {
      const wanted = lines.map(({ sale, qty }) => ({ sale: sale.sale, qty }));
      const order = await room.buy(wanted, undefined, { key, claim, atMost: sum - off });
      for (const { sale } of wanted) set(sale, 0);
      return order;
    });
  };
  return [
    ...(off ? [h("p.fine", {}, t("cart.coupon", { off: priceText(off, currency) }))] : []),
    h("button.primary.wide", { type: "button", data: { do: "buy-cart" }, onclick: buy },
      t("cart.buy", { price: priceText(sum - off, currency) })),
  ];
}
