// The host's phone: the own picture with the comments on it, and under the thumb what is done most.

import { beside } from "../ui/bidi.js";
import { CommentList } from "../ui/comments.js";
import { everyTick, h, icon, iconButton, write } from "../ui/dom.js";
import { duration, number, priceText, short } from "../ui/format.js";
import { Repeat } from "../ui/repeat.js";
import { openSheet, sure } from "../ui/sheet.js";
import { countdown, saleState } from "../ui/stock.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { noticeForm, restockForm, saleForm } from "./forms.js";
import { PhonePicture } from "./phone-picture.js";
import { behindText } from "./rundown.js";
import { attempt, pin } from "./shelf.js";

/**
 * @import { Comment, Product, Room, Sale } from "../liveroom.js"
 * @import { IconName } from "../ui/dom.js"
 * @import { Key } from "../ui/strings.js"
 * @import { HostSales } from "./shelf.js"
 * @import { HostTalk } from "./talk.js"
 * @import { PictureBox } from "./picture.js"
 * @import { Planned } from "./planned.js"
 * @import { Prompts } from "./prompts.js"
 * @import { Questions } from "./questions.js"
 * @import { QuickReplies } from "./quick-replies.js"
 * @typedef {{talk: HostTalk, sales: HostSales, questions: Questions, picture: PictureBox, planned: Planned,
 *   prompts: Prompts, quick: QuickReplies, toggleLive: () => unknown}} Parts
 */

const LATENCY_MS = 2000;

export class Phone {
  /**
   * @param {Room} room
   * @param {Parts} parts
   */
  constructor(room, parts) {
    this.room = room;
    this.parts = parts;
    this.picture = new PhonePicture(room, parts.picture);
    this.list = new CommentList({ hint: "comment.hot_host", act: (comment) => this.#openComment(comment),
      always: ({ user, role }) => user === room.state.you?.user || role === "moderator" });
    this.since = h("b.digits");
    this.viewers = h("span");
    this.delay = h("span");
    this.behind = h("span");
    this.heads = h("p.phone-figures", {}, this.since, h("span.phone-eye", {}, icon("eye"), this.viewers),
      this.delay, this.behind);
    this.planned = h("div.phone-planned", { hidden: true });
    this.shown = h("div.phone-product");
    this.next = this.#button("down", "phone.next", "phone-next", () => this.#pinNext());
    this.sale = this.#button("bolt", "host.sell", "phone-sale", () => this.#toggleSale());
    this.restock = this.#button("plus", "host.restock", "phone-restock", () => this.#restock());
    this.answer = this.#button("ask", "queue.take", "phone-answer", () => this.#answer());
    this.root = h("section.phone", { "aria-label": t("phone.title") },
      h("div.phone-stage", {}, this.picture.root,
        h("div.phone-over", {}, this.heads, parts.prompts.newest, this.picture.start),
        h("div.phone-talk", {}, this.list.root)),
      h("div.phone-hand", {}, this.planned, this.shown,
        h("div.phone-keys", {}, this.next.root, this.sale.root, this.restock.root, this.answer.root),
        this.#say()));
    this.isShown = false; // else nothing of it is drawn, and nothing fetched
  }

  /** Once it stands in the page. */
  start() {
    everyTick(this.since, () => this.#drawTime());
    new Repeat(LATENCY_MS, () => this.#measure()).start();
  }

  /**
   * It came into sight, or went.
   * @param {boolean} isShown
   */
  show(isShown) {
    if (isShown && !this.isShown) this.list.fill(this.parts.talk.list.kept.map(({ comment }) => comment));
    if (!isShown) this.list.clear();
    this.isShown = this.picture.isShown = isShown;
    this.draw();
  }

  /** @param {Comment} comment */
  hear(comment) {
    if (this.isShown) this.list.add(comment);
  }

  /**
   * A large button with a line below its word.
   * @type {(image: IconName, words: Key, name: string, run: () => unknown) =>
   *   {root: HTMLButtonElement, words: HTMLElement, about: HTMLElement}}
   */
  #button(image, words, name, run) {
    const word = h("b", {}, t(words));
    const about = h("span.phone-about");
    return { words: word, about, root: h("button.phone-key", { type: "button", data: { do: name },
      onclick: run }, icon(image), word, about) };
  }

  #say() {
    const field = h("input", { type: "text", name: "phone-comment", maxlength: "200", autocomplete: "off",
      enterkeyhint: "send", placeholder: t("comment.placeholder"), "aria-label": t("comment.label") });
    return h("form.phone-say", { onsubmit: async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      field.value = "";
      if (!await attempt(this.room.comment(text))) field.value ||= text;
    } }, field, h("button.primary", { type: "submit", "aria-label": t("comment.send") }, icon("send")),
    iconButton("horn", t("host.notice"), () => noticeForm(this.room)));
  }

  /** The product that is pinned next: after the pinned one, in the order of the shelf. */
  get nextProduct() {
    const { shelf, pin: pinned } = viewOf(this.room);
    const at = shelf.findIndex(({ sku }) => sku === pinned);
    return /** @type {Product | undefined} */ (shelf[at + 1] ?? (at > 0 ? shelf[0] : undefined));
  }

  /** @returns {Product | undefined} */
  get pinned() {
    const { shelf, pin: sku } = viewOf(this.room);
    return shelf.find((product) => product.sku === sku);
  }

  /** @returns {Sale | null} */
  get current() {
    const { pin: pinned } = viewOf(this.room);
    const sale = this.parts.sales.current();
    return sale && (!pinned || sale.sku === pinned) ? sale : null;
  }

  draw() {
    this.picture.draw();
    if (!this.isShown) return;
    const { online, phase } = viewOf(this.room);
    const next = this.nextProduct;
    write(this.viewers, short(online));
    this.next.root.disabled = !next || phase === "ended";
    write(this.next.about, next?.title ?? t("phone.no_next"));
    const sale = this.current;
    write(this.sale.words, t(sale ? "host.close_sale" : "host.sell"));
    this.sale.root.dataset.on = String(Boolean(sale));
    this.sale.root.disabled = !sale && !this.pinned && !next;
    write(this.sale.about, sale ? t("phone.left", { n: number(sale.left) }) : this.pinned?.title ?? "");
    this.restock.root.disabled = !sale;
    write(this.restock.about, sale ? t("phone.sold", { n: number(sale.sold) }) : "");
    this.#drawShown(sale);
    this.drawWaiting();
    this.drawPlanned();
  }

  drawWaiting() {
    const [first] = this.parts.questions.queue;
    this.answer.root.disabled = !first;
    write(this.answer.about, first ? beside(String(this.parts.questions.queue.length), first.text)
      : t("phone.no_question"));
  }

  /** The next of the rundown, and one press that does it. */
  drawPlanned() {
    const { next } = this.parts.planned;
    this.planned.hidden = !next;
    if (!next) return;
    const key = JSON.stringify([next.item, next.title, next.kind]);
    if (this.planned.dataset.shown === key) return;
    this.planned.dataset.shown = key;
    this.planned.replaceChildren(
      h("p", {}, h("span.fine", {}, t("rundown.next")), " ", h("bdi", {}, next.title)),
      h("button.plain", { type: "button", data: { do: "phone-planned" },
        "aria-label": `${t("rundown.do")}: ${next.title}`,
        onclick: () => this.parts.planned.do(next.item) },
      t(next.kind === "note" ? "rundown.check" : "rundown.do")));
  }

  /** @param {Sale | null} sale */
  #drawShown(sale) {
    const product = this.pinned;
    const key = JSON.stringify([product?.sku, product?.title, sale?.sale, sale?.status, sale?.price]);
    if (this.shown.dataset.shown === key) return;
    this.shown.dataset.shown = key;
    const timer = sale && countdown(() => this.room.now(), () => {
      const now = viewOf(this.room).sales.find((known) => known.sale === sale.sale) ?? sale;
      return { scheduled: now.starts, closed: 0, open: now.ends, sold_out: now.ends }[
        saleState(now, this.room.now())];
    }, () => t(saleState(sale, this.room.now()) === "scheduled" ? "sale.starts_in" : "sale.ends_in"));
    this.shown.replaceChildren(...(product ? [icon("pin"), h("b", {}, h("bdi", {}, product.title)),
      h("span", {}, beside(priceText(sale?.price ?? product.price, product.currency),
        sale?.status === "sold_out" && t("sale.sold_out"))), timer].filter((part) => part !== null)
      : [h("span.fine", {}, t("phone.nothing_pinned"))]));
  }

  #drawTime() {
    const { phase, started } = viewOf(this.room);
    write(this.since, phase === "live" ? duration(this.room.now() - started) : t(phase === "ended" ? "ended" : "soon"));
    const late = behindText(this.parts.planned, this.room);
    write(this.behind, late);
    this.behind.hidden = !late;
  }

  async #measure() {
    const ms = await this.picture.latency();
    write(this.delay, ms === null ? "" : t("phone.delay", { s: (ms / 1000).toFixed(1) }));
    this.delay.hidden = ms === null;
  }

  async #pinNext() {
    const next = this.nextProduct;
    if (next) await pin(this.room, next.sku);
  }

  async #toggleSale() {
    const sale = this.current;
    if (sale) {
      if (await sure(t("host.close_sure", { title: sale.title }), t("host.close_sale"))) {
        await attempt(this.room.send("sale.close", { sale: sale.sale }));
      }
      return;
    }
    const product = this.pinned ?? this.nextProduct;
    if (product) saleForm(this.room, product);
  }

  #restock() {
    const sale = this.current;
    if (sale) restockForm(this.room, sale);
  }

  /** The most asked question: a saved answer in one press, or one that is written. */
  #answer() {
    const [first] = this.parts.questions.queue;
    if (!first) return;
    this.parts.quick.openFor(first.text,
      (text) => attempt(this.room.questionAnswer(first.question, text)));
  }

  /** @param {Comment} comment */
  #openComment({ id, user, name, role, text }) {
    const { talk, quick } = this.parts;
    const row = h("li", { data: { id, user } }, h("span.name", {}, name));
    /** @type {(words: Key, run: () => unknown) => (leave: () => void) => HTMLElement} */
    const act = (words, run) => (leave) => h("button.plain.wide", { type: "button", data: { do: `phone-${words}` },
      onclick: () => { leave(); run(); } }, t(words));
    const acts = [
      act("quick.answer", () => quick.openFor(beside(name, text),
        (answer) => attempt(this.room.comment(answer, { replyTo: id })))),
      act("comment.pin", () => talk.pin(row)),
      ...(["host", "admin", "system"].includes(role) ? [] : [
        act("host.mute", () => talk.mute(row)), act("host.delete", () => talk.remove(row))]),
    ];
    openSheet(beside(name, text), (leave) => h("div.stack", {}, acts.map((each) => each(leave))),
      { kind: "sure-sheet" });
  }
}
