// Giving back what was bought: what the buyer can do about it.

import { h } from "./dom.js";
import { sure, toast } from "./sheet.js";
import { t, whyNot } from "./strings.js";

/** @import { Order } from "../liveroom.js" */

/**
 * Sends a command about an order, and answers with the order as it is then.
 * @typedef {(op: "return.ask" | "return.withdraw" | "return.answer", order: Order,
 *   fields?: Record<string, unknown>) => Promise<Order>} Send
 */

/**
 * What a buyer can do about a paid order.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => HTMLElement[]}
 */
export function returnActions(order, send, changed) {
  if (order.status !== "paid") return [];
  if (order.request?.status !== "asked") {
    return [h("button.plain.small-button", { type: "button", data: { do: "ask-return" },
      onclick: async () => {
        const { askForm } = await import("./return-forms.js"); // few need it: not for everybody
        askForm(order, send, changed);
      } }, t("return.ask"))];
  }
  const withdraw = async () => {
    if (!await sure(t("return.withdraw_sure"), t("return.withdraw"))) return;
    try {
      changed(await send("return.withdraw", order));
    } catch (error) {
      toast(whyNot(error));
    }
  };
  return [h("button.plain.small-button", { type: "button", data: { do: "withdraw-return" },
    onclick: withdraw }, t("return.withdraw"))];
}
