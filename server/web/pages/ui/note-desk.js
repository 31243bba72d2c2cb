// What waits for the author of notes: comments that are held, and comments that others reported.

import "./note-desk-words.js";
import "./report-words.js";
import { beside } from "./bidi.js";
import { h } from "./dom.js";
import { clock, date, number } from "./format.js";
import { PagedList } from "./paged-list.js";
import { rest } from "./session.js";
import { toast } from "./sheet.js";
import { hasWords, t, whyNot } from "./strings.js";

/**
 * @import { AuthorReports, HeldNoteComment, HeldNoteCommentsPage } from "./answers-of-notes.js"
 * @import { DeskReport } from "../liveroom.js"
 * @import { Child } from "./elements.js"
 * @import { Key } from "./strings.js"
 */

/** @type {(note: string, comment: string) => string} */
const pathOf = (note, comment) =>
  `/v1/notes/${encodeURIComponent(note)}/comments/${encodeURIComponent(comment)}`;

/** @type {(note: string) => string} */
export const notePath = (note) => `/note/${encodeURIComponent(note)}`;

/** @type {(path: string, cursor: string | number | null) => string} */
const from = (path, cursor) => `${path}?cursor=${encodeURIComponent(String(cursor ?? ""))}`;

export class NoteDesk {
  /** @param {(waiting: number) => void} [onChange] is told how many rows are shown */
  constructor(onChange = () => {}) {
    this.onChange = onChange;
    const none = h("p.fine", {}, t("note_desk.none"));
    this.held = new PagedList(
      (cursor) => /** @type {Promise<HeldNoteCommentsPage>} */ (rest("GET", from("/v1/me/note-held", cursor))),
      ({ comments }) => comments.map((comment) => this.#heldRow(comment)),
      { list: h("ol.note-desk"), none: h("p"), name: "more-held" });
    this.reported = new PagedList(
      (cursor) => /** @type {Promise<AuthorReports>} */ (rest("GET", from("/v1/me/note-reports", cursor))),
      ({ reports }) => reports.map((report) => this.#reportRow(report)),
      { list: h("ol.note-desk"), none: h("p"), name: "more-reported" });
    this.none = none;
    /** @type {Child[]} */
    this.parts = [none, ...this.held.parts.slice(1), ...this.reported.parts.slice(1)];
  }

  get waiting() { return this.held.shown + this.reported.shown; }

  async read() {
    await Promise.all([this.held.read(), this.reported.read()]);
    this.none.hidden = this.waiting > 0;
    this.onChange(this.waiting);
  }

  /** @param {HeldNoteComment} held */
  #heldRow({ comment, note, title, name, text, at }) {
    const path = pathOf(note, comment);
    return this.#row({ comment, note, name, text,
      about: [`${date(at)} ${clock(at)}`, t("note_desk.on", { title }), t("note_desk.held")] }, [
      ["show", () => rest("POST", `${path}/show`)],
      ["take_away", () => rest("DELETE", path)],
    ]);
  }

  /** @param {DeskReport} report */
  #reportRow({ thing, id, of_note: note = "", name, text, count, kinds, words }) {
    const why = Object.entries(kinds).map(([kind, n]) => {
      const key = `report.kind_${kind}`;
      return `${hasWords(key) ? t(key) : kind} ×${number(n ?? 0)}`;
    });
    const settle = (/** @type {string} */ outcome) => () =>
      rest("POST", `/v1/me/note-reports/${encodeURIComponent(thing)}/settle`, { outcome });
    return this.#row({ comment: id, note, name, text,
      about: [t("note_desk.reports", { n: count }), ...why, ...words.map((each) => `“${each}”`)] }, [
      ["dismiss", settle("dismissed")],
      ["take_away", settle("removed")],
    ]);
  }

  /**
   * @param {{comment: string, note: string, name: string, text: string, about: string[]}} what
   * @param {[name: "show" | "take_away" | "dismiss", does: () => Promise<unknown>][]} acts
   */
  #row({ comment, note, name, text, about }, acts) {
    const buttons = acts.map(([act, does]) => h("button.plain.small-button", { type: "button",
      data: { do: act }, "aria-label": `${t(`note_desk.${act}`)}: ${text}`,
      onclick: () => this.#act(act, does) }, t(`note_desk.${act}`)));
    return h("li.note-desk-row", { data: { comment } },
      h("a.note-desk-words", { href: notePath(note), dir: "auto" }, h("b", {}, name), `: ${text}`),
      h("p.fine", { dir: "auto" }, beside(...about)), h("div.actions", {}, buttons));
  }

  /** @type {(act: "show" | "take_away" | "dismiss", does: () => Promise<unknown>) => Promise<void>} */
  async #act(act, does) {
    try {
      await does();
      toast(t(/** @type {Key} */ (`note_desk.done_${act}`)));
    } catch (error) {
      toast(whyNot(error));
    }
    await this.read(); // it may have been settled elsewhere
  }
}
