// A request to give back what was bought: what was asked, and what became of it.

import { isolated } from "./bidi.js";
import { h } from "./dom.js";
import { day, number } from "./format.js";
import { t } from "./strings.js";

/**
 * @import { Order, ReturnReason } from "../liveroom.js"
 * @import { Key } from "./strings.js"
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
