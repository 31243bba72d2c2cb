// The queue of questions: the most asked on top; one is being answered at a time.

import { beside } from "../ui/bidi.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { say } from "../ui/front.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { attempt } from "./shelf.js";

/**
 * @import { Question, Room } from "../liveroom.js"
 * @import { DeskState } from "./console.js"
 * @import { QuickReplies } from "./quick-replies.js"
 */

const ANSWER_MAX = "500";

export class Questions {
  /**
   * @param {Room} room
   * @param {QuickReplies} quick
   */
  constructor(room, quick) {
    this.room = room;
    this.quick = quick;
    /** @type {Question[]} */
    this.queue = [];
    this.list = h("ol.questions");
    this.now = h("div.answering");
    this.root = h("section.panel-box", { "aria-label": t("queue.title") },
      h("div.box-head", {}, h("h2", {}, t("queue.title"))), this.now, this.list);
    /** @type {string | null} */
    this.shown = null; // the question being answered, "" for none
    /** @type {HTMLInputElement | null} */
    this.field = null;
  }

  /** Say what is asked now; of several at once their number is enough. Before it is drawn. */
  listen() {
    let known = new Set(this.queue.map(({ question }) => question)); // a hidden page draws nothing
    this.room.on("queue", ({ questions }) => {
      const fresh = questions.filter(({ question, status }) =>
        status === "open" && !known.has(question));
      known = new Set(questions.map(({ question }) => question));
      if (fresh.length) say(beside(t("queue.title"), fresh.length > 1 ? fresh.length : fresh[0].text));
    });
  }

  /** @param {string} sku */
  #title(sku) {
    return viewOf(this.room).shelf.find((product) => product.sku === sku)?.title ?? sku;
  }

  /** @param {Question} question */
  #words({ sku, asked, text, name }) {
    return h("div.question-words", {}, h("p", {}, text),
      h("span.fine", {}, beside(sku && this.#title(sku), asked > 1
        ? t("queue.asked", { n: asked }) : name)));
  }

  /**
   * Whence it comes, and what was answered about the earlier version: offered, not yet said.
   * @param {Question} question
   */
  #before({ question, carried, earlier, source }) {
    return [
      source && h("p.fine", { data: { source } }, t(`queue.from_${source}`)),
      carried && h("p.fine", { data: { carried: carried.room } },
        t("queue.carried", { title: carried.title })),
      earlier && h("p.fine", { data: { earlier: earlier.sku } },
        t("queue.earlier", { answer: earlier.answer }), " ",
        h("button.quiet.small-button", { type: "button", data: { do: "reuse" },
          onclick: () => attempt(this.room.questionAnswer(question, earlier.answer)) },
        t("queue.reuse"))),
    ];
  }

  /** @param {string} question */
  take(question) { return attempt(this.room.questionTake(question)); }
  /** @param {string} question */
  drop(question) { return attempt(this.room.questionDrop(question)); }

  /** The shortcut: answer the one that is shown, else take the first of the queue. */
  next() {
    if (this.field?.isConnected) this.field.focus();
    else if (this.queue.length) this.take(this.queue[0].question);
  }

  /** @param {Pick<DeskState, "queue">} desk */
  draw({ queue }) {
    this.queue = queue.filter(({ status }) => status === "open");
    this.list.replaceChildren(...(this.queue.length ? this.queue.map((it) => this.#row(it))
      : [h("li.fine", {}, t("queue.none"))]));
    this.#drawNow();
  }

  /** @param {Question} it */
  #row(it) {
    return h("li.question", { data: { question: it.question } },
      h("b.question-n", { "aria-hidden": "true" }, String(it.asked)),
      h("div.question-words", {}, this.#words(it), ...this.#before(it)),
      h("button.plain.small-button", { type: "button", data: { do: "take" },
        "aria-label": `${t("queue.take")}: ${it.text}`, onclick: () => this.take(it.question) },
      t("queue.take")),
      iconButton("trash", `${t("queue.drop")}: ${it.text}`, () => this.drop(it.question)));
  }

  #drawNow() {
    const it = viewOf(this.room).question;
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
      this.quick.chips((text) => attempt(this.room.questionAnswer(it.question, text))),
      h("button.quiet.small-button", { type: "button", data: { do: "drop" },
        onclick: () => this.drop(it.question) }, t("queue.drop"))] : []));
  }

  /** @type {(event: Event, question: Question) => Promise<void>} */
  async #answer(event, { question }) {
    event.preventDefault();
    const text = this.field?.value.trim();
    if (text) await attempt(this.room.questionAnswer(question, text));
  }
}
