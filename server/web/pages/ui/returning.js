// Giving back what was bought: what the buyer asks, and what became of it.

import { isolated } from "./bidi.js";
import { h } from "./dom.js";
import { day, number } from "./format.js";
import { sure, toast } from "./sheet.js";
import { t, whyNot } from "./strings.js";

/**
 * @import { Order, ReturnReason } from "../liveroom.js"
 * @import { Key } from "./strings.js"
 */

/**
 * Sends a command about an order, and answers with the order as it is then.
 * @typedef {(op: "return.ask" | "return.withdraw" | "return.answer", order: Order,
 *   fields?: Record<string, unknown>) => Promise<Order>} Send
 */

/** @param {ReturnReason} reason */
export const reasonText = (reason) => t(/** @type {Key} */ (`return.${reason}`));

/**
 * What was asked, and what was answered; nothing if nobody asked.
 * @type {(order: Order) => HTMLElement[]}
 */
export function requestOf({ request, lines }) {
  if (!request) return [];
  const asked = request.lines.map(({ sale, qty }) =>
    `${isolated(lines.find((line) => line.sale === sale)?.title ?? sale)} ×${number(qty)}`);
  return [h("div.return-request", { data: { status: request.status } },
    h("p", {}, h("b", {}, t(`return.is_${request.status}`)), ` · ${reasonText(request.reason)}`),
    h("p.fine", {}, asked.join(" · ")),
    request.note ? h("p.fine", { dir: "auto" }, request.note) : null,
    request.answer ? h("p", { dir: "auto" }, request.answer) : null,
    request.status === "asked" ? h("p.fine", {}, t("return.until", { when: day(request.due) })) : null)];
}

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
