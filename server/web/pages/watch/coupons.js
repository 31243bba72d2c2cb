// Coupons: the strip that offers them, the sheet to claim them in, the choice at buying.

import { beside } from "../ui/bidi.js";
import { everyTick, h, icon, write } from "../ui/dom.js";
import { day, number, price, priceText } from "../ui/format.js";
import { choices, condition, isOffered, offer, worth } from "../ui/coupons.js";
import { openSheet, toast } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { failureOf, listed, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Claim, Coupon, Mine, Room, Sale } from "../liveroom.js"
 * @import { Choice } from "../ui/coupons.js"
 * @import { Key } from "../ui/strings.js"
 * @import { Drawn, Page } from "./page.js"
 */

/** @type {(mine: Mine, coupon: Coupon) => Claim[]} */
const held = ({ claims }, { coupon }) => claims.filter((claim) => claim.coupon === coupon);

/**
 * What else one must do to belong to a coupon's audience; "" for nothing.
 * @type {(coupon: Coupon, mine: Mine) => Lack}
 */
function missing({ audience }, { following, member, reserved }) {
  if (audience === "followers" && !following) return "followers";
  if (audience === "group" && !member) return "group";
  if (audience === "reserved" && !reserved) return "reserved";
  return "";
}

/** @typedef {"followers" | "group" | "reserved" | ""} Lack what a coupon still asks for */

/** @type {Record<Lack, Key>} */
const CLAIMS = { followers: "coupon.claim_follow", group: "coupon.claim_join",
  reserved: "coupon.claim", "": "coupon.claim" };

/** @type {Record<string, Key>} */
const REFUSALS = { sold_out: "coupon.gone", limit_reached: "coupon.enough", ended: "coupon.over",
  forbidden: "coupon.not_yours" };

/**
 * Why a coupon was not given, in words of coupons.
 * @param {unknown} thrown
 */
function whyNone(thrown) {
  const words = REFUSALS[failureOf(thrown).code ?? ""];
  return words ? t(words) : whyNot(thrown);
}

/**
 * The chip beside the other offers.
 * @param {Page} ctx
 * @returns {Drawn}
 */
export function couponChip(ctx) {
  const words = h("span");
  const root = h("button.chip-button.coupon-chip", { type: "button", hidden: true,
    onclick: () => openCoupons(ctx) }, icon("ticket"), words);
  const draw = () => {
    const { room, mine } = ctx.room.state;
    if (!room) return;
    const now = ctx.room.now();
    const offered = room.coupons.filter((coupon) => isOffered(coupon, now)
      && held(mine, coupon).length < coupon.per_user);
    const usable = mine.claims.filter(({ order }) => !order).length;
    root.hidden = room.coupons.length === 0 || (offered.length === 0 && usable === 0);
    root.classList.toggle("fresh", offered.length > 0);
    write(words, offered.length === 1 ? `${t("coupon.claim")} ${offer(offered[0])}`
      : offered.length ? t("coupon.offered", { n: offered.length })
        : t("coupon.mine", { n: usable }));
  };
  everyTick(root, draw); // a coupon may start or end without an event
  return { root, draw };
}

/** @type {(ctx: Page, coupon: Coupon) => HTMLElement} */
function ticket(ctx, coupon) {
  const { room } = ctx;
  const button = h("button.primary.small-button", { type: "button", data: { do: "claim" } });
  const rest = h("span.fine");
  const why = h("span.fine");
  const { shelf } = viewOf(room);
  const only = listed((coupon.skus ?? []).map((sku) =>
    shelf.find((product) => product.sku === sku)?.title ?? sku));
  const timer = countdown(() => room.now(), () => now().ends, () => t("sale.ends_in"));
  function now() {
    return viewOf(room).coupons.find((known) => known.coupon === coupon.coupon) ?? coupon;
  }
  const claim = async () => {
    if (ctx.needSignIn("tap")) return;
    button.disabled = true;
    try {
      const lacks = missing(now(), room.state.mine);
      if (lacks === "followers") await room.follow();
      if (lacks === "group") await room.groupJoin();
      await room.couponClaim(coupon.coupon);
      toast(t("coupon.claimed"));
    } catch (error) {
      toast(whyNone(error));
    }
    draw();
  };
  button.addEventListener("click", claim);
  function draw() {
    const it = now();
    const mine = held(room.state.mine, it);
    const lacks = missing(it, room.state.mine);
    const offered = isOffered(it, room.now());
    const full = mine.length >= it.per_user;
    const shut = lacks === "reserved" || (lacks === "group" && !viewOf(room).group);
    button.disabled = !offered || full || shut;
    write(button, full ? t("coupon.have") : it.claimed >= it.quota ? t("coupon.gone_short")
      : t(CLAIMS[lacks]));
    write(rest, t("coupon.left", { n: number(Math.max(0, it.quota - it.claimed)) }));
    write(why, shut && lacks ? t(`coupon.for_${lacks}`)
      : it.status === "closed" || (it.ends && room.now() >= it.ends) ? t("coupon.over")
        : room.now() < it.starts ? t("watch.soon_at", { when: day(it.starts) })
          : mine.length ? mineWords(mine) : "");
  }
  const root = h("li.ticket", { data: { coupon: coupon.coupon } },
    h("div.ticket-worth", {}, h("b", {}, worth(coupon)), h("span.fine", {}, condition(coupon))),
    h("div.ticket-words", {}, h("b", {}, coupon.title),
      coupon.audience !== "all" && h("span.tag", {}, t(`coupon.for_${coupon.audience}`)),
      only && h("span.fine", {}, t("coupon.only", { what: only })),
      h("span.ticket-line", {}, rest, timer), why),
    button);
  return everyTick(root, draw);
}

/** @param {Claim[]} claims */
function mineWords(claims) {
  const used = claims.filter(({ order }) => order).length;
  return used ? t("coupon.used_n", { n: claims.length, used }) : t("coupon.mine_n",
    { n: claims.length });
}

/**
 * All coupons of the room: those to be had first.
 * @param {Page} ctx
 */
export function openCoupons(ctx) {
  const list = h("ol.tickets");
  const draw = () => {
    const { coupons } = viewOf(ctx.room);
    const now = ctx.room.now();
    const key = coupons.map(({ coupon }) => coupon).join();
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...[...coupons].reverse()
      .sort((a, b) => Number(isOffered(b, now)) - Number(isOffered(a, now)))
      .map((it) => ticket(ctx, it)));
  };
  draw();
  const dialog = openSheet(t("coupon.title"), () => list);
  dialog.addEventListener("close", ctx.room.on("change",
    (parts) => (parts.has("coupons") || parts.has("all")) && draw()));
}

const AUTO = "auto";
const NONE = "none";

/**
 * The choice of a coupon for an order of one sale: the best by itself, another, or none.
 * `claim()` is what to buy with.
 * @param {Page} ctx
 * @param {() => Sale | null} sale
 * @param {() => number} qty
 */
export function couponChoice(ctx, sale, qty) {
  /** @type {string} a claim, or one of the two */
  let chosen = AUTO;
  const before = h("s.was");
  const after = h("span.cost");
  const total = h("p.coupon-total", { "aria-live": "polite" }, h("span.fine", {},
    t("coupon.pay")), before, after);
  const options = h("div.coupon-options");
  const root = h("fieldset.coupon-choice", { hidden: true },
    h("legend", {}, t("coupon.use")), options, total);
  const all = () => {
    const it = sale();
    return it ? choicesFor(ctx.room, it, qty()) : [];
  };
  /** @param {Choice[]} all */
  const pick = (all) => chosen === NONE ? null
    : all.find(({ claim, off }) => off > 0 && (chosen === AUTO || claim.claim === chosen)) ?? null;
  /** @type {(value: string, title: string, note: string, usable: boolean) => HTMLElement} */
  const row = (value, title, note, usable) => h("label.coupon-option", {},
    h("input", { type: "radio", name: "coupon", value, checked: chosen === value,
      disabled: !usable, onchange: () => { chosen = value; draw(); } }),
    h("span", {}, h("b", {}, title), note && h("span.fine", {}, note)));
  function draw() {
    const it = sale();
    const own = all();
    root.hidden = !own.length;
    if (!it || root.hidden) return;
    const used = pick(own);
    const sum = it.price * qty();
    const key = JSON.stringify([chosen, sum, own.map(({ claim, why, off }) =>
      [claim.claim, why, off])]);
    if (key === root.dataset.key) return;
    root.dataset.key = key;
    const best = own.find(({ off }) => off > 0);
    options.replaceChildren(
      best ? row(AUTO, t("coupon.auto"), beside(best.coupon.title, worth(best.coupon)), true) : "",
      ...own.map(({ claim, coupon, why, off }) => row(claim.claim, coupon.title, why
        || t("coupon.saves", { price: priceText(off, it.currency) }), !why)),
      row(NONE, t("coupon.none"), "", true));
    const none = /** @type {HTMLInputElement | null} */ (options.querySelector(`[value=${NONE}]`));
    if (none && !best) none.checked = true;
    write(before, used ? priceText(sum, it.currency) : "");
    after.replaceChildren(price(sum - (used?.off ?? 0), it.currency));
  }
  return { root: everyTick(root, draw), claim: () => pick(all())?.claim.claim };
}

/**
 * The viewer's claims for so many of a sale, the best first.
 * @type {(room: Room, sale: Sale, qty: number) => Choice[]}
 */
function choicesFor(room, { sku, price: each, currency }, qty) {
  return choices({ coupons: viewOf(room).coupons, claims: room.state.mine.claims },
    [{ sku, price: each, qty }], currency, room.now());
}

/**
 * The best claim for a sale, for a buy by one tap.
 * @param {Room} room
 * @param {Sale} sale
 * @param {number} [qty]
 * @returns {Choice | null}
 */
export function bestFor(room, sale, qty = 1) {
  if (!room.state.mine.claims.length) return null;
  const [best] = choicesFor(room, sale, qty);
  return best?.off ? best : null;
}
