// The form of one thing that is planned: first what it is, then what one press will do.

import { h } from "../ui/dom.js";
import { minorUnits } from "../ui/format.js";
import { choice, field, formSheet, minor, selection, whole } from "../ui/forms.js";
import { openSheet, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { fieldTime, momentIn, zoneOf } from "../ui/zone.js";

/**
 * @import { Audience, Room, RundownItem, RundownKind } from "../liveroom.js"
 * @import { Children, Typed } from "../ui/elements.js"
 * @typedef {Record<string, unknown>} Does
 */

/** @type {RundownKind[]} */
const KINDS = ["product", "sale", "poll", "lucky", "coupon", "note"];
/** @type {Audience[]} */
const AUDIENCES = ["all", "followers", "group", "reserved"];
const OPTIONS_MAX = 4;
const MINUTE_S = 60;

/**
 * Plan something, or change what is planned.
 * @param {Room} room
 * @param {RundownItem} [item]
 */
export function itemForm(room, item) {
  if (item) {
    openForm(room, item.kind, item);
    return;
  }
  openSheet(t("rundown.what"), (leave) => h("div.rundown-kinds", {}, KINDS.map((kind) =>
    h("button.plain.wide", { type: "button", data: { kind }, onclick: () => {
      leave();
      openForm(room, kind);
    } }, t(`rundown.kind_${kind}`)))));
}

/** @type {(room: Room, kind: RundownKind, item?: RundownItem) => void} */
function openForm(room, kind, item) {
  if (["product", "sale"].includes(kind) && !viewOf(room).shelf.length) {
    toast(t("shelf.empty"));
    return;
  }
  const zone = zoneOf(viewOf(room));
  const does = item?.does ?? {};
  const form = FORMS[kind] ?? FORMS.note;
  formSheet(t(`rundown.kind_${kind}`), [
    ...form.fields(room, does, item?.title ?? ""),
    h("div.field-row", {},
      field("minutes", t("rundown.lasts"), { ...whole, min: "0", max: "1440", step: "any",
        value: (item?.lasts_s ?? 5 * MINUTE_S) / MINUTE_S }),
      field("at", t("rundown.at", { zone }), { type: "datetime-local",
        value: fieldTime(item?.at ?? 0, zone) })),
  ], t("save"), async (typed) => {
    const { title, does: command } = form.read(room, typed, does);
    await room.send("rundown.put", { kind, title, ...command && { does: command },
      at: momentIn(typed.at, zone, toast) ?? 0, lasts_s: Math.round(Number(typed.minutes) * MINUTE_S),
      ...item && { item: item.item } });
  });
}

/** @param {unknown} value */
const text = (value) => (value === undefined || value === null ? "" : String(value));

/**
 * The product that is meant, to be chosen from the shelf.
 * @type {(room: Room, does: Does) => HTMLElement}
 */
function productField(room, does) {
  const { shelf } = viewOf(room);
  return selection("sku", t("rundown.product"), shelf.map(({ sku, title }) => [sku, title]),
    text(does.sku) || shelf[0]?.sku);
}

/** @type {(room: Room, sku: string) => {title: string, price: number, currency: string}} */
const productOf = (room, sku) => viewOf(room).shelf.find((it) => it.sku === sku)
  ?? { title: sku, price: 0, currency: "CNY" };

/** @type {(does: Does, proposed: number) => HTMLElement} */
const lastsField = (does, proposed) => field("lasts_s", t("form.lasts"),
  { ...whole, min: "0", value: Number(does.lasts_s ?? proposed) });

/**
 * @type {Partial<Record<RundownKind, {
 *   fields: (room: Room, does: Does, title: string) => Children[],
 *   read: (room: Room, typed: Typed, does: Does) => {title: string, does?: Does}}>> & {note: {
 *   fields: (room: Room, does: Does, title: string) => Children[],
 *   read: (room: Room, typed: Typed, does: Does) => {title: string, does?: Does}}}}
 */
const FORMS = {
  product: {
    fields: (room, does) => [productField(room, does)],
    read: (room, { sku }) => ({ title: productOf(room, sku).title, does: { sku } }),
  },
  sale: {
    fields: (room, does) => {
      const { shelf } = viewOf(room);
      const known = shelf.find(({ sku }) => sku === does.sku) ?? shelf[0];
      const units = minorUnits(known?.currency ?? "CNY");
      return [
        productField(room, does),
        h("div.field-row", {},
          field("price", t("form.sale_price"), { type: "number", inputmode: "decimal", min: "0",
            step: "any", required: true, value: Number(does.price ?? known?.price ?? 0) / units }),
          field("stock", t("form.stock"), { ...whole, value: Number(does.stock ?? 50) }),
          field("per_user", t("form.per_user"), { ...whole, value: Number(does.per_user ?? 1) })),
        h("div.field-row", {},
          field("hold_s", t("form.hold"), { ...whole, min: "5", max: "86400",
            value: Number(does.hold_s ?? 90) }),
          lastsField(does, 0)),
      ];
    },
    read: (room, { sku, price, stock, per_user, hold_s, lasts_s }, does) => {
      const { title, currency } = productOf(room, sku);
      return { title, does: { ...does, sku, price: minor(price, currency), stock: Number(stock),
        per_user: Number(per_user), hold_s: Number(hold_s), lasts_s: Number(lasts_s) } };
    },
  },
  poll: {
    fields: (_, does) => {
      const options = Array.isArray(does.options) ? does.options : [];
      return [
        field("question", t("form.poll_question"), { required: true, maxlength: "120",
          value: text(does.question) }),
        ...Array.from({ length: OPTIONS_MAX }, (_unused, i) => field(`option${i}`,
          t("form.option", { n: i + 1 }), { required: i < 2, maxlength: "60", value: text(options[i]) })),
        lastsField(does, 60),
      ];
    },
    read: (_, { question, lasts_s, ...typed }) => ({ title: question.trim(), does: {
      question: question.trim(), lasts_s: Number(lasts_s),
      options: Array.from({ length: OPTIONS_MAX }, (_unused, i) => typed[`option${i}`].trim()).filter(Boolean),
    } }),
  },
  lucky: {
    fields: (_, does, title) => [
      field("title", t("form.lucky_title"), { required: true, maxlength: "120", value: title }),
      field("prizes", t("form.prizes"), { ...whole, max: "100", value: Number(does.prizes ?? 1) }),
      choice("audience", t("form.audience"), AUDIENCES.map((who) => [who, t(`audience.${who}`)]),
        text(does.audience) || "all"),
      lastsField(does, 0),
    ],
    read: (_, { title, prizes, audience, lasts_s }) => ({ title: title.trim(), does: {
      title: title.trim(), prizes: Number(prizes), audience, lasts_s: Number(lasts_s) } }),
  },
  coupon: {
    fields: (room, does, title) => {
      const currency = text(does.currency) || (viewOf(room).shelf[0]?.currency ?? "CNY");
      const units = minorUnits(currency);
      return [
        field("title", t("form.coupon_title"), { required: true, maxlength: "120", value: title }),
        h("div.field-row", {},
          field("amount", t("form.off"), { type: "number", inputmode: "decimal", min: "0",
            step: "any", required: true, value: Number(does.amount ?? 1000) / units }),
          field("floor", t("form.floor"), { type: "number", inputmode: "decimal", min: "0",
            step: "any", value: Number(does.floor ?? 0) / units }),
          field("quota", t("form.quota"), { ...whole, value: Number(does.quota ?? 100) })),
        lastsField(does, 0),
      ];
    },
    read: (room, { title, amount, floor, quota, lasts_s }, does) => {
      const currency = text(does.currency) || (viewOf(room).shelf[0]?.currency ?? "CNY");
      return { title: title.trim(), does: { ...does, title: title.trim(), currency,
        amount: minor(amount, currency), quota: Number(quota),
        // The least the server takes is an order that does not become free.
        floor: minor(floor || "0", currency) || minor(amount, currency) + 1,
        lasts_s: Number(lasts_s) } };
    },
  },
  note: {
    fields: (_, does, title) => [field("title", t("rundown.note"),
      { required: true, maxlength: "200", value: title })],
    read: (_, { title }, does) => ({ title: title.trim(),
      ...Object.keys(does).length > 0 && { does } }), // an auction keeps its terms
  },
};
