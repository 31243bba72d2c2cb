// What buyers say: of a product on its sheet, of all that a host sold on the host's page.

import "./later-words.js";
import { h, write } from "./dom.js";
import { number } from "./format.js";
import { reviewRow, stars } from "./stars.js";
import { rest } from "./session.js";
import { t, whyNot } from "./strings.js";

/**
 * @import { Product } from "../liveroom.js"
 * @import { ReviewsPage } from "./answers.js"
 */

const SHOWN = 5;

/**
 * The part of a product's sheet; `host` sells it. `button` makes the one to report a review.
 * @type {(host: string, product: Product,
 *   button: (reported: {about: "review", id: string}) => HTMLElement) => HTMLElement}
 */
export const productReviews = (host, { sku, merchant, goods }, button) => reviewsAt(merchant && goods
  ? `/v1/merchants/${encodeURIComponent(merchant)}/goods/${encodeURIComponent(goods)}/reviews`
  : `/v1/hosts/${encodeURIComponent(host)}/products/${encodeURIComponent(sku)}/reviews`, { button });

/**
 * The reviews of a path; `ofMany`: of several products, so each says what it is of.
 * @type {(path: string, options?: {ofMany?: boolean,
 *   button?: (reported: {about: "review", id: string}) => HTMLElement}) => HTMLElement}
 */
export function reviewsAt(path, { ofMany = false, button } = {}) {
  const sum = h("p.fine.review-sum");
  const list = h("ol.reviews");
  const more = h("button.plain.wide", { type: "button", hidden: true, data: { do: "more-reviews" },
    onclick: () => read() }, t("more"));
  let cursor = "";
  async function read() {
    more.disabled = true;
    try {
      /** @type {ReviewsPage} */
      const page = await rest("GET", `${path}?limit=${SHOWN}&cursor=${encodeURIComponent(cursor)}`);
      if (!cursor) drawSum(sum, page);
      list.append(...page.reviews.map((review) => {
        const row = reviewRow(review, button?.({ about: "review", id: review.review }));
        if (ofMany) row.prepend(h("p.review-of", { dir: "auto" }, review.title));
        return row;
      }));
      cursor = page.next ?? "";
      more.hidden = !cursor;
    } catch (error) {
      write(sum, whyNot(error));
    }
    more.disabled = false;
  }
  void read();
  return h("section.product-reviews", {}, h("h3", {}, t("reviews.title")), sum, list, more);
}

/** @type {(sum: HTMLElement, page: ReviewsPage) => void} */
function drawSum(sum, { count, average, hidden }) {
  if (!count && !hidden) {
    write(sum, t("reviews.none"));
    return;
  }
  sum.replaceChildren(stars(average), h("b", {}, number(average)),
    h("span", {}, t("reviews.count", { n: count })),
    ...(hidden ? [h("span", {}, t("reviews.hidden_count", { n: hidden }))] : []));
}
