// What one follows, where one has a place, belongs, and which coupons one has.

import { beside } from "../ui/bidi.js";
import { condition, worth } from "../ui/coupons.js";
import { h } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { hostPath } from "../ui/room-card.js";
import { phaseText, t } from "../ui/strings.js";
import { watchPath } from "./orders.js";

/**
 * @import { ClaimedCoupon, Followed, Me, Membership, Reserved } from "../ui/answers.js"
 * @import { Child } from "../ui/elements.js"
 * @import { Key } from "../ui/strings.js"
 */

/**
 * A box with a list; nothing if there is nothing to list and no words for that.
 * @type {(title: Key, kind: string, rows: Child[], none: Key) => HTMLElement}
 */
function box(title, kind, rows, none) {
  return h("section.me-box", { class: `me-${kind}` }, h("h2", {}, t(title)),
    rows.length ? h("ul.me-list", {}, rows) : h("p.fine", {}, t(none)));
}

/** @type {(words: Child[], beside?: Child) => HTMLElement} */
const row = (words, side) => h("li.me-row", {}, h("div.me-words", {}, words), side);

/** @param {Followed} followed */
function followRow({ host, name, room, title, phase }) {
  return row([
    h("a.text-link", { href: hostPath(host), dir: "auto" }, h("b", {}, name || host)),
    room && h("a.text-link", { href: watchPath(room), dir: "auto" }, title || room),
  ], phase && h("span.me-phase", { data: { phase } }, phaseText(phase)));
}

/** @param {Reserved} reserved */
function reservedRow({ room, title, host, host_name, scheduled }) {
  return row([
    h("a.text-link", { href: watchPath(room), dir: "auto" }, title || room),
    h("span.fine", { dir: "auto" }, host_name || host),
  ], scheduled > 0 && h("span.me-phase", {}, day(scheduled)));
}

/** @param {Membership} membership */
function groupRow({ room, title, host, host_name }) {
  return row([
    h("a.text-link", { href: watchPath(room), dir: "auto" }, title || room),
    h("span.fine", { dir: "auto" }, host_name || host),
  ]);
}

/** @param {ClaimedCoupon} claimed */
function couponRow({ terms, room, room_title, order }) {
  const { title, currency, ends } = terms;
  return row([
    h("b", { dir: "auto" }, title || t("order.coupon")),
    currency && h("span.fine", {}, beside(worth(terms), condition(terms),
      ends > 0 && t("me.until", { when: day(ends) }))),
    h("a.text-link", { href: watchPath(room), dir: "auto" }, room_title || room),
  ], order && h("span.me-phase", {}, t("me.used")));
}

/** @param {Me} me */
export const tieBoxes = ({ follows, reservations, groups, coupons }) => [
  box("me.reservations", "reservations", reservations.map(reservedRow), "me.no_reservations"),
  box("me.follows", "follows", follows.map(followRow), "me.no_follows"),
  groups.length > 0 && box("me.groups", "groups", groups.map(groupRow), "me.no_follows"),
  box("coupon.title", "coupons", coupons.map(couponRow), "me.no_coupons"),
];
