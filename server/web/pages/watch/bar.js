// The bar below: what one says, and hearts, gathered so that fifty taps are one command.

import { h, icon, iconButton, write } from "../ui/dom.js";
import { duration, short } from "../ui/format.js";
import { Hearts } from "../ui/hearts.js";
import { toast } from "../ui/sheet.js";
import { failureOf, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Answer, Comment, Mine, RoomView } from "../liveroom.js"
 * @import { Page } from "./page.js"
 */

const LIKES_GATHER_MS = 400;
const LIKES_MAX = 50; // in one command

/**
 * Why a comment was not taken, in the words that fit this room.
 * @type {(thrown: unknown, room: RoomView, mine: Mine) => string}
 */
function whySilent(thrown, { slow_s, phase, followers_only }, { following }) {
  const error = failureOf(thrown);
  if (error.code === "muted" && error.retryMs) {
    return t("comment.muted", { left: duration(error.retryMs) });
  }
  if (error.code === "rate_limited" && slow_s) return t("comment.slow", { n: slow_s });
  if (error.code === "forbidden" && followers_only && !following) return t("comment.followers");
  if (error.code === "forbidden") return t("comment.refused");
  return whyNot(error, phase);
}

export class Composer {
  /**
   * @param {Page} ctx
   * @param {(reply: Answer) => void} heard gets what the server answered to a comment
   */
  constructor(ctx, heard) {
    this.ctx = ctx;
    this.heard = heard;
    this.field = h("input.say", { type: "text", name: "comment", maxlength: "200",
      autocomplete: "off", enterkeyhint: "send", placeholder: t("comment.placeholder"),
      "aria-label": t("comment.label") });
    this.field.addEventListener("focus", () =>
      ctx.isGuest() && (this.field.blur(), ctx.needSignIn("say")));
    /** @type {Comment | null} */
    this.answered = null; // what is being answered
    this.answeredName = h("bdi");
    this.answering = h("p.answering-now", { hidden: true },
      h("span", {}, t("comment.answering")), this.answeredName,
      iconButton("close", t("comment.answer_none"), () => this.answer(null)));
    this.root = h("form.composer", { onsubmit: (event) => this.#submit(event) }, this.answering,
      this.field,
      h("button.send", { type: "submit", "aria-label": t("comment.send") }, icon("send")));
  }

  /**
   * What is said next answers this comment; null: none.
   * @param {Comment | null} comment
   */
  answer(comment) {
    if (comment && this.ctx.needSignIn("tap")) return;
    this.answered = comment;
    this.answering.hidden = !comment;
    write(this.answeredName, comment ? `@${comment.name}` : "");
    this.field.focus();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const { field, ctx } = this;
    const text = field.value.trim();
    if (!text || ctx.needSignIn("say")) return;
    const replyTo = this.answered?.id;
    field.value = "";
    this.answer(null);
    try {
      this.heard(await ctx.room.comment(text, { replyTo }));
    } catch (error) {
      if (!field.value) field.value = text; // what somebody wrote must not be lost
      toast(replyTo && failureOf(error).code === "not_found" ? t("comment.answered_gone")
        : whySilent(error, viewOf(ctx.room), ctx.room.state.mine));
    }
  }

  /** @param {RoomView} room */
  draw({ phase, kind }) {
    const open = phase === "live" || kind === "group";
    this.field.disabled = !open;
    this.field.placeholder = open ? t("comment.placeholder")
      : t(phase === "ended" ? "comment.after" : "comment.before");
  }
}

export class LikeButton {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.hearts = new Hearts(h("canvas.hearts", { "aria-hidden": "true" }));
    this.count = h("span.like-count");
    this.waiting = 0;
    this.shown = 0;
    this.root = h("button.round.like", { type: "button", "aria-label": t("like"),
      onclick: () => ctx.room.state.room && this.#like() }, icon("heart"), this.count);
  }

  #like() {
    if (this.ctx.needSignIn()) return;
    this.hearts.send(1);
    this.waiting += 1;
    if (this.waiting === 1) setTimeout(() => this.#send(), LIKES_GATHER_MS);
  }

  #send() {
    const n = Math.min(LIKES_MAX, this.waiting);
    const { room } = this.ctx;
    this.waiting = 0;
    this.shown += n; // these flew already
    room.like(n).catch((error) => error.code === "not_live"
      && toast(whyNot(error, viewOf(room).phase)));
  }

  /** @param {number} total */
  draw(total) {
    if (this.shown === 0 || total < this.shown) this.shown = total;
    this.hearts.send(Math.min(6, total - this.shown));
    this.shown = total;
    write(this.count, total ? short(total) : "");
  }
}
