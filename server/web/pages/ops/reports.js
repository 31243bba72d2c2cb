// What viewers report in all rooms, and what becomes of it.

import "../ui/report-words.js";
import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { clock, date, number } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { openSheet } from "../ui/sheet.js";
import { hasWords, t, whyNot } from "../ui/strings.js";

/** @import { Note } from "../ui/answers-of-notes.js" */
/** @import { ReportedThing, ReportsPage, ThingView } from "../ui/answers.js" */
/** @import { About, ReportKind } from "../liveroom.js" */
/** @import { Key } from "../ui/strings.js" */

/** @type {Record<About, Key[]>} what can be done, besides dismissing */
const OUTCOMES = {
  comment: ["reports.removed", "reports.muted", "reports.banned", "reports.banned_everywhere"],
  user: ["reports.muted", "reports.banned", "reports.banned_everywhere"],
  product: ["reports.removed", "reports.banned_everywhere"],
  review: ["reports.hidden", "reports.banned_everywhere"],
  room: ["reports.removed", "reports.banned_everywhere"],
  note: ["reports.removed", "reports.banned_everywhere"],
  note_comment: ["reports.removed", "reports.banned_everywhere"],
};
/** @type {ReportKind[]} */
const KINDS = ["spam", "abuse", "hate", "sexual", "violence", "fraud", "counterfeit", "illegal",
  "minor", "other"];

const PAGE = 20; // the server's own

/** @type {(name: string, label: string, options: [string, string][], read: () => unknown) => HTMLElement} */
const picker = (name, label, options, read) => h("label.ops-pick", {}, h("span.fine", {}, label),
  h("select", { name, onchange: read }, options.map(([value, words]) =>
    h("option", { value }, words))));

/**
 * Where a thing can be looked at as it is shown; null: nowhere, its words are all there is.
 * @param {ReportedThing} thing
 */
const pathOf = ({ about, id, of_note: note, room }) => (about === "note" || note
  ? `/note/${encodeURIComponent(note ?? id)}`
  : about !== "review" && room ? `/watch/${encodeURIComponent(room)}` : null);

const PICTURES_MAX = 4;

/**
 * What a reported note shows beside its words: the first of its pictures.
 * @param {ReportedThing} thing
 */
function picturesOf({ about, id }) {
  if (about !== "note") return null;
  const row = h("div.reported-pictures", { hidden: true });
  /** @type {Promise<Note>} */
  const reading = rest("GET", `/v1/notes/${encodeURIComponent(id)}`);
  reading.then(({ pictures }) => {
    row.replaceChildren(...pictures.slice(0, PICTURES_MAX).map(({ link }) =>
      h("img", { src: `${link}/small`, alt: "", loading: "lazy" })));
    row.hidden = pictures.length === 0;
  }, () => row.remove()); // it is gone: its words are in the report
  return row;
}

/** The queue of the operator, as a section of the page. */
export class ReportQueue {
  constructor() {
    const read = () => void this.read();
    this.list = new PagedList((cursor) => rest("GET", this.#path(cursor)),
      (/** @type {ReportsPage} */ page) => page.things.map((thing) => this.#row(thing)),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("reports.none")), name: "more-reports" });
    this.form = h("form.ops-picks", { onsubmit: (event) => { event.preventDefault(); read(); } },
      picker("state", t("reports.state"), [["open", t("reports.open")],
        ["closed", t("reports.closed")]], read),
      picker("order", t("reports.order"), [["most", t("reports.most")],
        ["oldest", t("reports.oldest")]], read),
      picker("kind", t("reports.kind"), [["", t("reports.any")],
        ...KINDS.map((kind) => /** @type {[string, string]} */ ([kind, t(`report.kind_${kind}`)]))],
      read),
      h("label.ops-pick", {}, h("span.fine", {}, t("reports.in_room")),
        h("input", { type: "text", name: "room", maxlength: "64", onchange: read })));
    this.open = -1; // how many waited when it was asked last
    this.waiting = h("p.fine");
    this.root = h("section.ops-box.reports", {}, h("h2", {}, t("reports.title")), this.waiting,
      this.form, this.list.parts);
  }

  read() { return this.list.read(); }

  /** Ask how many wait; what is new is shown, unless somebody has gone on to further pages. */
  async look() {
    /** @type {ReportsPage} */
    const { open } = await rest("GET", "/v1/reports?limit=1");
    if (open === this.open) return;
    this.open = open;
    writeAloud(this.waiting, t("reports.waiting", { n: open }));
    if (this.list.shown <= PAGE) await this.read();
  }

  /** @param {string | number | null} cursor */
  #path(cursor) {
    const wanted = new URLSearchParams({ cursor: String(cursor ?? "") });
    for (const [name, value] of new FormData(this.form)) wanted.set(name, String(value).trim());
    return `/v1/reports?${wanted}`;
  }

  /** @param {ReportedThing} thing */
  #row(thing) {
    const { about, room, host, user, name, text, count, kinds, words, opened, open } = thing;
    const path = pathOf(thing);
    const why = Object.entries(kinds).map(([kind, n]) => {
      const key = `report.kind_${kind}`;
      return `${hasWords(key) ? t(key) : kind} ×${number(n ?? 0)}`;
    });
    return h("li", { data: { thing: thing.thing } },
      h("span.fine", {}, beside(`${date(opened)} ${clock(opened)}`, t(`reports.about_${about}`),
        room ? `${room} (${host})` : host, t("reports.count", { n: count }), ...why)),
      h("p.reported-words", { dir: "auto" }, h("b", {}, beside(name, user)), text && ": ", text),
      picturesOf(thing),
      words.map((each) => h("p.fine", { dir: "auto" }, `“${each}”`)),
      open ? null : h("p.fine", {}, beside(this.#was(thing), thing.by, thing.note)),
      h("div.actions", {},
        h("button.quiet.small-button", { type: "button", data: { do: "who" },
          onclick: () => this.#who(thing) }, t("reports.who")),
        path && h("a.quiet.small-button.button", { href: path, target: "_blank",
          data: { do: "look" } }, t("reports.look")),
        open && h("button.plain.small-button", { type: "button", data: { do: "settle" },
          onclick: () => this.#settle(thing) }, t("reports.settle"))));
  }

  /** @param {ReportedThing} thing */
  #was({ outcome }) {
    const key = `reports.was_${outcome}`;
    return hasWords(key) ? t(key) : outcome;
  }

  /** @param {ReportedThing} thing */
  async #who({ thing }) {
    const list = h("ol.ops-errors");
    openSheet(t("reports.who"), () => list);
    try {
      /** @type {ThingView} */
      const { reports } = await rest("GET", `/v1/reports/${encodeURIComponent(thing)}`);
      list.replaceChildren(...reports.map(({ user, kind, text, at }) => h("li", {},
        h("span.fine", {}, beside(`${date(at)} ${clock(at)}`, user, t(`report.kind_${kind}`))),
        h("p", { dir: "auto" }, text || t("reports.nobody_wrote")))));
    } catch (error) {
      list.replaceChildren(h("li.fine", {}, whyNot(error)));
    }
  }

  /** @param {ReportedThing} thing */
  #settle({ thing, about, text, name }) {
    /** @type {[string, string][]} */
    const outcomes = [["dismissed", t("reports.dismissed")], ...OUTCOMES[about].map((key) =>
      /** @type {[string, string]} */ ([key.slice("reports.".length), t(key)]))];
    formSheet(t("reports.settle"), [h("p", { dir: "auto" }, `${name}: ${text}`),
      choice("outcome", t("reports.outcome"), outcomes, "dismissed"),
      field("reason", t("reports.reason"), { maxlength: "200" }),
      field("note", t("reports.note"), { maxlength: "500" }),
    ], t("save"), async ({ outcome = "", reason = "", note = "" }) => {
      const everywhere = outcome === "banned_everywhere";
      await rest("POST", `/v1/reports/${encodeURIComponent(thing)}/resolve`,
        { outcome: everywhere ? "banned" : outcome, everywhere, reason, note });
      await this.read();
      await this.look(); // one less waits
    });
  }
}
