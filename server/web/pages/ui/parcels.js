// Where an order goes, and the parcels it is in.

import { beside } from "./bidi.js";
import { h, icon } from "./dom.js";
import { day } from "./format.js";
import { t } from "./strings.js";

/**
 * @import { Order, Parcel } from "../liveroom.js"
 * @import { Address } from "./answers.js"
 */

/** @param {Address} address */
export const addressLines = ({ name, lines, city, region, postcode, country, phone }) => [
  h("b", { dir: "auto" }, name), h("span", { dir: "auto" }, lines.join(", ")),
  h("span.fine", {}, beside(postcode, city, region, country, phone))];

/**
 * The parcels of an order; nothing before one was sent.
 * @type {(order: {parcels?: Parcel[]}) => HTMLElement[]}
 */
export function parcelsOf({ parcels = [] }) {
  return parcels.map(({ parcel, carrier, tracking, sent, delivered = 0 }) =>
    h("div.parcel", { data: { parcel, state: delivered ? "delivered" : "sent" } }, icon("box"),
      h("div.parcel-words", {},
        h("b", {}, delivered ? t("parcel.delivered", { when: day(delivered) })
          : t("parcel.sent", { when: day(sent) })),
        h("span.fine", {}, h("bdi", {}, carrier), " ", h("bdi.digits", {}, tracking)))));
}

/**
 * Whether the buyer can still say where an order goes.
 * @param {Order} order
 */
export const isUnsent = ({ status, parcels = [], practice }) =>
  status === "paid" && parcels.length === 0 && !practice;
