// Numbers as people read them, in the page's language.

import { h } from "./dom.js";
import { lang } from "./strings.js";

const kept = new Map();

function formatter(kind, options) {
  const key = `${lang()}${kind}${JSON.stringify(options)}`;
  if (!kept.has(key)) kept.set(key, new Intl[kind](lang() === "zh" ? "zh-CN" : "en", options));
  return kept.get(key);
}

/** Decimals of ISO 4217; all other currencies have two. Intl is not asked: it follows CLDR, which gives
 * IDR, IQD, RSD and more none. The table is server/protocol/currencies.py; a test compares the two. */
const DIGITS = new Map(Object.entries({
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
}).flatMap(([digits, codes]) => codes.split(" ").map((code) => [code, Number(digits)])));

/** In every language alike: "¥" and "$" alone would be one money here and another there. */
const SIGNS = { JPY: "JP¥", USD: "US$" };

const digits = (currency) => DIGITS.get(currency) ?? 2;

const money = (currency) =>
  formatter("NumberFormat", { style: "currency", currency, currencyDisplay: "symbol",
    minimumFractionDigits: digits(currency), maximumFractionDigits: digits(currency) });

/** How many minor units one unit has: 100 for CNY, 1 for JPY. */
export function minorUnits(currency) {
  return 10 ** digits(currency);
}

/** "¥199" or "¥199.50": whole amounts without the zeros. */
export function priceText(minor, currency) {
  return parts(minor, currency).map(({ value }) => value).join("");
}

function parts(minor, currency) {
  const units = minorUnits(currency);
  const whole = minor % units === 0;
  return money(currency).formatToParts(minor / units)
    .filter(({ type }) => !whole || (type !== "decimal" && type !== "fraction"))
    .map(({ type, value }) => ({ type, value: type === "currency" ? SIGNS[currency] ?? value : value }));
}

/** The price with a small currency sign and small decimals. */
export function price(minor, currency) {
  return h("span.price", { "aria-label": priceText(minor, currency) },
    parts(minor, currency).map(({ type, value }) =>
      h(type === "integer" || type === "group" ? "b" : "small", {}, value)));
}

export const number = (n) => formatter("NumberFormat", {}).format(n);

/** 12,800 as "12.8K" or "1.3万". */
export function short(n) {
  return n < 10_000 ? number(n)
    : formatter("NumberFormat", { notation: "compact", maximumFractionDigits: 1 }).format(n);
}

export const percent = (ratio) =>
  formatter("NumberFormat", { style: "percent", maximumFractionDigits: 1 }).format(ratio);

export const clock = (ms, seconds = true) =>
  formatter("DateTimeFormat", { hour: "2-digit", minute: "2-digit", hour12: false,
    ...(seconds && { second: "2-digit" }) }).format(ms);

/** The day and time; "" for what is no time. */
export const day = (ms) => Number.isNaN(new Date(ms).getTime()) ? ""
  : formatter("DateTimeFormat", { month: "short", day: "numeric", hour: "2-digit",
    minute: "2-digit", hour12: false }).format(ms);

/** "04:59", "1:04:59"; never below zero. Rounded up: a countdown shows 00:01 until it is over. */
export function duration(ms) {
  const all = Math.max(0, Math.ceil(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}
