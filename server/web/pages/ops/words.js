// The words that no room wants, put and removed while the server runs.

import { beside } from "../ui/bidi.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { date } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";

/** @import { ServerWord, ServerWordsPage } from "../ui/answers.js" */

/** A section of the page. */
export class ServerWords {
  constructor() {
    this.list = new PagedList(
      (cursor) => rest("GET", `/v1/words?cursor=${encodeURIComponent(String(cursor ?? ""))}`),
      (/** @type {ServerWordsPage} */ page) => page.words.map((word) => this.#row(word)),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("server_words.none")), name: "more-words" });
    this.root = h("section.ops-box.server-words", {}, h("h2", {}, t("server_words.title")),
      h("button.plain.small-button", { type: "button", data: { do: "add-word" },
        onclick: () => this.#add() }, icon("plus"), t("server_words.add")), this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {ServerWord} word */
  #row({ id, word, form, action, why, by, at }) {
    return h("li.ops-row", { data: { word: id } }, h("div", {}, h("b", { dir: "auto" }, word),
      h("p.fine", {}, beside(t(`server_words.form_${form}`), t(`server_words.${action}`), why, by,
        date(at)))),
    iconButton("trash", t("server_words.remove", { word }), () => this.#remove(id)));
  }

  #add() {
    formSheet(t("server_words.title"), [
      field("words", t("server_words.words"), { required: true }, "textarea"),
      choice("form", t("server_words.form"), [["word", t("server_words.form_word")],
        ["pattern", t("server_words.form_pattern")]], "word"),
      choice("action", t("server_words.action"), [["block", t("server_words.block")],
        ["hold", t("server_words.hold")]], "block"),
      field("why", t("server_words.why"), { required: true, maxlength: "200" }),
    ], t("save"), async ({ words = "", form, action, why }) => {
      const lines = words.split("\n").map((line) => line.trim()).filter(Boolean);
      await rest("PUT", "/v1/words", { words: lines, form, action, why });
      await this.read();
    });
  }

  /** @param {string} id */
  async #remove(id) {
    await rest("DELETE", `/v1/words/${encodeURIComponent(id)}`).catch((error) => toast(whyNot(error)));
    await this.read();
  }
}
