// What something costs, in words where it costs nothing. format.js knows no words.

import { h } from "./dom.js";
import { price, priceText } from "./format.js";
import { t } from "./strings.js";

/**
 * What something costs: free says free.
 * @param {number} minor
 * @param {string} currency
 */
export const costText = (minor, currency) => (minor ? priceText(minor, currency) : t("price.free"));

/**
 * The same, written like a price.
 * @param {number} minor
 * @param {string} currency
 */
export const cost = (minor, currency) => (minor ? price(minor, currency)
  : h("span.price.free", {}, h("b", {}, t("price.free"))));
