// Giving back what was bought: what the buyer asks, and what became of it.

import { h } from "./dom.js";
import { choice, field, formSheet, whole } from "./forms.js";
import { isolated } from "./bidi.js";
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

/** @type {ReturnReason[]} */
const REASONS = ["not_as_shown", "damaged", "wrong_item", "size", "late", "changed_mind", "other"];
const NOTE_MAX = "500";

/** @param {ReturnReason} reason */
const reasonText = (reason) => t(/** @type {Key} */ (`return.${reason}`));

/**
 * The units that a buyer still has.
 * @param {Order["lines"][number]} line
 */
const kept = ({ qty, returned = 0 }) => qty - returned;

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
 * The buyer's form: which units, and why.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => void}
 */
function askForm(order, send, changed) {
  const left = order.lines.filter((line) => kept(line) > 0);
  formSheet(t("return.ask"), [
    ...left.map((line) => field(`units-${line.sale}`, line.title,
      { ...whole, min: "0", max: String(kept(line)), value: kept(line) })),
    choice("reason", t("return.why"), REASONS.map((reason) => [reason, reasonText(reason)]),
      "not_as_shown"),
    field("note", t("return.note"), { maxlength: NOTE_MAX }, "textarea"),
  ], t("return.send"), async ({ reason, note, ...typed }) => {
    const lines = left.map(({ sale }) => ({ sale, qty: Number(typed[`units-${sale}`]) }))
      .filter(({ qty }) => qty > 0);
    if (lines.length === 0) throw new Error(t("return.nothing"));
    changed(await send("return.ask", order, { reason, note: note.trim(), lines }));
    toast(t("return.sent"));
  });
}

/**
 * What a buyer can do about a paid order.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => HTMLElement[]}
 */
export function returnActions(order, send, changed) {
  if (order.status !== "paid") return [];
  if (order.request?.status !== "asked") {
    return [h("button.plain.small-button", { type: "button", data: { do: "ask-return" },
      onclick: () => askForm(order, send, changed) }, t("return.ask"))];
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

/**
 * The host's answer to an open request.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => HTMLElement[]}
 */
export function answerActions(order, send, changed) {
  if (order.request?.status !== "asked") return [];
  const accept = () => formSheet(t("return.accept"), [
    choice("restock", t("return.units_go"), [["", t("return.not_sold")], ["yes", t("return.sold")]], ""),
    field("answer", t("return.answer"), { maxlength: NOTE_MAX }, "textarea"),
  ], t("return.accept"), async ({ restock, answer }) => {
    const fields = { accept: true, restock: restock === "yes", answer: answer.trim() };
    changed(await send("return.answer", order, fields));
  });
  const decline = () => formSheet(t("return.decline"), [
    field("answer", t("return.answer_why"), { maxlength: NOTE_MAX, required: true }, "textarea"),
  ], t("return.decline"), async ({ answer }) => {
    changed(await send("return.answer", order, { accept: false, answer: answer.trim() }));
  });
  return [h("div.actions", {},
    h("button.plain.small-button", { type: "button", data: { do: "decline-return" },
      onclick: decline }, t("return.decline")),
    h("button.primary.small-button", { type: "button", data: { do: "accept-return" },
      onclick: accept }, t("return.accept")))];
}
