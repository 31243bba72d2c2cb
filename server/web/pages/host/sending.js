// The host's orders to send, and what buyers say of the host's own goods, over all rooms.

import { OwnerReviews } from "../ui/answering.js";
import { h } from "../ui/dom.js";
import { SendingList } from "../ui/sending.js";
import { t } from "../ui/strings.js";

export class HostSending {
  /** @param {() => string} hostOf the host's id, once the room is joined */
  constructor(hostOf) {
    const path = () => `/v1/hosts/${encodeURIComponent(hostOf())}`;
    this.sending = new SendingList(path);
    this.reviews = new OwnerReviews(path);
    this.root = h("section.panel-box", { "aria-label": t("sending.title") },
      h("div.box-head", {}, h("h2", {}, t("sending.title"))), this.sending.root);
    this.reviewsRoot = h("section.panel-box", { "aria-label": t("reviews.title") },
      h("div.box-head", {}, h("h2", {}, t("reviews.title"))), this.reviews.root);
  }

  async read() {
    await Promise.all([this.sending.read(), this.reviews.read()]);
  }
}
