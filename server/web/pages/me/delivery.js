// Where an own order goes: shown, or asked for, until it is sent.

import { h, icon } from "../ui/dom.js";
import { choice, formSheet } from "../ui/forms.js";
import { beside } from "../ui/bidi.js";
import { addressLines, isUnsent } from "../ui/parcels.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";

/**
 * @import { Order } from "../liveroom.js"
 * @import { AddressList, Delivery, DeliveryList } from "../ui/answers.js"
 */

const AT_ONCE = 100;

/**
 * Where these orders go, of those that are known, by order.
 * @param {Order[]} orders
 * @returns {Promise<Map<string, Delivery>>}
 */
export async function deliveriesOf(orders) {
  const ids = orders.filter(({ status }) => status === "paid" || status === "returned")
    .map(({ order }) => order).slice(0, AT_ONCE);
  if (!ids.length) return new Map();
  /** @type {DeliveryList} */
  const { deliveries } = await rest("GET", `/v1/me/deliveries?orders=${ids.map(encodeURIComponent).join(",")}`);
  return new Map(deliveries.map((each) => [each.order, each]));
}

/**
 * Where an order goes, or the question; nothing where neither matters.
 * @type {(order: Order, known: Delivery | undefined, changed: (delivery: Delivery) => void) => HTMLElement[]}
 */
export function deliveryOf(order, known, changed) {
  if (known) {
    return [h("div.delivery", {}, icon("pin"), h("div.me-words", {}, known.address
      ? addressLines(known.address) : h("span", {}, t("delivery.reference", { to: known.deliver }))))];
  }
  if (!isUnsent(order)) return [];
  return [h("div.delivery.asked", {}, icon("pin"), h("div.me-words", {}, t("delivery.missing")),
    h("button.primary.small-button", { type: "button", data: { do: "say-where" },
      onclick: () => ask(order, changed) }, t("delivery.say")))];
}

/** @type {(order: Order, changed: (delivery: Delivery) => void) => Promise<void>} */
async function ask(order, changed) {
  try {
    /** @type {AddressList} */
    const { addresses } = await rest("GET", "/v1/me/addresses");
    if (!addresses.length) {
      toast(t("delivery.no_address"));
      document.querySelector("[data-do=add-address]")?.scrollIntoView({ block: "center" });
      return;
    }
    formSheet(t("delivery.say"), [
      choice("address", t("delivery.to"), addresses.map(({ address, name, lines, city }) =>
        [address, beside(name, lines.join(", "), city)]), addresses[0].address),
      h("p.fine", {}, t("delivery.fixed")),
    ], t("delivery.send_here"), async ({ address }) => {
      const path = `/v1/rooms/${encodeURIComponent(order.room)}/orders/${encodeURIComponent(order.order)}/delivery`;
      changed(await rest("PUT", path, { address }));
    });
  } catch (error) {
    toast(whyNot(error));
  }
}
