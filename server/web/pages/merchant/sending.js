// The merchant's orders to send, and what buyers say of the goods.

import { OwnerReviews } from "../ui/answering.js";
import { h } from "../ui/dom.js";
import { SendingList } from "../ui/sending.js";
import { t } from "../ui/strings.js";
import { pathOf } from "./paths.js";

export class MerchantSending {
  name = "sending";

  /** @param {string} merchant */
  constructor(merchant) {
    this.words = t("sending.title");
    this.sending = new SendingList(() => pathOf(merchant));
    this.root = h("section.me-box", {}, h("h2", {}, t("sending.title")), this.sending.root);
  }

  read() {
    return this.sending.read();
  }
}

export class MerchantReviews {
  name = "reviews";

  /** @param {string} merchant */
  constructor(merchant) {
    this.words = t("reviews.title");
    this.reviews = new OwnerReviews(() => pathOf(merchant));
    this.root = h("section.me-box", {}, h("h2", {}, t("reviews.title")), this.reviews.root);
  }

  read() {
    return this.reviews.read();
  }
}
