// Numbers as people read them, in the page's language.

import { h } from "./dom.js";
import { lang } from "./strings.js";

/** The browser's own kind of the page's language ("fr-CH"): dates and numbers are written by it. */
function locale() {
  const own = (globalThis.navigator?.languages ?? []).find((tag) => tag.split("-")[0] === lang());
  try {
    if (own) return Intl.getCanonicalLocales(own)[0] ?? lang();
  } catch {
    // Some browsers name what no Intl takes, such as "en-US@posix".
  }
  return lang() === "zh" ? "zh-CN" : lang();
}

/** @type {Map<string, Intl.NumberFormat>} */
const numbers = new Map();
/** @type {Map<string, Intl.DateTimeFormat>} */
const times = new Map();

/**
 * The formatter for these options: making one is slow.
 * @template Formatter, Options
 * @param {Map<string, Formatter>} kept
 * @param {new (locale: string, options: Options) => Formatter} Kind
 * @param {Options} options
 * @param {string} [where]
 */
function formatter(kept, Kind, options, where = locale()) {
  const key = `${where}${JSON.stringify(options)}`;
  const known = kept.get(key) ?? new Kind(where, options);
  kept.set(key, known);
  return known;
}

/**
 * Decimals of ISO 4217; all other currencies have two. Intl is not asked: it follows CLDR, which
 * gives IDR, IQD and more none. The table is server/protocol/currencies.py; a test compares
 * the two.
 */
const DIGITS = new Map(Object.entries({
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
}).flatMap(([count, codes]) => codes.split(" ").map((code) => /** @type {const} */ ([code, Number(count)]))));

/**
 * In every language alike: "¥" and "$" alone would be one money here and another there, and a space
 * alone is between the signs of the two francs CFA. XCG has a sign in some browsers only.
 */
const SIGNS = new Map([["JPY", "JP¥"], ["USD", "US$"],
  ...["XAF", "XCG", "XOF"].map((code) => /** @type {const} */ ([code, code]))]);

/** Of a language, not of a browser's country: in "en-CA" a bare "$" would be a Canadian one. */
const MONEY_LOCALES = { zh: "zh-CN", en: "en", fr: "fr-FR" };

/** @param {string} currency */
const digits = (currency) => DIGITS.get(currency) ?? 2;

/** @param {Intl.NumberFormatOptions} options */
const numberFormat = (options) => formatter(numbers, Intl.NumberFormat, options);

/** @type {string | undefined} in which times of day are shown; the browser's own if there is none */
let timeZone;

/**
 * Show times of day in a zone from now on; an unknown one, or none, is the browser's own.
 * @param {string} zone
 */
export function showTimesIn(zone) {
  try {
    timeZone = zone ? new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone
      : undefined;
  } catch {
    timeZone = undefined; // this browser is older than the zone
  }
}

/** @param {Intl.DateTimeFormatOptions} options */
const timeFormat = (options) => formatter(times, Intl.DateTimeFormat, { timeZone, ...options });

/** @param {string} currency */
const money = (currency) =>
  formatter(numbers, Intl.NumberFormat, { style: "currency", currency, currencyDisplay: "symbol",
    minimumFractionDigits: digits(currency), maximumFractionDigits: digits(currency) },
  MONEY_LOCALES[lang()]);

/**
 * How many minor units one unit has: 100 for CNY, 1 for JPY.
 * @param {string} currency
 */
export function minorUnits(currency) {
  return 10 ** digits(currency);
}

/**
 * "¥199" or "¥199.50": whole amounts without the zeros.
 * @param {number} minor
 * @param {string} currency
 */
export function priceText(minor, currency) {
  return parts(minor, currency).map(({ value }) => value).join("");
}

/** @type {(minor: number, currency: string) => Intl.NumberFormatPart[]} */
function parts(minor, currency) {
  const units = minorUnits(currency);
  const whole = minor % units === 0;
  return money(currency).formatToParts(minor / units)
    .filter(({ type }) => !whole || (type !== "decimal" && type !== "fraction"))
    .map(({ type, value }) => ({ type, value: type === "currency" ? SIGNS.get(currency) ?? value : value }));
}

/**
 * The price with a small currency sign and small decimals.
 * @param {number} minor
 * @param {string} currency
 */
export function price(minor, currency) {
  return h("span.price", { "aria-label": priceText(minor, currency) },
    parts(minor, currency).map(({ type, value }) =>
      h(type === "integer" || type === "group" ? "b" : "small", {}, value)));
}

/** @param {number} n */
export const number = (n) => numberFormat({}).format(n);

/**
 * 12,800 as "12.8K" or "1.3万".
 * @param {number} n
 */
export function short(n) {
  return n < 10_000 ? number(n)
    : numberFormat({ notation: "compact", maximumFractionDigits: 1 }).format(n);
}

/** @param {number} ratio */
export const percent = (ratio) =>
  numberFormat({ style: "percent", maximumFractionDigits: 1 }).format(ratio);

/**
 * The time of day.
 * @param {number} ms
 * @param {boolean} [seconds]
 */
export const clock = (ms, seconds = true) =>
  timeFormat({ hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) })
    .format(ms);

/**
 * The day and time; "" for what is no time.
 * @param {number} ms
 */
export const day = (ms) => Number.isNaN(new Date(ms).getTime()) ? ""
  : timeFormat({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(ms);

/**
 * The day alone, as it is called in UTC.
 * @param {number} ms
 */
export const date = (ms) =>
  timeFormat({ month: "short", day: "numeric", weekday: "short", timeZone: "UTC" }).format(ms);

/**
 * The day alone, as it is called in a time zone.
 * @type {(ms: number, zone: string) => string}
 */
export const dateIn = (ms, zone) =>
  timeFormat({ month: "short", day: "numeric", weekday: "short", timeZone: zone }).format(ms);

/**
 * "04:59", "1:04:59"; never below zero. Rounded up: a countdown shows 00:01 until it is over.
 * @param {number} ms
 */
export function duration(ms) {
  const all = Math.max(0, Math.ceil(ms / 1000));
  /** @param {number} n */
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}
