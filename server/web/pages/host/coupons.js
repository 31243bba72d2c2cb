// Coupons: give some out, see them claimed and used, stop.

import { condition, worth } from "../ui/coupons.js";
import { h, icon } from "../ui/dom.js";
import { number, priceText } from "../ui/format.js";
import { sure } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { choice, field, formSheet, minor, whole } from "../ui/forms.js";
import { attempt } from "./shelf.js";

/** @import { Audience, Coupon, Room } from "../liveroom.js" */

const MINUTE_S = 60;
/** @type {Audience[]} */
const AUDIENCES = ["all", "followers", "group", "reserved"];

/** The choice of whom something is for. */
export const audienceChoice = () => choice("audience", t("form.audience"),
  AUDIENCES.map((name) => [name, t(`audience.${name}`)]), "all");

/**
 * The audience that was chosen.
 * @param {string} chosen
 */
export const audienceOf = (chosen) => AUDIENCES.find((name) => name === chosen) ?? "all";

/** @type {(room: Room, currency: string) => HTMLElement} */
function couponForm(room, currency) {
  const { shelf } = viewOf(room);
  const only = h("fieldset.chips", {}, h("legend", {}, t("form.skus")), shelf.map((product) =>
    h("label.chip", {}, h("input", { type: "checkbox", name: "skus", value: product.sku }),
      h("span", {}, product.title))));
  return formSheet(t("host.coupon_open"), [
    field("title", t("form.coupon_title"), { required: true, maxlength: "60" }),
    h("div.field-row", {},
      field("off", t("form.off"), { ...whole, step: "any", inputmode: "decimal", min: "0.01" }),
      choice("kind", t("form.off_kind"), [["amount", currency], ["percent", "%"]], "amount")),
    h("div.field-row", {},
      field("floor", t("form.floor"), { ...whole, step: "any", min: "0", required: false,
        placeholder: t("form.floor_least") }),
      field("quota", t("form.quota"), { ...whole, value: 100 }),
      field("per_user", t("form.coupon_each"), { ...whole, max: "100", value: 1 })),
    audienceChoice(),
    field("minutes", t("form.minutes"), { ...whole, min: "0", max: "525600", value: 30 }),
    shelf.length ? only : null,
  ], t("host.coupon_open"), async ({ title, off, kind, floor, quota, per_user, audience, minutes },
    form) => {
    const amount = kind === "percent" ? 0 : minor(off, currency);
    const worthOf = kind === "percent" ? { percent: Number(off) } : { amount };
    // Left out or 0 is "any order": the least the server takes is one that does not become free.
    const least = minor(floor, currency) || (amount && amount + 1);
    if (amount && amount >= least) {
      throw new Error(t("form.floor_low", { price: priceText(amount, currency) }));
    }
    await room.couponOpen({ title: title.trim(), currency, ...worthOf,
      floor: least, quota: Number(quota), per_user: Number(per_user),
      audience: audienceOf(audience),
      lasts_s: Number(minutes) * MINUTE_S, skus: form.getAll("skus").map(String) });
  });
}

export class HostCoupons {
  /**
   * @param {Room} room
   * @param {() => string} currency the room's
   */
  constructor(room, currency) {
    this.room = room;
    this.list = h("ol.host-coupons");
    this.root = h("section.panel-box", { "aria-label": t("coupon.title") },
      h("div.box-head", {}, h("h2", {}, t("coupon.title")),
        h("button.plain.small-button", { type: "button", data: { do: "coupon" },
          onclick: () => couponForm(room, currency()) }, icon("plus"), t("host.coupon_open"))),
      this.list);
  }

  draw() {
    const { coupons } = viewOf(this.room);
    this.list.replaceChildren(...(coupons.length ? [...coupons].reverse().map((it) => this.#row(it))
      : [h("li.fine", {}, t("host.no_coupons"))]));
  }

  /** @param {Coupon} it */
  #row(it) {
    const close = async () => {
      if (await sure(t("host.coupon_close_sure", { title: it.title }), t("host.coupon_close"))) {
        attempt(this.room.couponClose(it.coupon));
      }
    };
    const open = it.status === "open";
    const timer = open && countdown(() => this.room.now(), () => it.ends, () => t("sale.ends_in"));
    return h("li.host-coupon", { data: { coupon: it.coupon, status: it.status } },
      h("div.host-sale-head", {}, h("b", {}, it.title), h("b.coupon-worth", {}, worth(it))),
      h("p.fine", {}, [condition(it), t(`audience.${it.audience}`),
        open ? "" : t("host.coupon_closed")].filter(Boolean).join(" · "), " ", timer),
      h("span.stock-line", { role: "img", "aria-label": t("host.coupon_counts",
        { claimed: it.claimed, quota: it.quota, used: it.used }),
      vars: { "--sold": it.used / it.quota, "--held": (it.claimed - it.used) / it.quota } }),
      h("div.host-sale-state", {},
        h("span.fine", { data: { counts: "" } }, t("host.coupon_counts", {
          claimed: number(it.claimed), quota: number(it.quota), used: number(it.used) })),
        open && h("div.actions", {}, h("button.plain.small-button", { type: "button",
          data: { do: "close" }, onclick: close }, t("host.coupon_close")))));
  }
}

