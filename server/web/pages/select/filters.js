// The form by which offers are found.

import { h, icon } from "../ui/dom.js";
import { t } from "../ui/strings.js";

/**
 * @import { Props } from "../ui/elements.js"
 * @import { Key } from "../ui/strings.js"
 */

const AMOUNT = { type: "number", inputmode: "decimal", min: "0", step: "any" };
const CURRENCIES = ["CNY", "EUR", "USD", "GBP", "JPY", "HKD"];

/**
 * Calls `changed` whenever something is typed or chosen.
 * @param {() => void} changed
 */
export function filters(changed) {
  /** @type {(name: string, label: Key, props: Props<HTMLInputElement>) => HTMLElement} */
  const input = (name, label, props) => h("label.filter", {}, h("span", {}, t(label)),
    h("input", { name, autocomplete: "off", ...props }));
  /** @type {(name: string, label: Key, options: [string, string][]) => HTMLElement} */
  const choose = (name, label, options) => h("label.filter", {}, h("span", {}, t(label)),
    h("select", { name }, options.map(([value, words]) => h("option", { value }, words))));
  const more = h("details.filters-more", {}, h("summary", {}, icon("down"), t("select.filter")),
    h("div.filters-fields", {},
      input("tag", "select.tag", { maxlength: "40", pattern: "\\S*" }),
      input("commission", "select.commission", { ...AMOUNT, max: "100" }),
      input("price_min", "select.price_min", AMOUNT),
      input("price_max", "select.price_max", AMOUNT),
      choose("currency", "form.currency", [["", t("select.any")],
        ...CURRENCIES.map((code) => /** @type {[string, string]} */ ([code, code]))]),
      choose("sort", "select.sort", [["newest", t("select.newest")],
        ["commission", t("select.by_commission")]])));
  more.open = matchMedia("(min-width: 60rem)").matches;
  return h("form.filters", { role: "search", oninput: changed,
    onsubmit: (event) => { event.preventDefault(); changed(); } },
  h("input.filters-words", { type: "search", name: "q", maxlength: "200", enterkeyhint: "search",
    "aria-label": t("select.search"), placeholder: t("select.search") }),
  more);
}
