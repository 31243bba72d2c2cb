// A note in a list: its cover, its title, whose it is, how many like it.

import "./note-words.js";
import { h, icon } from "./dom.js";
import { short } from "./format.js";
import { posterVars } from "./poster.js";
import { hostPath } from "./room-card.js";
import { t } from "./strings.js";

/**
 * @import { Note } from "./answers-of-notes.js"
 * @import { Child } from "./elements.js"
 * @typedef {Pick<Note, "note" | "title" | "author" | "author_name" | "pictures" | "likes">
 *   & {text?: string}} NoteShown
 */

/** @type {(note: string) => string} */
export const notePath = (note) => `/note/${encodeURIComponent(note)}`;

/**
 * `withAuthor`: the line below says whose it is; `more` comes last, such as why it is there.
 * @type {(note: NoteShown, options?: {withAuthor?: boolean, more?: Child[]}) => HTMLElement}
 */
export function noteCard({ note, title, author, author_name: name, pictures, likes, text = "" },
  { withAuthor = true, more = [] } = {}) {
  const [cover] = pictures;
  return h("li.note-card", { data: { note } },
    h("a.note-card-link", { href: notePath(note) },
      h("span.note-card-cover", { vars: posterVars(note + title) }, cover
        ? h("img", { src: `${cover.link}/small`, width: cover.w, height: cover.h, alt: "", loading: "lazy" })
        : h("span.note-card-words", { dir: "auto", "aria-hidden": "true" }, text || title)),
      h("b.note-card-title", { dir: "auto" }, title)),
    h("div.note-card-line", {},
      withAuthor && h("a.note-card-author", { href: hostPath(author) }, h("span", { dir: "auto" }, name)),
      h("span.note-card-likes", {}, icon("heart"), h("span", { "aria-hidden": "true" }, short(likes)),
        h("span.only-aloud", {}, t("likes", { n: short(likes) })))),
    more);
}
