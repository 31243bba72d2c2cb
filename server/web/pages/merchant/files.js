// Goods in files: a table or lines of JSON taken in, tried first, and given out.

import { newKey } from "../liveroom-commands.js";
import { h, icon } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { sentenceOf } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { sendFile } from "../ui/session.js";
import { t } from "../ui/strings.js";
import { pathOf } from "./paths.js";

/** @import { ImportResult } from "./answers.js" */

const SHOWN_MAX = 50;
/** @type {Record<string, string>} */
const TYPES = { csv: "text/csv", jsonl: "application/jsonl", json: "application/json" };

export class GoodsFiles {
  name = "files";

  /** @param {string} merchant */
  constructor(merchant) {
    this.merchant = merchant;
    this.words = t("merchant.files");
    this.file = h("input", { type: "file", name: "file", id: "goods-file", required: true });
    this.file.accept = ".csv,.jsonl,.json";
    this.stock = h("input", { type: "checkbox", name: "stock" });
    this.answer = h("div.import-answer");
    /** @type {HTMLButtonElement[]} */
    this.buttons = [h("button.plain", { type: "button", data: { do: "try" },
      onclick: () => this.#send(true) }, t("merchant.try")),
    h("button.primary", { type: "submit", data: { do: "import" } }, t("merchant.import"))];
    const goods = `${pathOf(merchant)}/goods`;
    // With it a table that was edited for an hour changes nothing that others changed meanwhile.
    const versions = "?version=yes";
    this.root = h("div.stack", {},
      h("section.me-box", {}, h("h2", {}, t("merchant.import")),
        h("form.stack", { onsubmit: (event) => { event.preventDefault(); void this.#send(false); } },
          h("p.fine", {}, t("merchant.import_hint")),
          h("div.field", {}, h("label", { for: "goods-file" }, t("merchant.file")), this.file),
          h("label.switch", {}, this.stock, h("span", {}, t("merchant.import_stock"))),
          h("div.actions", {}, this.buttons), this.answer)),
      h("section.me-box", {}, h("h2", {}, t("merchant.export")),
        h("p.fine", {}, t("merchant.export_hint")),
        h("div.actions", {},
          h("a.plain.button", { href: `${goods}.csv${versions}`, download: "" }, icon("download"), "CSV"),
          h("a.plain.button", { href: `${goods}.jsonl${versions}`, download: "" }, icon("download"), "JSONL"))));
  }

  async read() {} // nothing here is read before somebody asks

  /** @type {(text: string, ...more: HTMLElement[]) => void} */
  #say(text, ...more) {
    const line = h("p.import-line");
    this.answer.replaceChildren(line, ...more);
    writeAloud(line, text);
  }

  /** @param {boolean} dry */
  async #send(dry) {
    const [file] = this.file.files ?? [];
    if (!file) {
      this.file.reportValidity();
      return;
    }
    const kind = TYPES[file.name.split(".").pop()?.toLowerCase() ?? ""] ?? file.type;
    const asked = new URLSearchParams({ dry: dry ? "yes" : "no" });
    if (this.stock.checked) {
      asked.set("stock", "set");
      asked.set("key", `page-${newKey()}`);
    }
    for (const button of this.buttons) button.disabled = true;
    this.#say(t("merchant.importing"));
    try {
      /** @type {ImportResult} */
      const answer = await sendFile("PUT", `${pathOf(this.merchant)}/goods?${asked}`, file, kind);
      this.#say(summary(answer), ...details(answer));
    } catch (error) {
      this.#say(sentenceOf(error));
    } finally {
      for (const button of this.buttons) button.disabled = false;
    }
  }
}

/** @param {ImportResult} answer */
const summary = ({ rows, created, changed, unchanged, bad, dry }) =>
  t(dry ? "merchant.tried" : "merchant.imported", { rows: number(rows), created: number(created),
    changed: number(changed), unchanged: number(unchanged), bad: number(bad) });

/** @param {ImportResult} answer */
function details({ bad, errors, stock_kept: kept }) {
  return [
    kept > 0 && h("p.fine", {}, t("merchant.stock_kept", { n: kept })),
    errors.length > 0 && h("div.figures-scroll", { tabindex: "0", role: "region",
      "aria-label": t("merchant.errors") }, h("table.import-errors", {},
      h("thead", {}, h("tr", {}, [t("merchant.row"), t("merchant.field"), t("merchant.why")]
        .map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, errors.slice(0, SHOWN_MAX).map((error) => h("tr", {},
        h("td", {}, number(error.row)), h("td", {}, error.field), h("td", { lang: "en" }, error.msg)))))),
    errors.length > SHOWN_MAX && h("p.fine", {}, t("merchant.errors_more",
      { n: bad - SHOWN_MAX })),
  ].filter((part) => part !== false);
}
