// The offers a host finds: searched, filtered, suggested; picked, or asked for.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { date, minorUnits, number } from "../ui/format.js";
import { field, formSheet, sentenceOf } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { thumbnail } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { filters } from "./filters.js";
import { shelve } from "./rooms.js";
import { priceOf, reasonOf, sampleOf, share, termsOf } from "./words.js";

/**
 * @import { FoundOffer, FoundOffers, Pick, Reason, SuggestedOffers } from "./answers.js"
 * @import { Place } from "../ui/paged-list.js"
 */

const WAIT_MS = 300;
const SUGGESTED_SHOWN = 3;

export class OfferSearch {
  name = "find";

  /** @param {string} path of the host */
  constructor(path) {
    this.path = path;
    this.words = t("select.find");
    this.least = 0;
    this.form = filters(() => this.#soon());
    this.suggested = h("ul.offers");
    this.suggestedBox = h("section.me-box", { hidden: true, "aria-label": t("select.suggested") },
      h("h2", {}, t("select.suggested")), this.suggested);
    /** @type {PagedList<FoundOffers>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${path}/offers?${this.#asked(from)}`),
      ({ offers, least_orders: least }) => {
        this.least = least;
        return offers.map((offer) => this.#card(offer));
      },
      { list: h("ul.offers"), none: h("div.empty", {}, icon("bag"), h("p", {}, t("select.none")),
        h("p.fine", {}, t("select.none_hint"))) });
    this.root = h("div.select-find", {}, this.suggestedBox,
      h("section.me-box", {}, h("h2", {}, t("select.all")), this.form, this.paged.parts));
  }

  #soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.paged.read(), WAIT_MS);
  }

  /** Read from the beginning, and what is suggested. */
  async read() {
    await this.paged.read(); // it says how many orders a share needs
    await this.#suggest();
  }

  /** @param {Place | null} from */
  #asked(from) {
    return new URLSearchParams({ ...asQuery(new FormData(this.form)), offset: String(from ?? 0) });
  }

  async #suggest() {
    try {
      /** @type {SuggestedOffers} */
      const { suggestions } = await rest("GET", `${this.path}/offers/suggested`);
      this.suggestedBox.hidden = suggestions.length === 0;
      this.suggested.replaceChildren(...suggestions.slice(0, SUGGESTED_SHOWN)
        .map(({ offer, reasons }) => this.#card(offer, reasons)));
    } catch {
      this.suggestedBox.hidden = true; // the search below says what is wrong
    }
  }

  /**
   * @param {FoundOffer} offer
   * @param {Reason[]} [reasons]
   * @returns {HTMLElement}
   */
  #card(offer, reasons = []) {
    const { goods, merchant_name: from, commission, note } = offer;
    return h("li.offer", { data: { offer: offer.offer, merchant: offer.merchant } },
      thumbnail({ sku: goods.goods, title: goods.title, image: goods.image }),
      h("div.offer-words", {},
        h("b.offer-title", { dir: "auto" }, goods.title),
        h("span.fine", {}, beside(from, ...goods.tags)),
        h("span.offer-price", {}, priceOf(goods), h("span.fine", {}, beside(
          t("select.variants", { n: goods.variants }),
          t("merchant.free", { n: number(goods.stock) }))))),
      h("div.offer-terms", {},
        h("b.offer-commission", {}, commission === null ? t("select.invited_only")
          : t("select.commission_of", { share: share(commission) })),
        this.#doing(offer)),
      h("div.offer-more", {},
        reasons.length > 0 && h("ul.reasons", {}, reasons.map((reason) =>
          h("li", {}, icon("check"), h("span", { dir: "auto" }, reasonOf(reason))))),
        sampleOf(offer.sample, this.least),
        goods.flaws.length > 0
          && h("p.fine.offer-flaws", { dir: "auto" }, t("select.flaws", { flaws: goods.flaws.join("；") })),
        h("p.fine", {}, termsOf({ ...offer, commission: null })),
        note && h("p.fine", { dir: "auto" }, note)));
  }

  /** @param {FoundOffer} offer */
  #doing(offer) {
    const { title } = offer.goods;
    const { pick } = offer;
    if (pick) {
      return h("button.plain.small-button", { type: "button", data: { do: "shelve" },
        "aria-label": t("select.shelve_of", { title }),
        onclick: () => shelve(this.path, pick, title) }, icon("check"), t("select.shelve"));
    }
    if (!offer.admitted) {
      return h("button.plain.small-button", { type: "button", data: { do: "ask" },
        "aria-label": t("select.ask_of", { title }), onclick: () => this.#ask(offer) },
      t("select.ask"));
    }
    const soon = offer.starts > Date.now();
    return h("button.primary.small-button", { type: "button", data: { do: "pick" }, disabled: soon,
      "aria-label": t("select.pick_of", { title }), onclick: () => this.#pick(offer) },
    soon ? t("select.from", { day: date(offer.starts) }) : t("select.pick"));
  }

  /** @param {FoundOffer} offer */
  async #pick({ merchant, offer, goods }) {
    try {
      /** @type {Pick} */
      const { pick } = await rest("POST", `${this.path}/picks`, { merchant, offer });
      toast(t("select.picked"));
      await this.read();
      await shelve(this.path, pick, goods.title);
    } catch (error) {
      toast(sentenceOf(error));
    }
  }

  /** @param {FoundOffer} offer */
  #ask({ merchant, offer, goods }) {
    formSheet(t("select.ask_of", { title: goods.title }), [
      field("text", t("select.message"), { maxlength: "500" }, "textarea"),
      h("p.fine", {}, t("select.ask_hint")),
    ], t("select.send"), async ({ text = "" }) => {
      await rest("POST", `${this.path}/requests`, { merchant, offer, text });
      toast(t("select.asked"));
    });
  }
}

/**
 * What was typed, as the route takes it: prices in minor units, the commission in basis points.
 * @param {FormData} form
 * @returns {Record<string, string>}
 */
function asQuery(form) {
  /** @param {string} name */
  const text = (name) => String(form.get(name) ?? "").trim();
  const currency = text("currency");
  /** @param {string} name */
  const minor = (name) => String(Math.round(Number(text(name)) * minorUnits(currency || "CNY")) || 0);
  return { q: text("q"), tag: text("tag"), currency, sort: text("sort") || "newest",
    commission: String(Math.round(Number(text("commission")) * 100) || 0),
    price_min: minor("price_min"), price_max: minor("price_max") };
}
