// The queue of questions: the most asked on top; one is being answered at a time.

import { h, icon, iconButton, write } from "../ui/dom.js";
import { t } from "../ui/strings.js";
import { attempt } from "./shelf.js";

const ANSWER_MAX = "500";

export class Questions {
  constructor(room) {
    this.room = room;
    this.queue = [];
    this.list = h("ol.questions");
    this.now = h("div.answering");
    this.root = h("section.panel-box", { "aria-label": t("queue.title") },
      h("div.box-head", {}, h("h2", {}, t("queue.title"))), this.now, this.list);
    this.field = null;
  }

  #title(sku) {
    return this.room.state.room.shelf.find((product) => product.sku === sku)?.title ?? sku;
  }

  #words({ sku, asked, text, name }) {
    return h("div.question-words", {}, h("p", {}, text),
      h("span.fine", {}, [sku && this.#title(sku), asked > 1
        ? t("queue.asked", { n: asked }) : name].filter(Boolean).join(" · ")));
  }

  take(question) { return attempt(this.room.questionTake(question)); }
  drop(question) { return attempt(this.room.questionDrop(question)); }

  /** The shortcut: answer the one that is shown, else take the first of the queue. */
  next() {
    if (this.field?.isConnected) this.field.focus();
    else if (this.queue.length) this.take(this.queue[0].question);
  }

  draw({ queue }) {
    this.queue = queue.filter(({ status }) => status === "open");
    this.list.replaceChildren(...(this.queue.length ? this.queue.map((it) => this.#row(it))
      : [h("li.fine", {}, t("queue.none"))]));
    this.#drawNow();
  }

  #row(it) {
    return h("li.question", { data: { question: it.question } },
      h("b.question-n", { "aria-hidden": "true" }, String(it.asked)), this.#words(it),
      h("button.plain.small-button", { type: "button", data: { do: "take" },
        "aria-label": `${t("queue.take")}: ${it.text}`, onclick: () => this.take(it.question) },
      t("queue.take")),
      iconButton("trash", `${t("queue.drop")}: ${it.text}`, () => this.drop(it.question)));
  }

  #drawNow() {
    const it = this.room.state.room.question;
    if ((it?.question ?? "") === this.shown) return; // what is being typed stays
    this.shown = it?.question ?? "";
    this.now.hidden = !it;
    this.field = it && h("input", { type: "text", name: "answer", maxlength: ANSWER_MAX,
      required: true, autocomplete: "off", placeholder: t("queue.answer_hint"),
      "aria-label": t("queue.answer_hint") });
    this.now.replaceChildren(...(it ? [
      h("p.answering-head", {}, icon("ask"), t("ask.answering")), this.#words(it),
      h("form.ask-form", { onsubmit: (event) => this.#answer(event, it) }, this.field,
        h("button.primary", { type: "submit" }, t("queue.done"))),
      h("button.quiet.small-button", { type: "button", data: { do: "drop" },
        onclick: () => this.drop(it.question) }, t("queue.drop"))] : []));
  }

  async #answer(event, { question }) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (text) await attempt(this.room.questionAnswer(question, text));
  }

  /** How many wait, for the tab. */
  count(badge) {
    write(badge, this.queue.length ? String(this.queue.length) : "");
  }
}
