// The feed: live rooms and notes for whoever looks, in a waterfall that goes on as one scrolls.

import { h, icon, iconButton } from "../ui/dom.js";
import { short } from "../ui/format.js";
import { writeAloud } from "../ui/front.js";
import { posterVars } from "../ui/poster.js";
import { hostLink, watching } from "../ui/room-card.js";
import { rest } from "../ui/session.js";
import { phaseText, t, whyNot } from "../ui/strings.js";
import { Impressions } from "./impressions.js";
import { openLess } from "./less.js";
import { ownerOf, why } from "./reasons.js";

/**
 * @import { FeedPage, FeedRow } from "../ui/answers.js"
 * @import { Child } from "../ui/elements.js"
 * @import { Ties } from "../ui/ties.js"
 */

const PAGE = 20;
const GAP = 12; // below each card, in lines of the grid: as high as a pixel, see home.css
const AHEAD = "900px"; // the next page is asked for when its place is so near
const LIVE_RATIO = "3 / 4";
/** A picture is never narrower or wider than these: a waterfall of towers and slits is none. */
const RATIOS = [2 / 3, 4 / 3];

/** @param {FeedRow} row */
function picture(row) {
  const shot = row.kind === "note" ? row.picture : undefined;
  const src = shot ? shot.link : row.kind === "room" ? row.cover : undefined;
  const ratio = shot ? String(Math.min(Math.max(shot.w / shot.h, RATIOS[0]), RATIOS[1]))
    : row.kind === "room" ? LIVE_RATIO : "4 / 3";
  const image = src ? h("img.cover", { src, alt: "", loading: "lazy",
    referrerpolicy: "no-referrer" }) : null;
  image?.addEventListener("error", () => image.remove());
  return h("span.feed-picture", { vars: { ...posterVars(row.id + row.title), "--ratio": ratio } },
    h("span.poster", {}, image),
    row.kind === "room" && h("span.phase", { data: { phase: "live" } }, phaseText("live"),
      watching(row.online)));
}

/** @type {(row: FeedRow) => Child} */
const interest = (row) => row.kind === "note" && row.likes > 0
  && h("span.fine", {}, t("feed.likes", { n: short(row.likes) }));

export class Feed {
  /** @param {Ties} ties */
  constructor(ties) {
    this.ties = ties;
    this.cursor = "";
    this.asking = false;
    this.impressions = new Impressions();
    this.first = h("ul.feed");
    this.rest = h("ul.feed");
    this.status = h("p.fine.feed-status");
    this.more = h("button.plain.wide", { type: "button", hidden: true,
      onclick: () => this.read({ focus: true }) }, icon("down"), t("feed.more"));
    const titled = h("h2", { id: "feed-title" }, t("feed.title"));
    this.root = h("section.feed-section", { "aria-labelledby": "feed-title" }, titled, this.first);
    /** What follows the first page, behind what else the page has. */
    this.onward = h("section.feed-section", { "aria-label": t("feed.more") }, this.rest, this.status,
      this.more);
    this.watcher = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting) && !this.more.hidden) this.read();
    }, { rootMargin: AHEAD });
    this.watcher.observe(this.more);
    // A card's height changes with its width, and with its text when a font has come.
    this.heights = new ResizeObserver((entries) => this.#place(entries.flatMap(({ target }) =>
      target.parentElement ?? [])));
  }

  /** Read the next page. With `focus` its first row gets the focus that the button had. */
  async read({ focus = false } = {}) {
    if (this.asking) return;
    this.asking = true;
    const isFirst = this.cursor === "";
    try {
      /** @type {FeedPage} */
      const page = await rest("GET",
        `/v1/feed?limit=${PAGE}&cursor=${encodeURIComponent(this.cursor)}`);
      this.#show(page, isFirst ? this.first : this.rest, focus);
      this.cursor = page.next ?? "";
      this.more.hidden = !page.next;
      writeAloud(this.status, page.next ? ""
        : t(isFirst && page.rows.length === 0 ? "feed.none" : "feed.end"));
    } catch (thrown) {
      writeAloud(this.status, t("feed.failed", { why: whyNot(thrown) }));
      this.more.hidden = false; // pressed again, it tries again
    }
    this.asking = false;
    // The observer tells of changes only: what is still near has to be looked at again.
    this.watcher.unobserve(this.more);
    if (this.more.hidden === false) this.watcher.observe(this.more);
  }

  /** @type {(page: FeedPage, list: HTMLElement, focus: boolean) => void} */
  #show({ rows, page }, list, focus) {
    const cards = rows.flatMap((row, n) => {
      try {
        return [this.#card(row, page, n)];
      } catch (failed) {
        console.warn(`${row.kind} ${row.id} cannot be shown.`, failed);
        return [];
      }
    });
    list.append(...cards);
    this.#place(cards);
    for (const { firstElementChild } of cards) {
      if (firstElementChild) this.heights.observe(firstElementChild);
    }
    if (focus) cards[0]?.querySelector("a")?.focus();
  }

  /** @type {(row: FeedRow, page: string, n: number) => HTMLElement} */
  #card(row, page, n) {
    const { by, name } = ownerOf(row);
    const card = h("li.feed-row", { data: { kind: row.kind, id: row.id, by } },
      h("div.feed-card", {},
        h("a.feed-link", { href: row.link }, picture(row),
          h("span.feed-name", { dir: "auto" }, row.title)),
        h("p.feed-why", {}, why(row)),
        h("div.room-line", {},
          hostLink(by, name),
          interest(row),
          iconButton("more", t("feed.menu_of", { title: row.title }),
            () => openLess(row, this.ties, (gone) => this.#drop(gone)), {
              "aria-haspopup": "dialog" }))));
    this.impressions.watch(card, page, n);
    return card;
  }

  /**
   * Give each card as many lines of the grid as it is high: so the next one stands close below it,
   * and the order of the page stays that of the rows.
   * @param {Element[]} cards
   */
  #place(cards) {
    const heights = cards.map((card) => card.firstElementChild?.getBoundingClientRect().height ?? 0);
    cards.forEach((card, n) => {
      /** @type {HTMLElement} */ (card).style.setProperty("--lines",
        String(Math.max(1, Math.ceil(heights[n] + GAP))));
    });
  }

  /** @param {(row: HTMLElement) => boolean} gone */
  #drop(gone) {
    for (const card of [...this.first.children, ...this.rest.children]) {
      if (gone(/** @type {HTMLElement} */ (card))) card.remove();
    }
  }
}
