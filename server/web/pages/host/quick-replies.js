// Quick replies: the host's saved answers, sent in one press.

import { h, icon, iconButton } from "../ui/dom.js";
import { openSheet, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { attempt } from "./shelf.js";

/** @import { QuickReply, Room } from "../liveroom.js" */

export class QuickReplies {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    /** @type {QuickReply[]} */
    this.saved = [];
    this.list = h("ul.name-chips");
    this.field = h("input", { type: "text", name: "quick_reply", maxlength: "200", required: true,
      autocomplete: "off", placeholder: t("quick.hint"), "aria-label": t("quick.hint") });
    this.root = h("section.panel-box", { "aria-label": t("quick.title") },
      h("div.box-head", {}, h("h2", {}, t("quick.title"))), this.list,
      h("form.ask-form", { onsubmit: async (event) => {
        event.preventDefault();
        if (await this.save(this.field.value.trim())) this.field.value = "";
      } }, this.field, h("button.plain", { type: "submit", "aria-label": `${t("quick.title")}: ${t("add")}` },
        icon("plus"))));
  }

  listen() {
    this.room.on("joined", () => this.#take(this.room.send("quick_replies").catch(() => null)));
  }

  /** @param {Promise<{replies: QuickReply[]} | null>} asked */
  async #take(asked) {
    const found = await asked;
    if (!found) return false;
    this.saved = found.replies;
    this.list.replaceChildren(...(this.saved.length ? this.saved.map(({ reply, text }) =>
      h("li.name-chip", { data: { reply } }, text, iconButton("close", `${t("quick.remove")}: ${text}`,
        () => this.#take(attempt(this.room.send("quick_reply.remove", { reply }))))))
      : [h("li.fine", {}, t("quick.none"))]));
    return true;
  }

  /** @param {string} text */
  save(text) {
    return this.#take(attempt(this.room.send("quick_reply.save", { text })));
  }

  /**
   * Answer something: one press on a saved answer, or an answer that is written, and saved if wanted.
   * @param {string} about what is answered
   * @param {(text: string) => Promise<unknown>} send resolves with null if it was refused
   */
  openFor(about, send) {
    const dialog = openSheet(t("quick.answer"), (leave) => {
      /** @param {string} text */
      const answer = async (text) => {
        if (!text || await send(text) === null) return;
        leave();
        toast(t("quick.sent"));
      };
      const field = h("input", { type: "text", name: "answer", maxlength: "200", autocomplete: "off",
        required: true, placeholder: t("quick.write"), "aria-label": t("quick.write") });
      const keep = h("input", { type: "checkbox", name: "keep" });
      return h("div.stack", {}, h("p", {}, h("bdi", {}, about)),
        this.chips(answer),
        h("form.stack", { onsubmit: async (event) => {
          event.preventDefault();
          const text = field.value.trim();
          if (keep.checked) await this.save(text);
          await answer(text);
        } }, h("div.ask-form", {}, field, h("button.primary", { type: "submit",
          "aria-label": t("comment.send") }, icon("send"))),
        h("label.switch", {}, keep, h("span", {}, t("quick.keep")))));
    }, { kind: "quick-sheet" });
    // A keyboard would hide saved answers.
    if (!this.saved.length) dialog.querySelector("input")?.focus();
  }

  /**
   * The saved answers as buttons.
   * @param {(text: string) => unknown} send
   */
  chips(send) {
    return h("div.quick-chips", { role: "group", "aria-label": t("quick.title") },
      this.saved.map(({ reply, text }) => h("button.plain.small-button", { type: "button",
        data: { reply }, onclick: () => send(text) }, h("bdi", {}, text))));
  }
}
