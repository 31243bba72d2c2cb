// The money of a host or a merchant: what is pending, available and on its way, and each entry.

import { beside } from "./bidi.js";
import { h, icon } from "./dom.js";
import { day, price, priceText } from "./format.js";
import { writeAloud } from "./front.js";
import { PagedList } from "./paged-list.js";
import { rest } from "./session.js";
import { failureOf, t, whyNot } from "./strings.js";

/**
 * @import { Statement, StatementEntries, StatementEntry } from "./answers.js"
 * @import { Key } from "./strings.js"
 */

/** @type {("pending" | "held" | "available" | "paying")[]} */
const STAGES = ["pending", "held", "available", "paying"];
/** What most owners never have anything at, and which is shown only then. */
const SELDOM = "held";
/** What only goes from one of the owner's accounts to another: its sum says nothing. */
const MOVES = ["released", "payout", "disputed", "dispute_over"];

/**
 * @param {string} event
 * @param {string} what
 */
const wordsOf = (event, what) => beside(t(/** @type {Key} */ (`money.${event}`)),
  what && t(/** @type {Key} */ (`money.${what}`)));

/** @param {Statement} statement */
function statementPart({ currency, closing, sums, debt }) {
  const { held } = closing;
  const stages = STAGES.filter((stage) => stage !== SELDOM || held);
  const moved = sums.filter(({ event }) => !MOVES.includes(event));
  return h("section.statement", { data: { currency } },
    h("dl.statement-stages", {}, stages.map((stage) => h("div", { data: { stage } },
      h("dt", {}, t(`money.${stage}`)), h("dd", {}, price(closing[stage], currency))))),
    held > 0 && h("p.fine.statement-held", {}, t("money.disputed_sum", { sum: priceText(held, currency) })),
    debt > 0 && h("p.fine.statement-debt", {}, t("money.debt", { sum: priceText(debt, currency) })),
    h("ul.statement-sums", {}, moved.map(({ event, what, amount }) => h("li.statement-row", {
      data: { event, what } }, h("span", {}, wordsOf(event, what)),
    price(amount, currency)))));
}

/** @param {StatementEntry} entry */
function entryRow({ at, event, what = "", stage, amount, currency, base = 0, order, sku, reason }) {
  const share = base && Math.abs(base) !== Math.abs(amount)
    && t("money.of", { sum: priceText(base, currency) });
  return h("li.statement-row", { data: { event, stage } },
    h("div.statement-words", {}, h("span", {}, wordsOf(event, what)),
      h("span.fine", {}, beside(day(at), t(`money.${stage}`), share)),
      (sku || reason) && h("bdi.fine", {}, beside(sku, order, reason))),
    price(amount, currency));
}

export class Statements {
  name = "statements";

  /**
   * @param {() => string} pathOf of the owner in REST, such as /v1/merchants/m1
   * @param {string} [box] the class of the box around it
   */
  constructor(pathOf, box = "me-box") {
    this.pathOf = pathOf;
    this.words = t("money.title");
    this.statements = h("div.statements");
    /** @type {PagedList<StatementEntries>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${pathOf()}/statements/entries?cursor=${encodeURIComponent(from ?? "")}`),
      ({ entries }) => entries.map(entryRow),
      { list: h("ul.statement-entries"), none: h("p.fine", {}, t("money.none")),
        words: t("money.more"), name: "more-entries" });
    this.csv = h("a.plain.small-button.button", { download: "" }, icon("download"), t("host.csv"));
    this.root = h(`section.${box}.money`, { "aria-label": t("money.title") },
      h("div.money-head", {}, h("h2", {}, t("money.title")), this.csv),
      h("p.fine", {}, t("money.hint")), this.statements, this.paged.parts);
  }

  /** Read it anew, from the newest entry. */
  async read() {
    const path = this.pathOf();
    this.csv.href = `${path}/statements.csv`;
    try {
      /** @type {Statement[]} */
      const statements = await rest("GET", `${path}/statements`);
      this.statements.replaceChildren(...statements.map(statementPart));
    } catch (error) {
      // A moderator may not see it in the console; after any other failure it can be read again.
      this.root.hidden = this.root.matches(".panel-box") && failureOf(error).code === "forbidden";
      writeAloud(this.paged.trouble, whyNot(error));
      return;
    }
    await this.paged.read();
  }
}
