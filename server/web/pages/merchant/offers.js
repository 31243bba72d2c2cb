// What a merchant offers hosts: terms, who picked it, whom it suits, whom to invite.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { field, formSheet, sentenceOf } from "../ui/forms.js";
import { everyPage, PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { openSheet, sure, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { reasonOf, termsOf } from "../select/words.js";
import { offerForm } from "./offer-form.js";
import { goodsPath, pathOf } from "./paths.js";

/**
 * @import { MerchantPicks, Offer, OwnOffer, OwnOffers, Pick, SuggestedHosts } from "../select/answers.js"
 */

export class OfferList {
  name = "offers";

  /** @param {string} merchant */
  constructor(merchant) {
    this.path = pathOf(merchant);
    this.merchant = merchant;
    this.words = t("offers.title");
    /** @type {PagedList<OwnOffers>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${this.path}/offers?offset=${from ?? 0}`),
      ({ offers }) => offers.map((own) => this.#row(own)),
      { list: h("ul.me-list"), none: h("div.empty", {}, icon("horn"), h("p", {}, t("offers.none")),
        h("p.fine", {}, t("offers.none_hint"))) });
    this.root = h("section.me-box", {},
      h("div.merchant-head", {}, h("h2", {}, t("offers.title")),
        h("button.primary.small-button", { type: "button", data: { do: "new-offer" },
          onclick: () => offerForm(this.merchant, null, () => this.read()) },
        icon("plus"), t("offers.new"))),
      this.paged.parts);
  }

  read() {
    return this.paged.read();
  }

  /** @param {OwnOffer} own */
  #row({ offer, picks, title }) {
    const { state, ends, open_to: openTo, note } = offer;
    const isOpen = state === "open" && ends > Date.now();
    const which = { what: title };
    /** @type {(name: string, words: string, aloud: string, onclick: () => unknown) => HTMLElement} */
    const button = (name, words, aloud, onclick) => h("button.plain.small-button",
      { type: "button", data: { do: name }, "aria-label": aloud, onclick }, words);
    return h("li.pick", { data: { offer: offer.offer, state } },
      h("div.me-words", {}, h("span", {}, h("b", { dir: "auto" }, title), " ",
        !isOpen && h("span.me-phase", {}, t("offers.closed"))),
      h("span.fine", {}, termsOf(offer)),
      h("span.fine", {}, beside(t(`offers.to_${openTo}`), t("offers.picked_by", { n: picks }))),
      note && h("span.fine", { dir: "auto" }, note)),
      h("div.me-actions", {},
        picks > 0 && button("picks", t("offers.who"), t("offers.who_of", which),
          () => this.#who(offer, title)),
        isOpen && button("invite", t("offers.invite"), t("offers.invite_of", which),
          () => this.#invite(offer, title, "")),
        isOpen && button("suggested", t("offers.suits"), t("offers.suits_of", which),
          () => this.#suggested(offer, title)),
        button("change", t("me.address_change"), t("merchant.change_of", { title }),
          () => offerForm(this.merchant, offer, () => this.read())),
        isOpen && h("button.quiet.small-button", { type: "button", data: { do: "close" },
          "aria-label": t("offers.close_of", which), onclick: () => this.#close(offer, title) },
        t("offers.close"))));
  }

  /** @type {(offer: Offer, what: string) => Promise<void>} */
  async #who(offer, what) {
    /** @type {Pick[]} */
    const own = [];
    try {
      /** @type {AsyncGenerator<MerchantPicks>} */
      const pages = everyPage((from) => rest("GET", `${this.path}/picks?offset=${from ?? 0}`));
      for await (const { picks } of pages) {
        own.push(...picks.filter((pick) => pick.offer === offer.offer && !pick.dropped));
      }
    } catch (error) {
      toast(sentenceOf(error));
      return;
    }
    openSheet(t("offers.who_of", { what }), () => h("ul.me-list", {},
      own.map((pick) => h("li.me-row", { data: { host: pick.host } },
        h("div.me-words", {}, h("bdi", {}, pick.host), h("span.fine", {}, termsOf(pick)),
          h("span.fine", {}, day(pick.picked)))))));
  }

  /** @type {(offer: Offer, what: string) => Promise<void>} */
  async #suggested(offer, what) {
    try {
      /** @type {SuggestedHosts} */
      const { suggestions } = await rest("GET", `${goodsPath(this.merchant, offer.goods)}/hosts`);
      openSheet(t("offers.suits_of", { what }), (leave) => (suggestions.length
        ? h("ul.me-list", {}, suggestions.map(({ host, name, reasons }) =>
          h("li.pick", { data: { host } },
            h("div.me-words", {}, h("b", { dir: "auto" }, name),
              h("ul.reasons", {}, reasons.map((reason) => h("li", {}, icon("check"),
                h("span", { dir: "auto" }, reasonOf(reason)))))),
            h("button.primary.small-button", { type: "button", data: { do: "invite" },
              "aria-label": t("offers.invite_host", { host: name }),
              onclick: () => { leave(); this.#invite(offer, what, host); } }, t("offers.invite")))))
        : h("p", {}, t("offers.suits_none"))));
    } catch (error) {
      toast(sentenceOf(error));
    }
  }

  /** @type {(offer: Offer, what: string, host: string) => void} */
  #invite({ offer }, what, host) {
    formSheet(t("offers.invite_of", { what }), [
      field("host", t("offers.host"), { required: true, maxlength: "64", spellcheck: "false",
        value: host }),
      field("text", t("select.message"), { maxlength: "500" }, "textarea"),
    ], t("select.send"), async ({ host: to = "", text = "" }) => {
      await rest("POST", `${this.path}/requests`, { host: to.trim(), offer, text });
      toast(t("offers.invited"));
    });
  }

  /** @type {(offer: Offer, what: string) => Promise<void>} */
  async #close({ offer }, what) {
    if (!await sure(t("offers.close_sure", { what }), t("offers.close"))) return;
    try {
      await rest("DELETE", `${this.path}/offers/${encodeURIComponent(offer)}`);
    } catch (error) {
      toast(sentenceOf(error));
    }
    await this.read();
  }
}
