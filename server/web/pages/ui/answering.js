// What buyers say of one's goods, and one answer to each.

import { h } from "./dom.js";
import { field, formSheet } from "./forms.js";
import { PagedList } from "./paged-list.js";
import { hiddenNote, reviewRow } from "./stars.js";
import { rest } from "./session.js";
import { t } from "./strings.js";

/** @import { OwnReview, OwnReviewsPage } from "./answers.js" */

export class OwnerReviews {
  /** @param {() => string} path of the owner: `/v1/hosts/{host}` or `/v1/merchants/{merchant}` */
  constructor(path) {
    this.path = path;
    /** @type {PagedList<OwnReviewsPage>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${path()}/reviews?cursor=${encodeURIComponent(from ?? "")}`),
      ({ reviews }) => reviews.map((review) => this.#row(review)),
      { list: h("ol.reviews"), none: h("p.fine", {}, t("reviews.none")), name: "more-own-reviews" });
    this.root = h("div.owner-reviews", {}, this.paged.parts);
  }

  read() {
    return this.paged.read();
  }

  /**
   * @param {OwnReview} review
   * @returns {HTMLElement}
   */
  #row(review) {
    const row = reviewRow(review, h("p.fine", {}, review.title),
      hiddenNote(review),
      review.answered ? null : h("button.plain.small-button", { type: "button",
        data: { do: "answer-review" }, onclick: () => this.#answer(review, row) }, t("reviews.answer")));
    return row;
  }

  /** @type {(review: OwnReview, row: HTMLElement) => void} */
  #answer({ review }, row) {
    formSheet(t("reviews.answer"), [
      field("text", t("reviews.answer_once"), { required: true, maxlength: "1000" }, "textarea"),
    ], t("reviews.answer"), async ({ text }) => {
      row.replaceWith(this.#row(await rest("POST",
        `${this.path()}/reviews/${encodeURIComponent(review)}/answer`, { text: text.trim() })));
    });
  }
}
