// What one wants to see less of in the feed, and how that is undone.

import "../ui/feed-words.js";
import { undo } from "../home/less.js";
import { h, icon, write } from "../ui/dom.js";
import { rest } from "../ui/session.js";
import { t, whyNot } from "../ui/strings.js";

/**
 * @import { Less, LessList } from "../ui/answers.js"
 * @import { Key } from "../ui/strings.js"
 */

export class LessBox {
  constructor() {
    this.list = h("ul.me-list");
    this.none = h("p.fine");
    this.root = h("section.me-box.me-less", {}, h("h2", {}, t("feed.less_title")), this.list, this.none);
  }

  async read() {
    try {
      /** @type {LessList} */
      const { less } = await rest("GET", "/v1/me/less");
      this.list.replaceChildren(...less.map((each) => this.#row(each)));
      this.#count();
    } catch (error) {
      write(this.none, whyNot(error));
    }
  }

  /** @param {Less} less */
  #row({ kind, id, name }) {
    const shown = name || id;
    const row = h("li.me-row", {}, h("div.me-words", {},
      h("b", { dir: "auto" }, kind === "tag" ? `#${shown}` : shown),
      h("span.fine", {}, t(/** @type {Key} */ (`feed.less_kind_${kind}`)))),
    h("button.plain.small-button", { type: "button", "aria-label":
      t("feed.less_undo_of", { name: shown }), onclick: async () => {
      if (await undo({ kind, id })) row.remove();
      this.#count();
    } }, icon("undo"), t("feed.less_undo")));
    return row;
  }

  #count() {
    write(this.none, this.list.childElementCount ? "" : t("feed.less_none"));
  }
}
