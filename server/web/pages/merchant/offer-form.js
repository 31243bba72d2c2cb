// The sheet in which an offer is written.

import { beginOf, dayOf, endOf } from "../ui/day-field.js";
import { h } from "../ui/dom.js";
import { choice, field, formSheet, sentenceOf } from "../ui/forms.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { pathOf } from "./paths.js";

/**
 * @import { GoodsPage } from "./answers.js"
 * @import { Offer } from "../select/answers.js"
 */

const PERCENT = { type: "number", inputmode: "decimal", min: "0", max: "100", step: "0.01",
  required: true };
const GOODS_SHOWN = 100;
const DAYS = 30; // how long a new offer runs, if nothing else is typed
const DAY_MS = 86_400_000;

const newId = () => `o${Date.now().toString(36)}${Math.floor(Math.random() * 1e4).toString(36)}`;

/**
 * Write an offer; `saved` goes on once it is there.
 * @param {string} merchant
 * @param {Offer | null} known null: a new one
 * @param {() => unknown} saved
 */
export async function offerForm(merchant, known, saved) {
  try {
    const goods = known ? fixed(known.goods) : await chooser(merchant);
    openForm(merchant, known, goods, saved);
  } catch (error) {
    toast(sentenceOf(error));
  }
}

/** @param {string} goods */
const fixed = (goods) => field("goods", t("merchant.goods"), { value: goods, readonly: true });

/** @param {string} merchant */
async function chooser(merchant) {
  /** @type {GoodsPage} */
  const { goods } = await rest("GET",
    `${pathOf(merchant)}/goods?state=active&limit=${GOODS_SHOWN}`);
  return h("div.field", {}, h("label", { for: "field-goods" }, t("merchant.goods")),
    h("select", { id: "field-goods", name: "goods" },
      goods.map((each) => h("option", { value: each.goods }, each.title))));
}

/** @type {(merchant: string, known: Offer | null, goods: HTMLElement, saved: () => unknown) => void} */
function openForm(merchant, known, goods, saved) {
  const ends = dayOf(known?.ends ?? Date.now() + DAYS * DAY_MS);
  formSheet(t(known ? "offers.change" : "offers.new"), [
    goods,
    h("div.field-row", {},
      field("commission", t("offers.commission"), { ...PERCENT,
        value: known ? known.commission / 100 : "20" }),
      field("discount", t("offers.discount"), { ...PERCENT,
        value: known ? known.discount / 100 : "0" })),
    h("div.field-row", {},
      field("starts", t("offers.starts"), { type: "date",
        value: known && known.starts > Date.now() ? dayOf(known.starts) : "" }),
      field("ends", t("offers.ends"), { type: "date", required: true, value: ends })),
    choice("coupon", t("offers.coupon"), [["host", t("offers.bears_host")],
      ["merchant", t("offers.bears_merchant")]], known?.coupon ?? "host"),
    choice("open_to", t("offers.open_to"), [["all", t("offers.to_all")],
      ["invited", t("offers.to_invited")]], known?.open_to ?? "all"),
    field("note", t("offers.note"), { maxlength: "500", value: known?.note }, "textarea"),
    known && h("p.fine", {}, t("offers.change_hint")),
  ], t("save"), async (typed) => {
    const { goods: which, commission, discount, starts, ends: last, coupon } = typed;
    const path = `${pathOf(merchant)}/offers/${encodeURIComponent(known?.offer ?? newId())}`;
    await rest("PUT", path, {
      goods: which, commission: points(commission), discount: points(discount), coupon,
      open_to: typed.open_to, note: typed.note,
      starts: beginOf(starts),
      ends: endOf(last),
    });
    toast(t("merchant.saved"));
    await saved();
  });
}

/**
 * Percent in basis points.
 * @param {string} [typed]
 */
const points = (typed = "") => Math.round(Number(typed) * 100);
