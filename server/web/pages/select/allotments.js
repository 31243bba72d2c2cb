// Units that a merchant granted to hosts: what a merchant gave, changes and takes back; what a host has.

import { beside } from "../ui/bidi.js";
import { dayOf, endOf } from "../ui/day-field.js";
import { h, icon } from "../ui/dom.js";
import { day, number } from "../ui/format.js";
import { field, formSheet, sentenceOf, whole } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";

/** @import { Allotment, AllotmentsPage } from "./answers.js" */

const DAYS = 30; // how long units are granted, if nothing else is typed
const DAY_MS = 86_400_000;

/** The field of the last day on which a host may put units into sales. */
export const untilField = (ms = Date.now() + DAYS * DAY_MS) =>
  field("until", t("allot.until"), { type: "date", required: true, value: dayOf(ms) });

export class AllotmentList {
  name = "allotments";

  /**
   * @param {string} path of the host or the merchant
   * @param {boolean} grants whether it is the merchant's side
   */
  constructor(path, grants) {
    this.path = `${path}/allotments`;
    this.grants = grants;
    this.words = t(grants ? "allot.granted" : "allot.own");
    /** @type {PagedList<AllotmentsPage>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${this.path}?cursor=${encodeURIComponent(from ?? "")}`),
      ({ allotments }) => allotments.map((each) => this.#row(each)),
      { list: h("ul.me-list"), none: h("div.empty", {}, icon("box"), h("p", {}, t("allot.none")),
        h("p.fine", {}, t(grants ? "allot.none_hint" : "allot.own_hint"))) });
    this.root = h("section.me-box", {},
      h("div.merchant-head", {}, h("h2", {}, this.words),
        grants && h("button.primary.small-button", { type: "button", data: { do: "grant" },
          onclick: () => this.#grant() }, icon("plus"), t("allot.grant"))),
      this.paged.parts);
  }

  read() {
    return this.paged.read();
  }

  /** @param {Allotment} allotment */
  #row(allotment) {
    const { allotment: id, merchant, host, sku, product, room, units, free, until } = allotment;
    const over = until <= Date.now();
    const what = this.grants ? sku : product;
    return h("li.pick", { data: { allotment: id, over: over ? "yes" : "" } },
      h("div.me-words", {},
        h("span", {}, h("b", { dir: "auto" }, what), " ",
          over && h("span.me-phase", {}, t("allot.over"))),
        h("span.fine", {}, beside(this.grants ? host : merchant,
          room ? t("allot.in_room", { room }) : t("allot.in_all"))),
        h("span.fine", {}, beside(t("allot.units", { n: number(units), free: number(free) }),
          t("allot.lasts", { day: day(until) })))),
      this.grants && !over && h("div.me-actions", {},
        h("button.plain.small-button", { type: "button", data: { do: "change" },
          "aria-label": t("merchant.change_of", { title: what }),
          onclick: () => this.#change(allotment) }, t("me.address_change")),
        h("button.quiet.small-button", { type: "button", data: { do: "take-back" },
          "aria-label": t("allot.take_back_of", { what, host }),
          onclick: () => this.#takeBack(allotment) }, t("allot.take_back"))));
  }

  #grant() {
    formSheet(t("allot.grant"), [
      field("host", t("offers.host"), { required: true, maxlength: "64", spellcheck: "false" }),
      field("sku", t("merchant.sku"), { required: true, maxlength: "39", spellcheck: "false" }),
      h("div.field-row", {},
        field("units", t("merchant.units"), { ...whole, min: "1", value: "10" }), untilField()),
      field("room", t("allot.room"), { maxlength: "64", spellcheck: "false" }),
      h("p.fine", {}, t("allot.grant_hint")),
    ], t("allot.grant"), async ({ host = "", sku = "", units, until, room = "" }) => {
      await rest("POST", this.path, { host: host.trim(), sku: sku.trim(), units: Number(units),
        until: endOf(until), ...(room.trim() && { room: room.trim() }) });
      toast(t("merchant.saved"));
      await this.read();
    });
  }

  /** @param {Allotment} allotment */
  #change({ allotment, sku, units, until: known }) {
    formSheet(t("merchant.change_of", { title: sku }), [
      h("div.field-row", {},
        field("units", t("merchant.units"), { ...whole, value: String(units) }),
        untilField(known)),
    ], t("save"), async ({ units: typed, until }) => {
      await rest("PATCH", this.#pathOf(allotment),
        { units: Number(typed), ...(until !== dayOf(known) && { until: endOf(until) }) });
      await this.read();
    });
  }

  /** @param {Allotment} allotment */
  async #takeBack({ allotment, sku, host, free }) {
    if (!await sure(t("allot.take_back_sure", { n: number(free), what: sku, host }),
      t("allot.take_back"))) return;
    try {
      await rest("DELETE", this.#pathOf(allotment));
    } catch (error) {
      toast(sentenceOf(error));
    }
    await this.read();
  }

  /** @param {string} id */
  #pathOf(id) {
    return `${this.path}/${encodeURIComponent(id)}`;
  }
}
