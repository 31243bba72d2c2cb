// Forms in sheets, and their fields.

import "./later-words.js";
import { h, write } from "./dom.js";
import { minorUnits, priceText } from "./format.js";
import { openSheet } from "./sheet.js";
import { failureOf, lang, t, whyNot } from "./strings.js";

/** @import { Children, Props, Typed } from "./elements.js" */

export const UNITS_MAX = "1000000";

/**
 * A labelled field; `props` are the input's.
 * @param {string} name
 * @param {string} label
 * @param {Props<HTMLElement>} [props]
 * @param {"input" | "textarea"} [tag]
 */
export function field(name, label, props = {}, tag = "input") {
  const id = `field-${name}`;
  const { value, ...rest } = props;
  const input = h(tag, { id, name, autocomplete: "off", ...rest });
  input.value = String(value ?? "");
  return h("div.field", {}, h("label", { for: id }, label), input);
}

/**
 * The server's sentence is English, and names the field: it stands behind words of the person's
 * language. "You have your limit" is for buyers and helps nobody who fills in a form.
 * @param {unknown} thrown
 */
export function sentenceOf(thrown) {
  const failed = failureOf(thrown);
  if (!failed.code) return failed.message; // it comes from the page itself
  if (failed.code !== "limit_reached") return `${whyNot(failed)} · ${failed.message}`;
  return lang() === "en" ? failed.message : `${t("form.over_limit")} · ${failed.message}`;
}

/**
 * Minor units of what somebody typed.
 * @param {string} text
 * @param {string} currency
 */
export function minor(text, currency) {
  const units = minorUnits(currency);
  const value = Math.round(Number(text) * units);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${t("form.price")}: ${text}`);
  // Rounding would set another price than the one that was typed.
  if (value / units !== Number(text)) {
    throw new Error(t("form.decimals", { typed: text, least: priceText(1, currency) }));
  }
  return value;
}

/** What a whole number of something needs. */
export const whole = { type: "number", inputmode: "numeric", min: "1", max: UNITS_MAX, step: "1",
  required: true };

/**
 * One of several, as chips.
 * @param {string} name
 * @param {string} label
 * @param {[value: string, words: string][]} options
 * @param {string} chosen
 */
export function choice(name, label, options, chosen) {
  return h("fieldset.chips", {}, h("legend", {}, label), options.map(([value, words]) =>
    h("label.chip", {}, h("input", { type: "radio", name, value, checked: value === chosen }),
      h("span", {}, words))));
}

/**
 * A list to choose from.
 * @param {string} name
 * @param {string} label
 * @param {[value: string, words: string][]} options
 * @param {string} chosen
 */
export function selection(name, label, options, chosen) {
  const id = `field-${name}`;
  const select = h("select", { id, name }, options.map(([value, words]) =>
    h("option", { value }, words)));
  select.value = chosen;
  return h("div.field", {}, h("label", { for: id }, label), select);
}

/**
 * Open a form in a sheet; `send(values, formData)` rejects with what to show.
 * @param {string} title
 * @param {Children} fields
 * @param {string} go
 * @param {(typed: Typed, form: FormData) => Promise<unknown>} send
 */
export function formSheet(title, fields, go, send) {
  const error = h("p.form-error", { role: "alert" });
  const button = h("button.primary.wide", { type: "submit" }, go);
  const dialog = openSheet(title, (leave) => {
    /** @param {Event & {currentTarget: HTMLFormElement}} event */
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        const form = new FormData(event.currentTarget);
        await send(typedInto(form), form);
        leave();
      } catch (failed) {
        write(error, sentenceOf(failed));
        button.disabled = false;
      }
    };
    return h("form.form-grid", { onsubmit: submit }, fields, h("div.form-foot", {}, error, button));
  }, { kind: "form-sheet" });
  /** @type {HTMLInputElement | HTMLTextAreaElement | null} */
  const first = dialog.querySelector("input:not([readonly])")
    ?? dialog.querySelector("textarea");
  first?.focus();
  first?.select();
  return dialog;
}

/**
 * What was typed, by field; of several of one name the last.
 * @param {FormData} form
 * @returns {Typed}
 */
const typedInto = (form) =>
  Object.fromEntries([...form].map(([name, value]) => [name, String(value)]));
