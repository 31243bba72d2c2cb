// Notes and comments on notes with a word that somebody reads first: shown, or taken away with a reason.

import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { clock, date } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";

/** @import { HeldNoteCommentsPage, Note } from "../ui/answers-of-notes.js" */
/** @typedef {{id: string, path: string, note: string, name: string, text: string, about: string[]}} Held */
/** @typedef {{held: Held[], next: string | null}} HeldPage */

const REASON_CHARS_MAX = "500";

/** @type {(cursor: string) => Promise<HeldPage>} */
async function notesThatWait(cursor) {
  /** @type {{notes: Note[], next: string | null}} */
  const { notes, next } = await rest("GET", `/v1/notes?status=held&cursor=${cursor}`);
  return { next, held: notes.map(({ note, author, author_name: name, title, text, tags }) => ({
    id: note, path: `/v1/notes/${encodeURIComponent(note)}`, note, name, text: `${title}\n${text}`,
    about: [author, ...tags.map((tag) => `#${tag}`)] })) };
}

/** @type {(cursor: string) => Promise<HeldPage>} */
async function commentsThatWait(cursor) {
  /** @type {HeldNoteCommentsPage} */
  const { comments, next } = await rest("GET", `/v1/note-comments/held?cursor=${cursor}`);
  return { next, held: comments.map(({ comment, note, title, user, name, text, at }) => ({
    id: comment, note, name, text, path:
      `/v1/notes/${encodeURIComponent(note)}/comments/${encodeURIComponent(comment)}`,
    about: [`${date(at)} ${clock(at)}`, user, t("held.on", { title })] })) };
}

/** A section of the page. */
export class HeldWords {
  constructor() {
    this.which = choice("about", t("held.what"), [["notes", t("held.notes")],
      ["comments", t("held.comments")]], "notes");
    this.which.addEventListener("change", () => void this.read());
    this.list = new PagedList((cursor) => this.#ask(encodeURIComponent(String(cursor ?? ""))),
      ({ held }) => held.map((each) => this.#row(each)),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("held.none")), name: "more-held" });
    this.root = h("section.ops-box.held-words", {}, h("h2", {}, t("held.title")), this.which,
      this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {string} cursor */
  #ask(cursor) {
    /** @type {HTMLInputElement | null} */
    const chosen = this.which.querySelector("input:checked");
    return chosen?.value === "comments" ? commentsThatWait(cursor) : notesThatWait(cursor);
  }

  /** @param {Held} held */
  #row(held) {
    const { id, note, name, text, about } = held;
    return h("li", { data: { held: id } }, h("span.fine", {}, beside(...about)),
      h("p.reported-words", { dir: "auto" }, h("b", {}, name), ": ", text),
      h("div.actions", {},
        h("a.quiet.small-button.button", { href: `/note/${encodeURIComponent(note)}`, target: "_blank",
          data: { do: "look" } }, t("reports.look")),
        h("button.plain.small-button", { type: "button", data: { do: "show" },
          onclick: () => this.#show(held) }, t("held.show")),
        h("button.plain.small-button", { type: "button", data: { do: "remove" },
          onclick: () => this.#remove(held) }, t("held.remove"))));
  }

  /** @param {Held} held */
  async #show({ path }) {
    await rest("POST", `${path}/show`).catch((error) => toast(whyNot(error)));
    await this.read();
  }

  /** @param {Held} held */
  #remove({ path, name, text }) {
    formSheet(t("held.remove"), [h("p", { dir: "auto" }, `${name}: ${text}`),
      field("reason", t("reports.reason"), { required: true, maxlength: REASON_CHARS_MAX }),
    ], t("save"), async ({ reason }) => {
      await rest("POST", `${path}/remove`, { reason });
      await this.read();
    });
  }
}
