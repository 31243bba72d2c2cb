// Asking: the answers only this viewer gets, the question the host answers now, and what was
// answered of a product.

import { beside } from "../ui/bidi.js";
import { offer } from "../ui/coupons.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { priceText } from "../ui/format.js";
import { say } from "../ui/front.js";
import { productOf, proofList, saleBlock, thumbnail } from "../ui/product.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { lineStrip } from "./line-strip.js";

/**
 * @import { Answer, Card, Deal, Product, Question, RoomView } from "../liveroom.js"
 * @import { Page } from "./page.js"
 */

const CARDS_MAX = 2;
const TEXT_MAX = "200";
const ANSWER_MS = 6000;

/** @type {(room: RoomView, sku: string) => string} */
const titleOf = ({ shelf }, sku) => shelf.find((product) => product.sku === sku)?.title ?? "";

/** @type {(answer: Question) => string} */
const said = ({ answer, deal }) => answer
  ?? (deal ? beside(t("ask.from_sale"), priceText(deal.price, deal.currency)) : "");

/** What the server answered to this viewer alone, below the comments until dismissed. */
export class Answers {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    /** @type {Set<string>} */
    this.asked = new Set(); // questions of mine that wait for the host
    this.root = h("ol.private", { "aria-label": t("ask.private") });
  }

  /**
   * Take in the reply to a comment or to `ask`.
   * @param {Answer} reply
   */
  heard({ card, answers, question, held }) {
    if (held) toast(t("comment.held"));
    if (card) this.#put(`card ${card.product.sku}`, card.product.title, this.#card(card));
    for (const answer of answers ?? []) this.#putAnswer(answer);
    if (question) {
      this.asked.add(question.question);
      toast(question.asked > 1 ? t("ask.queued_n", { n: question.asked }) : t("ask.queued"));
    }
  }

  /**
   * A question's state changed: if it was asked here, its answer is shown here.
   * @param {Question} question
   */
  question(question) {
    if (!this.asked.has(question.question) || question.status === "open") return;
    if (question.status === "answering") return;
    this.asked.delete(question.question);
    if (question.status === "answered") this.#putAnswer(question);
  }

  /** @param {Question} question */
  #putAnswer(question) {
    this.#put(question.question, `${question.text} ${said(question)}`, this.#answer(question));
  }

  /** @type {(key: string, title: string, parts: HTMLElement[]) => void} */
  #put(key, title, parts) {
    for (const row of this.root.querySelectorAll("li")) if (row.dataset.key === key) row.remove();
    /** @type {HTMLElement} */
    const row = h("li.private-card", { data: { key } },
      ...parts, iconButton("close", t("close"), () => row.remove(), { class: "private-close" }));
    this.root.append(row);
    while (this.root.childElementCount > CARDS_MAX) this.root.firstElementChild?.remove();
    say(`${t("ask.private")}: ${title}`);
  }

  /** @param {Card} card */
  #card({ product: wire }) {
    const { ctx } = this;
    const product = productOf(viewOf(ctx.room), wire);
    return [
      h("button.private-main", { type: "button", onclick: () => ctx.details(product),
        "aria-label": t("product.open", { title: product.title }) }, thumbnail(product),
      h("span.private-words", {}, h("span.private-only", {}, t("ask.only_you")),
        h("span.private-title", {}, product.title))),
      saleBlock(ctx, product, { stock: false }).root];
  }

  /** @param {Deal} deal */
  #deal({ price, currency, was, two, coupons }) {
    const cost = (/** @type {number} */ minor) => priceText(minor, currency);
    return h("div.private-answer", {},
      h("b", {}, cost(price)), " ", was ? h("s", {}, cost(was)) : null,
      two ? h("p.fine", {}, t("deal.two", { price: cost(two) })) : null,
      (coupons ?? []).map((coupon) => h("span.tag", {}, beside(coupon.title, offer(coupon)))));
  }

  /** @param {Question} question */
  #answer({ text, answer, sku, source, proofs, deal }) {
    const title = titleOf(viewOf(this.ctx.room), sku);
    return [h("div.private-words", {},
      h("span.private-only", {}, beside(t(source ? `ask.from_${source}` : "ask.answered"), title)),
      h("span.private-title", {}, text),
      proofs ? proofList(proofs) : deal ? this.#deal(deal) : h("p.private-answer", {}, answer))];
  }
}

/** The question being answered now, shown to everybody. */
export function questionStrip() {
  const { root, draw } = lineStrip("question-strip", "ask");
  return {
    root,
    /** @param {RoomView} room */
    draw(room) {
      const { question, phase } = room;
      if (!question || phase === "ended") return draw();
      const title = titleOf(room, question.sku);
      return draw(h("span.strip-about", {}, `${beside(t("ask.answering"), title)} `),
        h("b", {}, question.text));
    },
  };
}

/**
 * On a product's sheet: what was answered of it, and the ways to ask.
 * @param {Page} ctx
 * @param {Product} product
 * @param {Answers} answers
 */
export function askSection(ctx, product, answers) {
  const { room } = ctx;
  const list = h("dl.qa");
  const field = h("input", { type: "text", name: "question", maxlength: TEXT_MAX, required: true,
    autocomplete: "off", enterkeyhint: "send", placeholder: t("ask.placeholder"),
    "aria-label": t("ask.label") });
  const draw = () => {
    const own = viewOf(room).answers.filter(({ sku }) => sku === product.sku);
    list.hidden = own.length === 0;
    list.replaceChildren(...own.reverse().map(({ text, answer }) =>
      h("div", {}, h("dt", {}, text), h("dd", {}, answer))));
  };
  /** @param {string} text */
  const ask = async (text) => {
    if (ctx.needSignIn()) return;
    try {
      const reply = await room.ask(product.sku, text);
      field.value = "";
      answers.heard(reply);
      if (reply.card) toast(t("ask.link_told"));
      // The sheet covers the answers below it.
      if (reply.answers?.length) toast(said(reply.answers[0]), { forMs: ANSWER_MS });
    } catch (error) {
      toast(whyNot(error, viewOf(room).phase));
    }
  };
  const form = h("form.ask-form", { onsubmit: (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text) ask(text);
  } }, field, h("button.plain", { type: "submit" }, t("ask.send")));
  draw();
  const root = h("section.asking", {}, h("div.box-head", {}, h("h3", {}, t("ask.title")),
    h("button.quiet.small-button", { type: "button", data: { do: "ask-link" },
      onclick: () => ask("") }, icon("link"), t("ask.link"))), list, form);
  return { root, draw };
}
