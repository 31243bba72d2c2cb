// One's own reviews: written and changed beside the order.

import { h } from "../ui/dom.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { lines } from "../ui/lines.js";
import { hiddenNote, reviewRow } from "../ui/stars.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";

/**
 * @import { Order } from "../liveroom.js"
 * @import { OwnReview, OwnReviewsPage } from "../ui/answers.js"
 */

const PICTURES_MAX = 9;
const STARS = ["5", "4", "3", "2", "1"];

/** @type {(order: string, sale: string) => string} */
export const lineName = (order, sale) => `${order}/${sale}`;

/**
 * The newest own reviews, by line.
 * @returns {Promise<Map<string, OwnReview>>}
 */
export async function ownReviews() {
  /** @type {OwnReviewsPage} */
  const { reviews } = await rest("GET", "/v1/me/reviews?limit=100");
  return new Map(reviews.map((each) => [lineName(each.order, each.sale), each]));
}

/**
 * A line to review, or what was said of it.
 * @type {(order: Order, line: Order["lines"][number], known: OwnReview | undefined, changed: (review: OwnReview) => void) => HTMLElement | null}
 */
export function reviewOf(order, line, known, changed) {
  if (order.status !== "paid" || order.practice || (line.returned ?? 0) >= line.qty) {
    return known ? h("ul.reviews", {}, reviewRow(known)) : null;
  }
  const write = h("button.plain.small-button", { type: "button", data: { do: "review" },
    "aria-label": t("reviews.write_of", { title: line.title }),
    onclick: () => reviewForm(order, line, known, changed) }, t(known ? "reviews.change" : "reviews.write"));
  if (!known) return write;
  return h("ul.reviews", {}, reviewRow(known,
    hiddenNote(known), write));
}

/** @type {(order: Order, line: Order["lines"][number], known: OwnReview | undefined, changed: (review: OwnReview) => void) => void} */
function reviewForm(order, line, known, changed) {
  formSheet(line.title, [
    choice("stars", t("reviews.how"), STARS.map((n) => [n, `${n} ★`]),
      String(known?.stars ?? 5)),
    field("text", t("reviews.text"), { maxlength: "1000", value: known?.text ?? "" }, "textarea"),
    field("pictures", t("reviews.pictures", { n: PICTURES_MAX }),
      { value: (known?.pictures ?? []).join("\n"), spellcheck: "false" }, "textarea"),
  ], t("reviews.send"), async ({ stars, text, pictures }) => {
    const path = `/v1/rooms/${encodeURIComponent(order.room)}/orders/${encodeURIComponent(order.order)}/reviews/${encodeURIComponent(line.sale)}`;
    changed(await rest("PUT", path, { stars: Number(stars), text: text.trim(),
      pictures: lines(pictures) }));
    toast(t("reviews.sent"));
  });
}
