// After the stream: what was shown at which minute, and what can still be bought.

import "../ui/later-words.js";
import { h, iconButton, write } from "../ui/dom.js";
import { duration, priceText } from "../ui/format.js";
import { productOf, saleBlock, thumbnail } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { entranceMs } from "./address.js";

/**
 * @import { Moment, ReplayEntry, ReplayPage } from "../ui/answers.js"
 * @import { Page } from "./page.js"
 */

const MINUTE_MS = 60_000;
const PAGES_MAX = 20; // of 500 entries
const READ_AFTER_MS = 150; // while the slider moves

export class Replay {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.at = 0; // ms since the start
    this.length = 0; // ms
    /** @type {ReplayEntry[] | null} */
    this.entries = null;
    this.reading = false;
    /** @type {number[]} when products came to be shown, ms since the start */
    this.marked = [];
    /** @type {HTMLButtonElement[]} */
    this.jumps = [];
    this.clock = h("b.digits");
    this.slider = h("input", { type: "range", min: "0", step: "1", value: "0",
      "aria-label": t("replay.minute"), oninput: () => this.#slide() });
    this.marks = h("ol.replay-marks", { "aria-label": t("replay.marks") });
    this.shown = h("div.replay-shown");
    this.said = h("ol.replay-said", { tabindex: "0", "aria-label": t("comment.list") });
    this.root = h("section.replay", { hidden: true, "aria-label": t("replay.title") },
      h("div.replay-head", {}, h("b", {}, t("replay.title")), this.clock,
        iconButton("back", t("replay.back"), () => this.#go(this.at - MINUTE_MS)),
        iconButton("play", t("replay.on"), () => this.#go(this.at + MINUTE_MS))),
      this.slider, this.marks, this.shown, this.said);
  }

  get path() {
    return `/v1/rooms/${encodeURIComponent(viewOf(this.ctx.room).room)}/replay`;
  }

  draw() {
    const room = viewOf(this.ctx.room);
    const over = room.phase === "ended" && room.started > 0;
    this.root.hidden = !over || !this.entries;
    if (over && !this.entries && !this.reading) this.#read();
  }

  /** Everything that was shown, once; then the first product. */
  async #read() {
    this.reading = true;
    try {
      const entries = await this.#entries();
      this.entries = entries;
      const { started, ended } = viewOf(this.ctx.room);
      this.length = Math.max(0, ended - started);
      this.slider.max = String(Math.floor(this.length / MINUTE_MS));
      this.slider.hidden = this.length < MINUTE_MS;
      this.#drawMarks(entries, started);
      this.draw();
      this.ctx.onReplay();
      await this.#go(entranceMs() ?? this.marked[0] ?? 0);
    } catch {
      // Then there is the shelf; the next change of the room asks again.
    }
    this.reading = false;
  }

  async #entries() {
    const entries = [];
    let query = "";
    for (let n = 0; n < PAGES_MAX; n += 1) {
      /** @type {ReplayPage} */
      const page = await rest("GET", this.path + query);
      entries.push(...(page.entries ?? []));
      if (!page.next) break;
      query = `?cursor=${encodeURIComponent(page.next)}`;
    }
    return entries;
  }

  /**
   * The moments to jump to: when a product came to be shown.
   * @type {(entries: ReplayEntry[], started: number) => void}
   */
  #drawMarks(entries, started) {
    const pins = entries.filter(({ t: kind, sku }) => kind === "pin" && sku);
    this.marked = pins.map(({ at }) => Math.max(0, at - started));
    this.marks.hidden = pins.length === 0;
    this.jumps = pins.map(({ title, sku = "" }, i) =>
      h("button.replay-mark", { type: "button", data: { sku }, onclick: () =>
        this.#go(this.marked[i]) }, h("span.digits", {}, duration(this.marked[i])), title || sku));
    this.marks.replaceChildren(...this.jumps.map((button) => h("li", {}, button)));
  }

  #slide() {
    clearTimeout(this.timer);
    const at = Number(this.slider.value) * MINUTE_MS;
    this.timer = setTimeout(() => this.#go(at), READ_AFTER_MS);
  }

  /** @param {number} ms */
  async #go(ms) {
    this.at = Math.max(0, Math.min(ms, this.length));
    const asked = this.at;
    this.ctx.onMoment(asked);
    this.slider.value = String(Math.floor(asked / MINUTE_MS));
    this.slider.setAttribute("aria-valuetext", t("replay.at", { n: this.slider.value }));
    write(this.clock, `${duration(asked)} / ${duration(this.length)}`);
    for (const [i, button] of this.jumps.entries()) {
      button.setAttribute("aria-current", String(this.#isOn(i)));
    }
    const query = asked % MINUTE_MS ? `ms=${asked}` : `minute=${asked / MINUTE_MS}`;
    const moment = await this.#moment(query);
    if (!moment || asked !== this.at) return; // a later one was asked for meanwhile
    this.#product(moment);
    this.#comments(moment);
  }

  /** @type {(query: string) => Promise<Moment | null>} */
  async #moment(query) {
    try {
      return await rest("GET", `${this.path}/at?${query}`);
    } catch {
      return null; // what is shown stays
    }
  }

  /** @param {number} i */
  #isOn(i) {
    return this.marked[i] <= this.at && (this.marked[i + 1] ?? Infinity) > this.at;
  }

  /** @param {Moment} moment */
  #product({ pin: shown }) {
    if (!shown) {
      this.shown.replaceChildren(h("p.fine", {}, t("replay.nothing")));
      return;
    }
    const product = productOf(viewOf(this.ctx.room), shown.product);
    this.shown.replaceChildren(
      h("button.pinned-main", { type: "button", onclick: () => this.ctx.details(product),
        "aria-label": t("product.open", { title: product.title }), data: { sku: product.sku } },
      thumbnail(product), h("span.pinned-words", {}, h("span.pinned-title", {}, product.title),
        product.points.length > 0 && h("span.point", {}, product.points[0]))),
      saleBlock(this.ctx, product, { stock: false }).root);
  }

  /** @param {Moment} moment */
  #comments({ notice, question, auction, comments = [] }) {
    /** @type {(label: string, text?: string) => HTMLElement[]} */
    const line = (label, text) => (text ? [h("li", {}, h("span.name", {}, label), text)] : []);
    const rows = [...line(t("watch.notice"), notice), ...line(t("ask.answering"), question?.text),
      ...line(t("auction.title"), auction && `${auction.title} · ${
        priceText(auction.price ?? auction.opening, auction.currency)}`),
      ...comments.flatMap(({ name, text }) => line(name, text))];
    this.said.hidden = rows.length === 0;
    this.said.replaceChildren(...rows);
  }
}
