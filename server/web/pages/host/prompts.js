// Prompts: what the host's team puts on the host's screen.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { clock } from "../ui/format.js";
import { say } from "../ui/front.js";
import { t } from "../ui/strings.js";
import { attempt } from "./shelf.js";

/** @import { Prompt, Room } from "../liveroom.js" */

export class Prompts {
  /**
   * @param {Room} room
   * @param {() => void} onNew
   */
  constructor(room, onNew) {
    this.room = room;
    this.onNew = onNew;
    /** @type {Prompt[]} */
    this.shown = [];
    this.first = true;
    this.list = h("ol.prompts");
    this.newest = h("div.prompt-newest", { hidden: true });
    this.field = h("input", { type: "text", name: "prompt", maxlength: "200", required: true,
      autocomplete: "off", placeholder: t("prompts.hint"), "aria-label": t("prompts.hint") });
    this.root = h("section.panel-box.prompts-box", { "aria-label": t("prompts.title") },
      h("div.box-head", {}, h("h2", {}, t("prompts.title"))), this.list,
      h("form.ask-form", { onsubmit: (event) => this.#send(event) }, this.field,
        h("button.plain", { type: "submit", "aria-label": t("prompts.send") }, icon("send"))));
  }

  listen() {
    this.room.on("joined", async () => {
      const found = await this.room.send("prompts").catch(() => null);
      if (found) this.#take(found.prompts);
    });
    this.room.on("prompts", ({ prompts }) => this.#take(prompts));
  }

  /** @param {Prompt[]} prompts */
  #take(prompts) {
    const known = new Set(this.shown.map(({ prompt }) => prompt));
    const own = this.room.state.you?.user;
    const fresh = prompts.filter(({ prompt, user }) => !known.has(prompt) && user !== own);
    this.shown = prompts;
    this.list.replaceChildren(...prompts.map((it) => this.#row(it)));
    const last = prompts.at(-1);
    this.newest.hidden = !last;
    this.newest.replaceChildren(...(last ? [this.#line(last)] : []));
    if (fresh.length && !this.first) {
      say(fresh.map(({ name, text }) => beside(name, text)).join(" · "));
      this.onNew();
    }
    this.first = false;
  }

  /** @param {Prompt} it */
  #row(it) {
    return h("li.prompt", { data: { prompt: it.prompt } },
      h("div.question-words", {}, h("p", {}, h("bdi", {}, it.text)),
        h("span.fine", {}, beside(it.name, clock(it.at, false)))), this.#seen(it));
  }

  /** @param {Prompt} it */
  #line(it) {
    return h("div.prompt", { data: { prompt: it.prompt } },
      h("p", {}, h("b", {}, it.name), " ", h("bdi", {}, it.text)), this.#seen(it));
  }

  /** @param {Prompt} it */
  #seen({ prompt, text }) {
    return h("button.plain.small-button", { type: "button", data: { do: "seen" },
      "aria-label": `${t("prompts.seen")}: ${text}`,
      onclick: () => attempt(this.room.send("prompt.clear", { prompt })) }, icon("check"),
    t("prompts.seen"));
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    // What somebody wrote must not be lost.
    if (!await attempt(this.room.send("prompt.send", { text }))) this.field.value ||= text;
  }
}
