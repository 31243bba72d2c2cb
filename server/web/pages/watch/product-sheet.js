// The sheet of a product: which of its variants, all there is to know, how many, buy or put by.

import { everyTick, h, icon, iconButton, write } from "../ui/dom.js";
import { proofList, saleBlock, thumbnail } from "../ui/product.js";
import { productReviews } from "../ui/reviews.js";
import { openSheet, toast } from "../ui/sheet.js";
import { saleOf, saleState } from "../ui/stock.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { askSection } from "./asking.js";
import { addToCart, cartButton, openCart } from "./cart.js";
import { couponChoice } from "./coupons.js";

/**
 * @import { Product, Room, Sale } from "../liveroom.js"
 * @import { Answers } from "./asking.js"
 * @import { Page } from "./page.js"
 */

/**
 * Open it. Another variant that is chosen takes the place of this one.
 * @param {Page} ctx
 * @param {Product} first
 * @param {Answers} answers
 */
export function openProduct(ctx, first, answers) {
  const { room } = ctx;
  const body = h("div");
  let asking = askSection(ctx, first, answers);
  /** @param {Product} product */
  const show = (product) => {
    asking = askSection(ctx, product, answers);
    const chips = variantChips(room, product, (chosen, name) => {
      show(chosen);
      /** @type {HTMLElement | null} */
      const kept = body.querySelector(`input[name="option-${CSS.escape(name)}"]:checked`);
      kept?.focus(); // what was focused was drawn anew
    });
    body.replaceChildren(productDetails(ctx, product, chips,
      [asking.root, productReviews(viewOf(room).host, product, (of) => reportButton(ctx, of)),
        reportButton(ctx, { about: "product", id: product.sku })]));
  };
  show(first);
  const dialog = openSheet(first.title, () => body, { kind: "details-sheet" });
  dialog.addEventListener("close", room.on("change",
    (parts) => (parts.has("questions") || parts.has("all")) && asking.draw()));
}

/** @type {(ctx: Page, reported: Parameters<Page["report"]>[0]) => HTMLElement} */
const reportButton = (ctx, reported) => h("button.quiet.small-button", { type: "button",
  data: { do: "report" }, onclick: () => ctx.report(reported) }, t("report"));

/**
 * The products on the shelf that are one choice with this one.
 * @type {(shelf: Product[], product: Product) => Product[]}
 */
const variantsOf = (shelf, { goods, merchant }) =>
  goods ? shelf.filter((other) => other.goods === goods && other.merchant === merchant) : [];

/**
 * The variant that has this value and most of the other options.
 * @type {(variants: Product[], options: Record<string, string>, name: string) => Product | null}
 */
function nearest(variants, options, name) {
  const able = variants.filter((each) => each.options[name] === options[name]);
  /** @param {Product} each */
  const alike = (each) =>
    Object.entries(options).filter(([key, value]) => each.options[key] === value).length;
  return able.sort((a, b) => alike(b) - alike(a))[0] ?? null;
}

/** @type {(room: Room, sku: string) => boolean} */
function isOut(room, sku) {
  const sale = saleOf(viewOf(room), sku);
  return !sale || ["sold_out", "closed"].includes(saleState(sale, room.now()));
}

/**
 * A choice for each option, such as size and colour; what can't be had is marked, not hidden: one
 * may want to queue for it.
 * @type {(room: Room, product: Product, choose: (to: Product, name: string) => void) =>
 *   HTMLElement[]}
 */
function variantChips(room, product, choose) {
  const variants = variantsOf(viewOf(room).shelf, product);
  if (variants.length < 2) return [];
  const names = [...new Set(variants.flatMap(({ options }) => Object.keys(options)))];
  return names.map((name) => {
    const values = [...new Set(variants.map(({ options }) => options[name]).filter(Boolean))];
    return h("fieldset.chips.variants", {}, h("legend", { dir: "auto" }, name),
      values.map((value) => {
        const to = nearest(variants, { ...product.options, [name]: value }, name);
        const able = variants.filter(({ options }) => options[name] === value);
        const gone = h("small");
        const label = h("label.chip", {}, h("input", { type: "radio", name: `option-${name}`, value,
          checked: product.options[name] === value,
          onchange: () => to && choose(to, name) }), h("span", {}, h("bdi", {}, value), gone));
        return everyTick(label, () => {
          const isGone = able.every(({ sku }) => isOut(room, sku));
          label.classList.toggle("gone", isGone);
          const isKnown = able.some(({ sku }) => saleOf(viewOf(room), sku)); // else none began
          write(gone, isGone ? t(isKnown ? "sale.sold_out" : "sale.none") : "");
        });
      }));
  });
}

/**
 * All there is to know about a product, and how many to buy.
 * @type {(ctx: Page, product: Product, chips: HTMLElement[], more: HTMLElement[]) => HTMLElement}
 */
function productDetails(ctx, product, chips, more) {
  let qty = 1;
  const shown = h("output.qty", { "aria-label": t("qty") }, "1");
  const coupons = couponChoice(ctx, () => openSale(ctx.room, product.sku), () => qty);
  const cart = cartButton(ctx);
  const add = h("button.plain", { type: "button", data: { do: "add-to-cart" },
    onclick: () => {
      const sale = openSale(ctx.room, product.sku);
      if (!sale || !addToCart(ctx.room, sale, qty)) return;
      cart.draw();
      toast(t("cart.added"), { action: { label: t("cart"), run: () => openCart(ctx, cart.draw) } });
    } }, t("cart.add"));
  const block = saleBlock(ctx, product, { qty: () => qty, claim: coupons.claim, more: add });
  everyTick(add, () => { add.hidden = !openSale(ctx.room, product.sku); });
  /** @param {number} by */
  const step = (by) => () => {
    const max = saleOf(viewOf(ctx.room), product.sku)?.per_user ?? 1;
    qty = Math.min(Math.max(1, qty + by), max);
    write(shown, String(qty));
    block.draw();
  };
  /** @type {(title: string, lines: string[], kind: string) => HTMLElement | false} */
  const list = (title, lines, kind) => lines.length > 0 && h("section", { class: kind },
    h("h3", {}, title), h("ul", {}, lines.map((line) => h("li", {}, line))));
  const stepper = h("div.stepper", {}, h("span", {}, t("qty")),
    iconButton("minus", t("qty.less"), step(-1)), shown,
    iconButton("plus", t("qty.more"), step(1)));
  everyTick(stepper, () => { // a place in the line is for one unit
    const sale = saleOf(viewOf(ctx.room), product.sku);
    stepper.hidden = !sale || !["open", "scheduled"].includes(saleState(sale, ctx.room.now()));
  });
  return h("div.details", {},
    h("div.details-head", {}, thumbnail(product), product.points.length
      ? list(t("product.points"), product.points, "points") // the sheet's head has the title
      : h("p.details-title", {}, product.title)),
    list(t("product.flaws"), product.flaws, "flaws"),
    product.proofs.length > 0 && h("section.proofs", {},
      h("h3", {}, t("product.proofs")), proofList(product.proofs)),
    product.url && h("a.text-link", { href: product.url, target: "_blank",
      rel: "noopener noreferrer" }, icon("link"), t("product.link")),
    chips, stepper, coupons.root, block.root, cart.root, more, block.doing);
}

/**
 * The product's sale if it can be bought in, else null.
 * @type {(room: Room, sku: string) => Sale | null}
 */
function openSale(room, sku) {
  const sale = saleOf(viewOf(room), sku);
  return sale && saleState(sale, room.now()) === "open" ? sale : null;
}
