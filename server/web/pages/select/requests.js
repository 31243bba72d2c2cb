// What hosts and merchants ask each other, as either side sees it.

import { beside } from "../ui/bidi.js";
import { endOf } from "../ui/day-field.js";
import { h, icon } from "../ui/dom.js";
import { day, number } from "../ui/format.js";
import { field, formSheet, sentenceOf } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { untilField } from "./allotments.js";

/** @import { OfferRequest, RequestsPage } from "./answers.js" */

/** @type {(kind: OfferRequest["kind"], units: number, sku: string) => string} */
const askedText = (kind, units, sku) => (units ? t("select.asks_units", { n: number(units), sku })
  : t(kind === "ask" ? "select.asks_offer" : "select.invites"));

export class RequestList {
  name = "requests";

  /**
   * @param {string} path of the host or the merchant
   * @param {OfferRequest["kind"]} own what this side asks; the other kind it answers
   */
  constructor(path, own) {
    this.path = `${path}/requests`;
    this.own = own;
    this.words = t("select.requests");
    /** @type {PagedList<RequestsPage>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${this.path}?offset=${from ?? 0}`),
      ({ requests }) => requests.map((request) => this.#row(request)),
      { list: h("ul.me-list"),
        none: h("div.empty", {}, icon("ask"), h("p", {}, t("select.no_requests"))) });
    this.root = h("section.me-box", {}, h("h2", {}, t("select.requests")), this.paged.parts);
  }

  read() {
    return this.paged.read();
  }

  /** @param {OfferRequest} request */
  #row(request) {
    const { kind, host, merchant, goods, sku, units, status, text, answer, changed } = request;
    const isOwn = kind === this.own;
    const what = askedText(kind, units, sku);
    return h("li.me-row.asked", { data: { request: request.request, status } },
      h("div.me-words", {},
        h("span", {}, h("b", { dir: "auto" }, this.own === "ask" ? merchant : host), " ",
          h("span.me-phase", {}, t(`select.status_${status}`))),
        h("span", {}, beside(what, goods)),
        text && h("span", { dir: "auto" }, text),
        answer && h("span.asked-answer", { dir: "auto" }, t("select.answer_said", { answer })),
        h("span.fine", {}, day(changed))),
      h("div.me-actions", {},
        !isOwn && status !== "withdrawn" && this.#answers(request),
        isOwn && status === "asked" && h("button.quiet.small-button", { type: "button",
          data: { do: "withdraw" }, onclick: () => this.#withdraw(request) },
        t("select.withdraw"))));
  }

  /** @param {OfferRequest} request */
  #answers(request) {
    /** @type {(accept: boolean) => HTMLElement} */
    const button = (accept) => h("button.small-button", { type: "button",
      class: accept ? "primary" : "plain", data: { do: accept ? "accept" : "decline" },
      onclick: () => this.#answer(request, accept) },
    t(accept ? "select.accept" : "select.decline"));
    return [request.status !== "accepted" && button(true),
      request.status !== "declined" && button(false)];
  }

  /** @type {(request: OfferRequest, accept: boolean) => void} */
  #answer({ request, kind, host, merchant, goods, text, units, sku }, accept) {
    const grants = accept && units > 0;
    formSheet(t(accept ? "select.accept" : "select.decline"), [
      h("p", {}, h("b", { dir: "auto" }, this.own === "ask" ? merchant : host), " ",
        h("span.fine", {}, beside(askedText(kind, units, sku), goods))),
      text && h("p", { dir: "auto" }, text),
      grants && h("p", {}, t("allot.grants", { n: number(units), sku })),
      grants && untilField(),
      field("answer", t("select.answer"), { maxlength: "500" }, "textarea"),
    ], t(accept ? "select.accept" : "select.decline"), async ({ answer = "", until }) => {
      await rest("PUT", `${this.path}/${encodeURIComponent(request)}/answer`,
        { accept, answer, ...(grants && { until: endOf(until) }) });
      toast(t("select.answered"));
      await this.read();
    });
  }

  /** @param {OfferRequest} request */
  async #withdraw({ request }) {
    try {
      await rest("DELETE", `${this.path}/${encodeURIComponent(request)}`);
    } catch (error) {
      toast(sentenceOf(error));
    }
    await this.read();
  }
}
