// Reviews of all goods: the operator alone hides them, and shows them again.

import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { reviewRow } from "../ui/stars.js";
import { t, whyNot } from "../ui/strings.js";

/** @import { OwnReview, OwnReviewsPage } from "../ui/answers.js" */

const HELD = "word"; // the reason of a review with a word that somebody must look at

/** A section of the page. */
export class ServerReviews {
  constructor() {
    this.which = choice("hidden", t("reports.state"), [["0", t("server_reviews.shown")],
      ["1", t("server_reviews.hidden")]], "0");
    this.which.addEventListener("change", () => void this.read());
    this.list = new PagedList((cursor) => rest("GET", this.#path(cursor)),
      (/** @type {OwnReviewsPage} */ page) => page.reviews.map((review) => this.#row(review)),
      { list: h("ol.reviews"), none: h("p.fine", {}, t("server_reviews.none")),
        name: "more-reviews" });
    this.root = h("section.ops-box.server-reviews", {}, h("h2", {}, t("server_reviews.title")),
      this.which, this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {string | number | null} cursor */
  #path(cursor) {
    /** @type {HTMLInputElement | null} */
    const chosen = this.which.querySelector("input:checked");
    return `/v1/reviews?hidden=${chosen?.value ?? 0}&cursor=${encodeURIComponent(String(cursor ?? ""))}`;
  }

  /** @param {OwnReview} review */
  #row(review) {
    const { hidden, host, title, room } = review;
    const why = hidden === HELD ? t("server_reviews.held") : hidden;
    return reviewRow(review, h("p.fine", {}, beside(title, host, room, why ?? "")),
      h("button.plain.small-button", { type: "button", data: { do: hidden ? "show" : "hide" },
        onclick: () => (hidden ? this.#show(review) : this.#hide(review)) },
      t(hidden ? "server_reviews.show" : "server_reviews.hide")));
  }

  /** @param {OwnReview} review */
  #hide({ review }) {
    formSheet(t("server_reviews.hide"), [field("reason", t("server_reviews.reason"),
      { required: true, maxlength: "200" })], t("save"), async ({ reason }) => {
      await rest("POST", `/v1/reviews/${encodeURIComponent(review)}/hide`, { reason });
      await this.read();
    });
  }

  /** @param {OwnReview} review */
  async #show({ review }) {
    await rest("POST", `/v1/reviews/${encodeURIComponent(review)}/show`)
      .catch((error) => toast(whyNot(error)));
    await this.read();
  }
}
