// The search on the room list: a box, kinds to choose from, and what was found.

import { cost } from "../ui/cost.js";
import { h, icon, write } from "../ui/dom.js";
import { day, duration } from "../ui/format.js";
import { writeAloud } from "../ui/front.js";
import { rest } from "../ui/session.js";
import { phaseText, t, whyNot } from "../ui/strings.js";

/**
 * @import { SearchPage, SearchResult } from "../ui/answers.js"
 * @import { Child } from "../ui/elements.js"
 */

const TYPED_MS = 250; // without a key, then it is looked for
const CHARS_MAX = 100;
/** @type {("all" | SearchResult["kind"])[]} */
const KINDS = ["all", "goods", "room", "note", "host", "answer", "moment"];

/**
 * A text with what matches marked; the places are counted in characters, not in JavaScript's units.
 * @param {string} text
 * @param {[number, number][]} [matches]
 * @returns {Child[]}
 */
function marked(text, matches = []) {
  const chars = Array.from(text);
  let done = 0;
  const parts = matches.flatMap(([from, to]) => {
    const before = chars.slice(done, from).join("");
    done = to;
    return [before, h("mark", {}, chars.slice(from, to).join(""))];
  });
  return [...parts, chars.slice(done).join("")];
}

/** @param {SearchResult} result */
function about({ kind, phase, scheduled = 0, second, price: minor, currency = "" }) {
  return [
    minor != null && currency && kind !== "answer" && cost(minor, currency),
    second != null && h("span.digits", {}, duration(second * 1000)),
    kind !== "note" && h("span.phase", { data: { phase } }, phase === "scheduled" && scheduled
      ? t("watch.soon_at", { when: day(scheduled) }) : phaseText(phase)),
  ];
}

/** @param {SearchResult} result */
function row(result) {
  const { kind, title, matches, text = "", text_matches, room_title, host_name, link } = result;
  const where = kind === "room" || kind === "host" ? ""
    : [host_name, room_title].filter(Boolean).join(" · ");
  return h("li", {}, h("a.result", { href: link, data: { kind } },
    h("span.result-head", {}, h("span.result-kind", {}, t(`search.${kind}`)),
      h("b.result-title", { dir: "auto" }, marked(title, matches))),
    text && h("span.result-text", { dir: "auto" }, marked(text, text_matches)),
    h("span.result-line", {}, about(result), h("span.result-where", { dir: "auto" }, where))));
}

export class Search {
  /**
   * `onSearching` is told whether results stand in place of the rooms.
   * @param {(searching: boolean) => void} onSearching
   */
  constructor(onSearching) {
    this.onSearching = onSearching;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.asked = ""; // the newest question: what answers an older one is thrown away
    this.next = "";
    this.kind = KINDS[0];
    this.box = h("input", { type: "search", id: "search-box", name: "q", autocomplete: "off",
      enterkeyhint: "search", maxlength: String(CHARS_MAX), placeholder: t("search.placeholder"),
      oninput: () => this.#soon() });
    this.status = h("p.fine.search-status");
    this.list = h("ol.results", { "aria-label": t("search.results") });
    this.more = h("button.plain.wide", { type: "button", hidden: true,
      onclick: () => this.#read(this.next) }, icon("down"), t("search.more"));
    this.kinds = h("fieldset.chips", { hidden: true }, h("legend.only-aloud", {}, t("search.kinds")),
      KINDS.map((kind) => this.#chip(kind)));
    this.form = h("form.search-form", { role: "search",
      onsubmit: (event) => { event.preventDefault(); this.#begin(); } },
    h("label.only-aloud", { for: "search-box" }, t("search.label")), this.box,
    h("button.primary.search-button", { type: "submit", "aria-label": t("search.go") },
      icon("search")));
    this.root = h("div.search", {}, this.form, this.kinds, this.status, this.list, this.more);
    this.box.value = new URLSearchParams(location.search).get("q") ?? "";
    if (this.box.value) this.#begin();
  }

  /** @param {typeof KINDS[number]} kind */
  #chip(kind) {
    return h("label.chip", {}, h("input", { type: "radio", name: "kind", value: kind,
      checked: kind === this.kind, onchange: () => { this.kind = kind; this.#begin(); } }),
    h("span", {}, t(`search.${kind}`)));
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#begin(), TYPED_MS);
  }

  /** Look for what stands in the box; the address says it, so that a link or "back" leads here. */
  #begin() {
    clearTimeout(this.timer);
    const text = this.box.value.trim();
    const address = new URL(location.href);
    if (text) address.searchParams.set("q", text);
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
    this.kinds.hidden = !text;
    this.onSearching(text !== "");
    this.asked = text && `q=${encodeURIComponent(text)}&kind=${this.kind}`;
    if (text) this.#read("");
    else this.#clear();
  }

  #clear() {
    this.next = "";
    this.more.hidden = true;
    this.list.replaceChildren();
    write(this.status, "");
  }

  /** @param {string} cursor */
  async #read(cursor) {
    const { asked } = this;
    try {
      /** @type {SearchPage} */
      const page = await rest("GET", `/v1/search?${asked}&cursor=${encodeURIComponent(cursor)}`);
      if (asked === this.asked) this.#show(page, cursor !== "");
    } catch (thrown) {
      if (asked !== this.asked) return;
      if (!cursor) this.#clear();
      writeAloud(this.status, t("search.failed", { why: whyNot(thrown) }));
    }
  }

  /** @type {(page: SearchPage, isMore: boolean) => void} */
  #show({ results, next = null }, isMore) {
    const rows = results.map(row);
    const focused = isMore && document.activeElement === this.more;
    if (isMore) this.list.append(...rows);
    else this.list.replaceChildren(...rows);
    this.next = next ?? "";
    this.more.hidden = !next;
    if (focused && rows[0]) rows[0].querySelector("a")?.focus();
    const n = this.list.childElementCount;
    writeAloud(this.status, n ? t("search.found", { n }) : t("search.none"));
  }
}
