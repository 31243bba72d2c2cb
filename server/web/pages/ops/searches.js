// What was searched for on a day, above all what nobody found. No row says who.

import "../ui/insight-words.js";
import { beginOf, dayOf } from "../ui/day-field.js";
import { h, write } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";

/** @import { DaySearch, DaySearches } from "../ui/answers.js" */

const NOON_MS = 43_200_000; // of the day that was chosen: the same day in nearly every zone

/** @param {DaySearch} of */
const row = ({ text, searches, empty, searches_before: allBefore, empty_before: before, people }) =>
  h("li", { data: { query: text } }, h("p", { dir: "auto" }, h("b", {}, text)),
    h("p.fine", {}, t("searches.row", { empty: number(empty), n: number(searches),
      before: number(before), all_before: number(allBefore), people: number(people) })));

/** A section of the page. */
export class Searches {
  constructor() {
    const read = () => void this.read();
    this.day = h("input", { type: "date", name: "day", value: dayOf(Date.now()), onchange: read });
    this.empty = h("select", { name: "empty", onchange: read },
      h("option", { value: "1" }, t("searches.empty")), h("option", { value: "0" }, t("searches.all")));
    this.zone = h("p.fine");
    this.list = new PagedList((cursor) => rest("GET", this.#path(cursor)),
      (/** @type {DaySearches} */ page) => {
        write(this.zone, t("searches.zone", { zone: page.zone }));
        return page.searches.map(row);
      }, { list: h("ol.ops-errors"), none: h("p.fine", {}, t("searches.none")),
        name: "more-searches" });
    this.root = h("section.ops-box.searches", {}, h("h2", {}, t("searches.title")),
      h("div.ops-picks", {},
        h("label.ops-pick", {}, h("span.fine", {}, t("searches.day")), this.day),
        h("label.ops-pick", {}, h("span.fine", {}, t("searches.what")), this.empty)),
      this.zone, this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {string | number | null} cursor */
  #path(cursor) {
    const today = this.day.value === dayOf(Date.now());
    const at = today || !this.day.value ? 0 : beginOf(this.day.value) + NOON_MS;
    return `/v1/ops/searches?at=${at}&empty=${this.empty.value}&cursor=${
      encodeURIComponent(String(cursor ?? ""))}`;
  }
}
