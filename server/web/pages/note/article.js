// A note as it is read: pictures, words, tags, goods and rooms. The page adds what people do with it,
// the preview nothing.

import { h } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { posterVars } from "../ui/poster.js";
import { hostPath } from "../ui/room-card.js";
import { t } from "../ui/strings.js";
import { carousel } from "./carousel.js";
import { goodsOf, roomsOf } from "./goods.js";

/**
 * @import { Note } from "../ui/answers-of-notes.js"
 * @import { Child } from "../ui/elements.js"
 * @import { Ties } from "../ui/ties.js"
 */

/**
 * `head` stands beside the author, `below` comes after the words and goods, `last` stays below, in reach.
 * @type {(note: Note, ties: Ties, more?: {head?: Child[], below?: Child[], last?: Child[]})
 *   => HTMLElement}
 */
export function article(note, ties, { head = [], below = [], last = [] } = {}) {
  return h("article.note", { data: { note: note.note } },
    carousel(note),
    h("div.note-side", {},
      h("header.note-head", {},
        h("a.note-author", { href: hostPath(note.author) },
          h("span.note-mark.tile", { vars: posterVars(note.author + note.author_name),
            "aria-hidden": "true" }, [...note.author_name.trim()].slice(0, 1).join("")),
          h("b", { dir: "auto" }, note.author_name)),
        head),
      h("div.note-read", {},
        h("h2.note-title", { dir: "auto" }, note.title),
        note.text && h("div.note-text", {}, paragraphs(note.text)),
        note.tags.length > 0 && h("ul.note-tags", { "aria-label": t("note.tags") }, note.tags.map((tag) =>
          h("li", {}, h("a", { href: `/?q=${encodeURIComponent(tag)}` }, `#${tag}`)))),
        note.published > 0 && h("p.fine.note-when", {}, day(note.published),
          note.changed ? ` · ${t("note.changed", { when: day(note.changed) })}` : null),
        goodsOf(note), roomsOf(note, ties), below),
      last));
}

/** @param {string} text */
const paragraphs = (text) => text.split(/\n{2,}/).filter((part) => part.trim()).map((part) =>
  h("p", { dir: "auto" }, part.split("\n").flatMap((line, n) => (n ? [h("br"), line] : [line]))));
