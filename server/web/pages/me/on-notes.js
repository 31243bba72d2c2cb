// What waits on one's notes, and what became of what one wrote: both are left out while there is nothing.

import { h } from "../ui/dom.js";
import { NoteDesk, notePath } from "../ui/note-desk.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";

/**
 * @import { Note, OwnComment, OwnCommentsPage } from "../ui/answers-of-notes.js"
 * @import { Key } from "../ui/strings.js"
 */

const SHOWN_MAX = 20;

/** @type {(kind: string, words: string, said: string, note: string, reason?: string) => HTMLElement} */
const row = (kind, words, said, note, reason = "") => h("li.me-row", { data: { fate: kind } },
  h("div.me-words", {}, h("a.text-link", { href: notePath(note), dir: "auto" }, said || t("note_desk.yours")),
    h("span.fine", { dir: "auto" }, reason ? `${words}: ${reason}` : words)));

/** @param {Note} note */
const noteRow = ({ note, title, text, status = "public", reason }) => {
  const key = /** @type {Key} */ (`note_desk.note_${status}`);
  return row(`note-${status}`, t(key), title || text, note, reason);
};

/** @param {OwnComment} comment */
function commentRow({ note, text, status, removed_by: by, reason }) {
  const key = status === "held" ? "note_desk.comment_held"
    : by === "author" ? "note_desk.comment_by_author" : "note_desk.comment_by_operator";
  return row(`comment-${status}`, t(key), text, note, reason);
}

export class OnNotes {
  /** @param {string} you */
  constructor(you) {
    this.you = you;
    this.fates = h("ul.me-list");
    this.own = h("section.me-box.me-wrote", { hidden: true }, h("h2", {}, t("note_desk.yours")), this.fates);
    this.wasThere = false; // somebody who just settled the last one sees that nothing is left
    this.desk = new NoteDesk((waiting) => {
      this.wasThere ||= waiting > 0;
      this.waits.hidden = !this.wasThere;
    });
    this.waits = h("section.me-box.me-on-notes", { hidden: true }, h("h2", {}, t("note_desk.title")),
      this.desk.parts);
    this.roots = [this.waits, this.own];
  }

  /** What can't be read is left out: the page has more. */
  async read() {
    await Promise.all([this.desk.read(), this.#readFates().catch(() => undefined)]);
  }

  async #readFates() {
    const asked = (/** @type {string} */ status) => Promise.all([
      /** @type {Promise<{notes: Note[]}>} */ (rest("GET",
        `/v1/notes?author=${encodeURIComponent(this.you)}&status=${status}&limit=${SHOWN_MAX}`)),
      /** @type {Promise<OwnCommentsPage>} */ (rest("GET",
        `/v1/me/note-comments?status=${status}&limit=${SHOWN_MAX}`)),
    ]);
    const found = await Promise.all([asked("removed"), asked("held")]);
    const rows = found.flatMap(([{ notes }, { comments }]) =>
      [...notes.map(noteRow), ...comments.map(commentRow)]);
    this.fates.replaceChildren(...rows);
    this.own.hidden = rows.length === 0;
  }
}
