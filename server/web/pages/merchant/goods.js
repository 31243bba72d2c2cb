// The goods of a merchant: found, written, withdrawn, and how many units of each variant there are.

import { newKey } from "../liveroom-commands.js";
import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { number, priceText } from "../ui/format.js";
import { choice, formSheet, whole } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { thumbnail } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { goodsForm } from "./goods-form.js";
import { goodsPath, pathOf, stockPath } from "./paths.js";

/**
 * @import { Goods, GoodsPage, Variant } from "./answers.js"
 * @import { Place } from "../ui/paged-list.js"
 */

const WAIT_MS = 300;

export class GoodsList {
  name = "goods";

  /** @param {string} merchant */
  constructor(merchant) {
    this.merchant = merchant;
    this.words = t("merchant.goods");
    this.search = h("input", { type: "search", name: "q", maxlength: "200",
      "aria-label": t("merchant.search"), placeholder: t("merchant.search"),
      oninput: () => this.#searchSoon() });
    this.states = h("form.merchant-states", { onchange: () => this.read() },
      choice("state", t("merchant.show"), [["active", t("merchant.active")],
        ["withdrawn", t("merchant.withdrawn")], ["any", t("merchant.any")]], "active"));
    /** @type {PagedList<GoodsPage>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${pathOf(merchant)}/goods?${this.#asked(from)}`),
      ({ goods }) => goods.map((each) => this.#row(each)),
      { list: h("ul.me-list"), none: h("div.empty", {}, icon("bag"),
        h("p", {}, t("merchant.no_goods")), h("p.fine", {}, t("merchant.no_goods_hint"))),
      words: t("merchant.more") });
    this.root = h("section.me-box", {},
      h("div.merchant-head", {}, h("h2", {}, t("merchant.goods")),
        h("button.primary.small-button", { type: "button", data: { do: "new-goods" },
          onclick: () => this.edit(null) }, icon("plus"), t("merchant.new_goods"))),
      this.search, this.states, this.paged.parts);
  }

  #searchSoon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.read(), WAIT_MS);
  }

  read() {
    return this.paged.read();
  }

  /** @param {Place | null} from */
  #asked(from) {
    return new URLSearchParams({ q: this.search.value.trim(), cursor: String(from ?? ""),
      state: String(new FormData(this.states).get("state") ?? "any") });
  }

  /**
   * @param {Goods} goods
   * @returns {HTMLElement}
   */
  #row(goods) {
    const { title, variants, tags, image } = goods;
    const picture = thumbnail({ sku: goods.goods, title,
      image: image ?? variants.find((each) => each.image)?.image ?? null });
    const isWithdrawn = goods.state === "withdrawn";
    return h("li.goods-row", { data: { goods: goods.goods, state: goods.state } },
      picture,
      h("div.goods-words", {}, h("b", { dir: "auto" }, title),
        h("span.fine", {}, beside(goods.goods, ...tags, isWithdrawn && t("merchant.withdrawn")))),
      h("div.me-actions", {},
        h("button.plain.small-button", { type: "button", data: { do: "change" },
          "aria-label": t(isWithdrawn ? "merchant.bring_back_of" : "merchant.change_of", { title }),
          onclick: () => this.edit(goods) },
        t(isWithdrawn ? "merchant.bring_back" : "me.address_change")),
        !isWithdrawn && h("button.quiet.small-button", { type: "button", data: { do: "withdraw" },
          "aria-label": t("merchant.withdraw_of", { title }),
          onclick: () => this.withdraw(goods) }, t("merchant.withdraw"))),
      h("ul.variants", {}, variants.map((variant) => this.#variant(goods, variant))));
  }

  /** @type {(goods: Goods, variant: Variant) => HTMLElement} */
  #variant(goods, variant) {
    const { sku, options, price, currency, units } = variant;
    const named = Object.values(options).join(" · ") || sku;
    return h("li.variant", { data: { sku } },
      h("span.variant-name", {}, h("bdi", {}, named), h("span.fine", {}, beside(
        priceText(price, currency), named === sku ? null : sku))),
      h("span.variant-units", { class: units.stock === 0 && "none" },
        t("merchant.free", { n: number(units.stock) }),
        units.allotted > 0 && h("span.fine", {}, t("merchant.allotted", { n: number(units.allotted) })),
        units.sold > 0 && h("span.fine", {}, t("merchant.sold", { n: number(units.sold) }))),
      h("button.plain.small-button", { type: "button", data: { do: "stock" },
        "aria-label": t("merchant.stock_of", { what: `${goods.title} ${named}` }),
        onclick: () => this.#stock(goods, variant) }, t("merchant.stock")));
  }

  /** @type {(goods: Goods, variant: Variant) => void} */
  #stock(goods, { sku, units }) {
    const key = newKey(); // one a sheet: a second try of the same change is done once
    formSheet(t("merchant.stock_of", { what: `${goods.title} ${sku}` }), [
      choice("how", t("merchant.stock_how"), [["add", t("merchant.stock_add")],
        ["set", t("merchant.stock_set")]], "add"),
      h("div.field", {}, h("label", { for: "field-units" }, t("merchant.units")),
        h("input", { id: "field-units", name: "units", autocomplete: "off", ...whole,
          min: "-1000000", value: "1" })),
      h("p.fine", {}, t("merchant.stock_hint", { n: number(units.stock) })),
    ], t("save"), async ({ how, units: typed }) => {
      const n = Number(typed);
      await rest("POST", stockPath(this.merchant, sku),
        how === "set" ? { key: `${key}-s${n}`, set: n } : { key: `${key}-a${n}`, add: n });
      await this.read();
    });
  }

  /** @param {Goods | null} goods null: new ones */
  edit(goods) {
    goodsForm(goods, async (id, body) => {
      await rest("PUT", goodsPath(this.merchant, id), body);
      toast(t("merchant.saved"));
      await this.read();
    });
  }

  /** @param {Goods} goods */
  async withdraw({ goods, title }) {
    if (!await sure(t("merchant.withdraw_sure", { title }), t("merchant.withdraw"))) return;
    try {
      await rest("DELETE", goodsPath(this.merchant, goods));
    } catch (error) {
      toast(whyNot(error));
    }
    await this.read();
  }
}
