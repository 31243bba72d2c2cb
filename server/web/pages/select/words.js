// What offers and figures say, in the page's language.

import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { date, number, percent, price, priceText } from "../ui/format.js";
import { listed, t } from "../ui/strings.js";

/**
 * @import { Bearer, OfferedGoods, Reason, Sample } from "./answers.js"
 */

const WHOLE = 10_000; // the whole in basis points

/** @param {number} points */
export const share = (points) => percent(points / WHOLE);

/** @param {OfferedGoods} goods */
export const priceOf = ({ price_min: low, price_max: high, currency }) => (low === high
  ? price(low, currency)
  : h("span.price-range", {}, price(low, currency), "–", h("span", {}, priceText(high, currency))));

/**
 * How goods did in others' rooms, with what it rests on; `least` orders are needed for a share.
 * @param {Sample} sample
 * @param {number} least
 */
export function sampleOf(sample, least) {
  if (!sample.placed) return h("p.fine.sample", {}, t("select.sample_none"));
  const told = [
    sample.conversion !== null
      && t("select.conversion", { share: percent(sample.conversion), n: number(sample.placed) }),
    sample.return_rate !== null
      && t("select.return_rate", { share: percent(sample.return_rate), n: number(sample.orders) }),
  ].filter((words) => words !== false);
  const few = told.length < 2
    && t("select.too_few", { n: number(sample.orders), least: number(least) });
  return h("p.fine.sample", {}, t("select.sample_rooms", { rooms: number(sample.rooms) }), " ",
    [...told, few].filter((words) => words !== false).join(" · "));
}

/** @param {Reason} reason */
export function reasonOf({ part, n, of = 0, units = 0, returned = 0, hosts = 0, tags = [] }) {
  return t(`select.why_${part}`, { n: number(n), of: number(of), units: number(units),
    returned: number(returned), hosts: number(hosts), tags: listed(tags) });
}

/** @typedef {{commission: number | null, discount: number | null, coupon: Bearer | null, ends: number}} Told */

/**
 * The terms in one line.
 * @param {Told} terms
 */
export const termsOf = ({ commission, discount, coupon, ends }) => beside(
  commission !== null && t("select.commission_of", { share: share(commission) }),
  discount ? t("select.discount_of", { share: share(discount) }) : null,
  coupon && coupon !== "host" && t(`select.coupon_${coupon}`),
  t("select.until", { day: date(ends) }));
