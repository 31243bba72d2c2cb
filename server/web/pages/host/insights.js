// What brings people to the host, week beside week, and advice before the next stream.

import "../ui/insight-words.js";
import { beside } from "../ui/bidi.js";
import { h, icon, write } from "../ui/dom.js";
import { dateIn, number } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { listed, t, whyNot } from "../ui/strings.js";
import { moneyText } from "./figures.js";

/**
 * @import { AdviceLine, AdviceView, BroughtBy, InsightsView, SoughtSearch, WeekNumbers, WeeksCompared }
 *   from "../ui/answers.js"
 * @import { Child } from "../ui/elements.js"
 */

const DAYS_SHOWN = 5;

/** @param {number} hour of the day; 24 is midnight again */
const hourText = (hour) => `${String(hour % 24).padStart(2, "0")}:00`;

/** @param {AdviceLine} line */
function adviceText({ code, hour, of, people, days, title, text, bought }) {
  const holes = { people: number(people), days: number(days), of: number(of ?? 0), title, text,
    bought: number(bought ?? 0), from: hourText(hour ?? 0), to: hourText((hour ?? 0) + 1) };
  return t(code === "write_note" && title ? "advice.write_note_goods" : `advice.${code}`, holes);
}

/** @type {(compared: WeeksCompared, name: "opened" | "people" | "guests" | "orders") => string | false} */
function beforeAndNow({ now, by_then: then }, name) {
  if (!now[name] && !then[name] && name !== "people") return false;
  return t(`insights.${name}`, { now: number(now[name]), then: number(then[name]) });
}

/** @param {WeekNumbers} numbers */
const bought = ({ people, buyers }) => buyers > 0 && people >= buyers
  && t("insights.of_people", { buyers: number(buyers), people: number(people) });

/** @param {Record<string, number>} amounts */
const any = (amounts) => Object.keys(amounts).length > 0;

/** @param {WeeksCompared} compared */
const numbersText = (compared) => beside(beforeAndNow(compared, "opened"),
  beforeAndNow(compared, "people"), beforeAndNow(compared, "guests"),
  bought(compared.now), beforeAndNow(compared, "orders"),
  any(compared.now.paid) && t("insights.paid", { money: moneyText(compared.now.paid) }),
  any(compared.now.back) && t("insights.back", { money: moneyText(compared.now.back) }));

/** @param {WeekNumbers[]} weeks */
const earlier = (weeks) => t("insights.before", { weeks: weeks.map(({ people }) =>
  number(people)).join(" · ") });

/** @param {BroughtBy["bought"][number]} of */
const goodsText = ({ title, units, returned }) => (returned
  ? t("insights.units_back", { title, n: number(units), back: number(returned) })
  : t("insights.units", { title, n: number(units) }));

/** @type {(row: BroughtBy, title: Child) => HTMLElement} */
const broughtRow = (row, title) => h("li", { data: { ref: row.ref || row.title } },
  h("p.insight-title", { dir: "auto" }, title),
  h("p.insight-numbers", {}, numbersText(row)),
  row.bought.length > 0 && h("p.fine", { dir: "auto" },
    t("insights.bought", { goods: listed(row.bought.map(goodsText)) })),
  row.buyers.length > 0 && h("p.fine", { dir: "auto" },
    t("insights.buyers", { names: listed(row.buyers.map(({ name, user }) => name || user)) })),
  h("p.fine", {}, earlier(row.before)));

/** @type {(row: SoughtSearch, zone: string) => HTMLElement} */
const soughtRow = ({ text, now, before, people, days }, zone) => h("li", { data: { query: text } },
  h("p.insight-title", { dir: "auto" }, text),
  h("p.insight-numbers", {}, t("insights.sought_row", { n: number(now), people: number(people) })),
  h("p.fine", {}, t("insights.sought_days", { days: listed(days.slice(0, DAYS_SHOWN).map(
    ({ starts, empty }) => t("insights.day_times", { day: dateIn(starts, zone), n: number(empty) })))
  })),
  h("p.fine", {}, t("insights.sought_before", { weeks: before.map(number).join(" · ") })));

export class HostInsights {
  /** @param {() => string} hostOf the host's id, once the room is joined */
  constructor(hostOf) {
    this.hostOf = hostOf;
    this.note = h("p.fine");
    this.advice = h("div.insight-part", { data: { part: "advice" } });
    this.notes = h("div.insight-part", { data: { part: "notes" } });
    this.searches = h("div.insight-part", { data: { part: "searches" } });
    this.sought = h("div.insight-part", { data: { part: "sought" } });
    this.root = h("section.panel-box.figures.insights", { "aria-label": t("insights.title") },
      h("div.box-head", {}, h("h2", {}, t("insights.title"))),
      h("div.figures-body", {}, this.advice, this.note, this.notes, this.searches, this.sought));
  }

  async read() {
    const path = `/v1/hosts/${encodeURIComponent(this.hostOf())}`;
    try {
      /** @type {Promise<InsightsView>} */
      const reading = rest("GET", `${path}/insights`);
      /** @type {Promise<AdviceView>} */
      const advising = rest("GET", `${path}/advice`);
      const [view, advice] = await Promise.all([reading, advising]);
      this.#drawAdvice(advice);
      this.#drawSources(view);
      this.#drawSought(view);
      write(this.note, t("insights.note", { zone: view.zone }));
    } catch (error) {
      write(this.note, whyNot(error)); // a moderator may not see them
    }
  }

  /** @param {AdviceView} view */
  #drawAdvice({ zone, advice }) {
    this.advice.replaceChildren(h("h3", {}, t("advice.title")),
      advice.length ? h("ul.findings", {}, advice.map((line) =>
        h("li", { data: { advice: line.code } }, icon(line.code === "best_hour" ? "clock" : "star"),
          h("span", { dir: "auto" }, adviceText(line)))))
        : h("p.fine", {}, t("advice.none")),
      ...(advice.some(({ code }) => code === "best_hour")
        ? [h("p.fine", {}, t("advice.zone", { zone }))] : []));
  }

  /** @param {InsightsView} view */
  #drawSources({ notes, searches, few, people_min: least }) {
    this.notes.replaceChildren(h("h3", {}, t("insights.notes")),
      notes.length ? h("ol.insight-list", {}, notes.map((row) => broughtRow(row, row.title
        ? h("a.text-link", { href: `/note/${encodeURIComponent(row.ref)}` }, row.title)
        : t("insights.gone_note"))))
        : h("p.fine", {}, t("insights.no_notes")));
    const { now, by_then: then } = few;
    const others = now.people + now.guests + then.people + then.guests + now.orders + then.orders;
    this.searches.replaceChildren(h("h3", {}, t("insights.searches")),
      searches.length ? h("ol.insight-list", {}, searches.map((row) => broughtRow(row, row.title)))
        : h("p.fine", {}, t("insights.no_searches")),
      ...(others ? [h("p.fine", { data: { few: "" } },
        t("insights.few", { numbers: numbersText(few), n: number(least) }))] : []));
  }

  /** @param {InsightsView} view */
  #drawSought({ sought, zone, people_min: least }) {
    this.sought.replaceChildren(h("h3", {}, t("insights.sought")),
      h("p.fine", {}, t("insights.sought_note", { n: number(least) })),
      sought.length ? h("ol.insight-list", {}, sought.map((row) => soughtRow(row, zone)))
        : h("p.fine", {}, t("insights.no_sought")));
  }
}
