// What a host picked: the terms as they were, newer ones to take, and the way to a shelf.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { field, formSheet, sentenceOf, whole } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { shelve } from "./rooms.js";
import { termsOf } from "./words.js";

/** @import { OwnPick, OwnPicks } from "./answers.js" */

export class PickList {
  name = "picks";

  /** @param {string} path of the host */
  constructor(path) {
    this.path = path;
    this.words = t("select.picks");
    /** @type {PagedList<OwnPicks>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${path}/picks?offset=${from ?? 0}`),
      ({ picks }) => picks.map((pick) => this.#row(pick)),
      { list: h("ul.me-list"), none: h("div.empty", {}, icon("bag"), h("p", {}, t("select.no_picks")),
        h("p.fine", {}, t("select.no_picks_hint"))) });
    this.root = h("section.me-box", {}, h("h2", {}, t("select.picks")), this.paged.parts);
  }

  read() {
    return this.paged.read();
  }

  /** @param {OwnPick} own */
  #row({ pick, title, newer, over }) {
    return h("li.pick", { data: { pick: pick.pick, over: over ? "yes" : "" } },
      h("div.me-words", {}, h("b", { dir: "auto" }, title || pick.goods),
        h("span.fine", {}, beside(pick.merchant, termsOf(pick))),
        over && h("span.pick-over", { dir: "auto" }, over),
        newer && h("div.pick-newer", {}, h("span", {}, t("select.newer"), " ",
          termsOf({ ...pick, ...newer })),
        h("button.plain.small-button", { type: "button", data: { do: "renew" },
          "aria-label": t("select.renew_of", { title }),
          onclick: () => this.#act("PUT", `${pick.pick}/terms`) }, t("select.renew")))),
      h("div.me-actions", {},
        h("button.primary.small-button", { type: "button", disabled: over !== "",
          data: { do: "shelve" }, "aria-label": t("select.shelve_of", { title }),
          onclick: () => shelve(this.path, pick.pick, title) }, t("select.shelve")),
        h("button.plain.small-button", { type: "button", data: { do: "units" },
          "aria-label": t("select.units_of", { title }), onclick: () => this.#units(pick, title) },
        t("select.units")),
        h("button.quiet.small-button", { type: "button", data: { do: "drop" },
          "aria-label": t("select.drop_of", { title }),
          onclick: () => this.#drop(pick.pick, title) }, t("select.drop"))));
  }

  /** @type {(pick: string, title: string) => Promise<void>} */
  async #drop(pick, title) {
    if (await sure(t("select.drop_sure", { title }), t("select.drop"))) {
      await this.#act("DELETE", pick);
    }
  }

  /** @type {(method: "PUT" | "DELETE", what: string) => Promise<void>} */
  async #act(method, what) {
    try {
      await rest(method, `${this.path}/picks/${what}`);
    } catch (error) {
      toast(sentenceOf(error));
    }
    await this.read();
  }

  /**
   * Ask the merchant for units of a variant.
   * @type {(pick: OwnPick["pick"], title: string) => void}
   */
  #units({ merchant, goods }, title) {
    formSheet(t("select.units_of", { title }), [
      field("sku", t("merchant.sku"), { required: true, maxlength: "39", spellcheck: "false" }),
      field("units", t("merchant.units"), { ...whole, value: "10" }),
      field("text", t("select.message"), { maxlength: "500" }, "textarea"),
    ], t("select.send"), async ({ sku = "", units, text = "" }) => {
      await rest("POST", `${this.path}/requests`,
        { merchant, goods, sku: sku.trim(), units: Number(units), text });
      toast(t("select.asked"));
    });
  }
}
