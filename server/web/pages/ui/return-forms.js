// The forms about giving back what was bought: the buyer's request, and the host's answer.

import { newKey } from "../liveroom-commands.js";
import { h } from "./dom.js";
import { choice, field, formSheet, whole } from "./forms.js";
import { reasonText, requestOf } from "./returning.js";
import { toast } from "./sheet.js";
import { t } from "./strings.js";

/**
 * @import { Order, ReturnReason } from "../liveroom.js"
 * @import { Send } from "./returning.js"
 */

/** @type {ReturnReason[]} */
const REASONS = ["not_as_shown", "damaged", "wrong_item", "size", "late", "changed_mind", "other"];
const NOTE_MAX = "500";

/**
 * The units that a buyer still has.
 * @param {Order["lines"][number]} line
 */
const kept = ({ qty, returned = 0 }) => qty - returned;

/**
 * Puts a key to the fields of a command, the same one for as long as they stay the same.
 * @returns {(fields: Record<string, unknown>) => Record<string, unknown>}
 */
function keyed() {
  let said = "", key = "";
  return (fields) => {
    const now = JSON.stringify(fields);
    if (now !== said) [said, key] = [now, newKey()];
    return { ...fields, key };
  };
}

/**
 * The buyer's form: which units, and why.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => void}
 */
export function askForm(order, send, changed) {
  const left = order.lines.filter((line) => kept(line) > 0);
  const once = keyed(); // sent twice it is one request, though the host answered in between
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
    changed(await send("return.ask", order, once({ reason, note: note.trim(), lines })));
    toast(t("return.sent"));
  });
}

/**
 * The host's answer to an open request.
 * @type {(order: Order, send: Send, changed: (order: Order) => void) => HTMLElement[]}
 */
export function answerActions(order, send, changed) {
  if (order.request?.status !== "asked") return [];
  const once = keyed(); // sent twice it answers no later request
  const about = () => [h("p", {}, h("b", { dir: "auto" }, order.name || order.user)), ...requestOf(order)];
  const accept = () => formSheet(t("host.accept_return"), [
    about(),
    choice("restock", t("return.units_go"), [["", t("return.not_sold")], ["yes", t("return.sold")]], ""),
    field("answer", t("return.answer"), { maxlength: NOTE_MAX }, "textarea"),
  ], t("return.accept"), async ({ restock, answer }) => {
    const fields = { accept: true, restock: restock === "yes", answer: answer.trim() };
    changed(await send("return.answer", order, once(fields)));
    toast(t("return.is_accepted"));
  });
  const decline = () => formSheet(t("host.decline_return"), [
    about(),
    field("answer", t("return.answer_why"), { maxlength: NOTE_MAX, required: true }, "textarea"),
  ], t("return.decline"), async ({ answer }) => {
    changed(await send("return.answer", order, once({ accept: false, answer: answer.trim() })));
    toast(t("return.is_declined"));
  });
  return [h("div.actions", {},
    h("button.plain.small-button", { type: "button", data: { do: "decline-return" },
      onclick: decline }, t("return.decline")),
    h("button.primary.small-button", { type: "button", data: { do: "accept-return" },
      onclick: accept }, t("return.accept")))];
}
