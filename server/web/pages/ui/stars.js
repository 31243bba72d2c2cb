// Stars, and what a buyer says of a product.

import { h, icon } from "./dom.js";
import { date, number } from "./format.js";
import { t } from "./strings.js";

/**
 * @import { OwnReview, Review } from "./answers.js"
 * @import { Child } from "./elements.js"
 */

/** @param {number} n 0 to 5 */
export const stars = (n) => h("span.stars", { role: "img", "aria-label": t("reviews.stars", { n: number(n) }) },
  [1, 2, 3, 4, 5].map((nth) => h("span", { class: nth <= Math.round(n) ? "star on" : "star" },
    icon("star"))));

/**
 * One review, and what stands below it.
 * @type {(review: Review, ...more: Child[]) => HTMLElement}
 */
export function reviewRow({ review, name, stars: n, text, pictures = [], at, changed, answer, earlier,
  title }, ...more) {
  return h("li.review", { data: { review } },
    h("p.review-head", {}, stars(n), h("bdi", {}, name), h("span.fine", {}, date(at)),
      changed ? h("span.fine", {}, t("reviews.changed")) : null),
    earlier ? h("p.fine", { data: { earlier } }, t("reviews.earlier", { title })) : null,
    text ? h("p", { dir: "auto" }, text) : null,
    pictures.length > 0 && h("div.review-pictures", {}, pictures.map((url, nth) =>
      h("a", { href: url, target: "_blank", rel: "noopener noreferrer",
        "aria-label": t("reviews.picture", { n: nth + 1 }) },
      h("img", { src: url, alt: "", loading: "lazy", referrerpolicy: "no-referrer" })))),
    answer ? h("p.review-answer", { dir: "auto" }, h("b", {}, t("reviews.answered")), " ", answer) : null,
    ...more);
}

/**
 * Why others do not see a review, for its author and for who sells the goods.
 * @param {OwnReview} review
 */
export const hiddenNote = ({ hidden }) => (hidden ? h("p.fine", { data: { hidden: "" } },
  hidden === "word" ? t("reviews.waits") : t("reviews.hidden", { why: hidden })) : null);
