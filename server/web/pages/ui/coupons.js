// What a coupon is worth to an order: the server's rules, to show the price before buying. The
// server has the last word.

import { priceText } from "./format.js";
import { t } from "./strings.js";

/**
 * @import { Claim, Coupon } from "../liveroom.js"
 * @typedef {{sku: string, price: number, qty: number}} Line of an order, `price` for one
 * @typedef {{claim: Claim, coupon: Coupon, why: string, off: number}} Choice
 */

/**
 * "¥20 off", "10% off".
 * @param {Pick<Coupon, "amount" | "percent" | "currency">} coupon
 */
export function worth({ amount = 0, percent = 0, currency }) {
  return percent ? t("coupon.percent", { n: percent })
    : t("coupon.amount", { price: priceText(amount, currency) });
}

/**
 * "¥20 off ¥199+": its worth with the least order it is for, if there is one.
 * @param {Pick<Coupon, "amount" | "percent" | "currency" | "floor">} coupon
 */
export function offer(coupon) {
  const { amount = 0, percent = 0, floor = 0, currency } = coupon;
  if (!floor) return worth(coupon);
  const least = priceText(floor, currency);
  return percent ? t("coupon.percent_from", { floor: least, n: percent })
    : t("coupon.amount_from", { floor: least, price: priceText(amount, currency) });
}

/**
 * "over ¥199", or that it needs nothing.
 * @param {Pick<Coupon, "floor" | "currency">} coupon
 */
export function condition({ floor = 0, currency }) {
  return floor ? t("coupon.floor", { price: priceText(floor, currency) }) : t("coupon.no_floor");
}

/**
 * Whether the coupon is being given out now, by the server's clock.
 * @param {Coupon} coupon
 * @param {number} now
 */
export function isOffered({ status, starts, ends, claimed, quota }, now) {
  return status === "open" && now >= starts && (!ends || now < ends) && claimed < quota;
}

/** @type {(coupon: Coupon, lines: Line[]) => number} */
function sumFor({ skus = [] }, lines) {
  return lines.filter(({ sku }) => !skus.length || skus.includes(sku))
    .reduce((sum, { price, qty }) => sum + price * qty, 0);
}

/**
 * What it takes off `lines` (minor units); percents are rounded down.
 * @param {Coupon} coupon
 * @param {Line[]} lines
 */
export function moneyOff(coupon, lines) {
  const sum = sumFor(coupon, lines);
  const { amount = 0, percent = 0, floor = 0 } = coupon;
  if (sum < floor) return 0;
  return percent ? Math.floor((sum * percent) / 100) : Math.min(amount, sum);
}

/**
 * Why a claim can't be used for `lines`; "" if it can.
 * @param {Coupon} coupon
 * @param {Claim} claim
 * @param {Line[]} lines
 * @param {string} currency
 * @param {number} now
 */
export function whyUseless(coupon, claim, lines, currency, now) {
  if (claim.order) return t("coupon.used");
  if (coupon.ends && now >= coupon.ends) return t("coupon.over");
  if (coupon.currency !== currency) return t("coupon.currency");
  const { skus = [], floor = 0 } = coupon;
  if (skus.length && !lines.some(({ sku }) => skus.includes(sku))) return t("coupon.not_for");
  const sum = sumFor(coupon, lines);
  if (sum < floor) return t("coupon.short", { price: priceText(floor - sum, currency) });
  return moneyOff(coupon, lines) ? "" : t("coupon.nothing");
}

/**
 * One's claims with what they would do for `lines`, the best first.
 * @param {{coupons: Coupon[], claims: Claim[]}} known
 * @param {Line[]} lines
 * @param {string} currency
 * @param {number} now
 * @returns {Choice[]}
 */
export function choices({ coupons, claims }, lines, currency, now) {
  return claims.flatMap((claim) => {
    const coupon = coupons.find((known) => known.coupon === claim.coupon);
    if (!coupon) return [];
    const why = whyUseless(coupon, claim, lines, currency, now);
    return [{ claim, coupon, why, off: why ? 0 : moneyOff(coupon, lines) }];
  }).sort((a, b) => b.off - a.off);
}
