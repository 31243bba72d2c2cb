// The comments of a note: read page by page, written below; who asks for the link gets the card.

import { h, iconButton, write } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { sentenceOf } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { PagedList } from "../ui/paged-list.js";
import { posterVars } from "../ui/poster.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { goodsRow } from "./goods.js";

/**
 * @import { Note, NoteComment, NoteCommentsPage } from "../ui/answers-of-notes.js"
 */

const CHARS_MAX = 500;

/**
 * What became of a comment that its writer alone sees; empty: everybody sees it.
 * @param {NoteComment} comment
 */
function fateOf({ status = "public", removed_by: by, reason }) {
  if (status === "public") return "";
  if (status === "held") return t("note.comment_is_held");
  const words = t(by === "author" ? "note.comment_by_author" : "note.comment_by_operator");
  return reason ? `${words}: ${reason}` : words;
}

export class Talk {
  /**
   * @param {Note} note
   * @param {string} you the user who reads; empty: a guest
   * @param {() => boolean} mayDo whether the person is signed in; asks to sign in if not
   * @param {(count: number) => void} onCount
   */
  constructor(note, you, mayDo, onCount) {
    this.note = note;
    this.you = you;
    this.mayDo = mayDo;
    this.onCount = onCount;
    this.count = note.comments;
    this.path = `/v1/notes/${encodeURIComponent(note.note)}/comments`;
    this.title = h("h3");
    this.error = h("p.form-error");
    this.box = h("textarea.note-box", { name: "text", rows: 1, maxlength: String(CHARS_MAX),
      placeholder: t("note.say"), "aria-label": t("note.say"), enterkeyhint: "send", required: true });
    this.send = h("button.primary", { type: "submit" }, t("note.send"));
    const list = h("ol.note-comments", { "aria-label": t("note.comments") });
    this.list = new PagedList(
      (from) => /** @type {Promise<NoteCommentsPage>} */ (rest("GET",
        `${this.path}?cursor=${encodeURIComponent(String(from ?? ""))}`)),
      ({ comments }) => comments.map((comment) => this.#row(comment)),
      { list, none: h("p.fine", {}, t("note.no_comments")), name: "more-comments" });
    this.root = h("section.note-part.note-talk", { data: { section: "comments" } }, this.title,
      h("form.note-form", { onsubmit: (event) => { event.preventDefault(); void this.#say(); } },
        this.box, this.send), this.error, ...this.list.parts);
    this.#draw();
    void this.list.read();
  }

  /** Lead who wants to write to the field. */
  open() {
    if (!this.mayDo()) return;
    this.box.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "center" });
  }

  #draw() {
    write(this.title, t("note.comments_count", { n: this.count }));
    this.onCount(this.count);
  }

  async #say() {
    const text = this.box.value.trim();
    if (!text || !this.mayDo()) return;
    this.send.disabled = true;
    try {
      /** @type {NoteComment} */
      const said = await rest("POST", this.path, { text });
      this.box.value = "";
      write(this.error, "");
      this.list.list.prepend(this.#row(said));
      this.list.none.hidden = true;
      if (said.status === "held") {
        writeAloud(this.error, t("note.waits"));
      } else {
        this.count += 1;
        this.#draw();
      }
    } catch (error) {
      writeAloud(this.error, sentenceOf(error));
    }
    this.send.disabled = false;
  }

  /**
   * Its writer deletes a comment, the note's author takes it away.
   * @type {(comment: NoteComment, row: HTMLElement) => HTMLElement}
   */
  #remover({ comment, user, status = "public" }, row) {
    return iconButton("trash", t("note.remove_comment"), async () => {
      const isOwn = user === this.you;
      if (!await sure(t(isOwn ? "note.remove_comment_sure" : "note.take_away_sure"), t("note.remove"))) return;
      try {
        await rest("DELETE", `${this.path}/${encodeURIComponent(comment)}`);
        row.remove();
        if (status === "public") this.count -= 1;
        this.#draw();
      } catch (error) {
        writeAloud(this.error, sentenceOf(error));
      }
    }, { data: { do: "remove-comment" } });
  }

  /** @type {(comment: NoteComment) => HTMLElement} */
  #reporter({ comment, name, text }) {
    return iconButton("more", `${t("note.report_comment")}: ${text}`, () => {
      if (!this.mayDo()) return;
      void import("./report.js").then(({ report }) => report(
        `${this.path}/${encodeURIComponent(comment)}`, `${name}: ${text}`), (error) => toast(whyNot(error)));
    }, { data: { do: "report-comment" } });
  }

  /** @param {NoteComment} said */
  #row(said) {
    const { comment, user, name, text, at, cards = [] } = said;
    const fate = fateOf(said);
    const row = h("li.note-comment", { data: { comment } },
      h("span.note-mark.tile", { vars: posterVars(user + name), "aria-hidden": "true" },
        [...name.trim()].slice(0, 1).join("")),
      h("div", {},
        h("p.fine", {}, h("bdi", {}, name), ` · ${day(at)}`),
        h("p", { dir: "auto" }, text),
        fate && h("p.fine.note-fate", { dir: "auto" }, fate),
        cards.length > 0 && h("ul.note-answer", {}, cards.map((card) => goodsRow(card, this.note.note)))));
    row.append([user, this.note.author].includes(this.you) ? this.#remover(said, row)
      : this.#reporter(said));
    return row;
  }
}
