// What may be said and by whom: comments that wait, words, rules, moderators, the muted, the log.

import { beside } from "../ui/bidi.js";
import { h, icon, iconButton, write } from "../ui/dom.js";
import { clock, duration } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { hasWords, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { choice } from "../ui/forms.js";
import { attempt } from "./shelf.js";

/**
 * @import { HeldComment, Room } from "../liveroom.js"
 * @import { ActionsPage, Fact } from "../ui/answers.js"
 * @import { Children } from "../ui/elements.js"
 * @import { Key } from "../ui/strings.js"
 * @import { DeskState } from "./console.js"
 * @import { Desk } from "./desk.js"
 */

/** @type {DeskState["review"][]} */
const REVIEWS = ["off", "new", "all"];
const LOG_SHOWN_MAX = 60;

/** @type {(title: Key, ...parts: Children[]) => HTMLElement} */
const box = (title, ...parts) => h("section.panel-box", { "aria-label": t(title) },
  h("div.box-head", {}, h("h2", {}, t(title))), ...parts);

/** Comments that wait for somebody to look at them. */
export class ReviewBox {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    this.more = h("p.fine", { hidden: true });
    this.list = h("ol.review");
    this.root = box("review.title", this.list, this.more);
  }

  /** @param {DeskState} desk */
  draw({ held, held_total }) {
    const rest = held_total - held.length;
    this.more.hidden = rest <= 0;
    write(this.more, t("review.more", { n: rest }));
    this.list.replaceChildren(...(held.length ? held.map((it) => this.#row(it))
      : [h("li.fine", {}, t("review.none"))]));
  }

  /** @param {HeldComment} comment */
  #row({ id, name, text, why, ts }) {
    const reason = `review.why_${why}`;
    return h("li.held", { data: { id } },
      h("div.question-words", {}, h("p", {}, text), h("span.fine", {},
        beside(name, clock(ts, false), hasWords(reason) ? t(reason) : why))),
      h("button.plain.small-button", { type: "button", data: { do: "pass" },
        "aria-label": `${t("review.pass")}: ${text}`,
        onclick: () => attempt(this.room.reviewPass(id)) }, icon("check"), t("review.pass")),
      iconButton("trash", `${t("review.drop")}: ${text}`,
        () => attempt(this.room.reviewDrop(id))));
  }
}

/** Who may comment and what waits. */
export class RulesBox {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {HTMLInputElement} */
    this.followers = h("input", { type: "checkbox", name: "followers_only",
      onchange: () => desk.change(desk.room.rules({ followers_only: this.followers.checked })) });
    this.reviews = choice("review", t("rules.review"),
      REVIEWS.map((name) => [name, t(`rules.review_${name}`)]), "off");
    this.reviews.addEventListener("change", () =>
      desk.change(desk.room.rules({ review: this.#chosenReview() })));
    /** @type {HTMLInputElement} */
    this.selling = h("input", { type: "checkbox", name: "selling",
      onchange: () => attempt(desk.room.selling(this.selling.checked)) });
    /** @type {(input: HTMLInputElement, words: string) => HTMLElement} */
    const check = (input, words) => h("label.switch", {}, input, h("span", {}, words));
    this.root = box("rules.title", check(this.followers, t("rules.followers")), this.reviews,
      check(this.selling, t("rules.selling")));
  }

  #chosenReview() {
    /** @type {HTMLInputElement | null} */
    const chosen = this.reviews.querySelector("input:checked");
    return REVIEWS.find((name) => name === chosen?.value);
  }

  /** @param {DeskState} desk */
  draw({ review, followers_only }) {
    this.followers.checked = followers_only;
    this.selling.checked = viewOf(this.desk.room).selling;
    for (const input of this.reviews.querySelectorAll("input")) {
      input.checked = input.value === review;
    }
  }
}

/** A list of names one can be taken from and added to. */
class Names {
  /**
   * @param {string} label
   * @param {{add: (name: string) => Promise<unknown>, remove: (name: string) => unknown,
   *   hint: string}} options `add` resolves with something if it was added
   */
  constructor(label, { add, remove, hint }) {
    this.key = ""; // what is shown
    this.list = h("ul.name-chips");
    this.field = h("input", { type: "text", name: "add", maxlength: "64", required: true,
      autocomplete: "off", placeholder: hint, "aria-label": hint });
    this.remove = remove;
    this.root = h("div.names", {}, h("h3.fine", {}, label), this.list,
      h("form.ask-form", { onsubmit: async (event) => {
        event.preventDefault();
        if (await add(this.field.value.trim())) this.field.value = "";
      } }, this.field, h("button.plain", { type: "submit", "aria-label": `${label}: ${t("add")}` },
        icon("plus"))));
  }

  /** @param {string[]} names */
  draw(names) {
    const key = names.join("\n");
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...names.map((name) => h("li.name-chip", {}, name,
      iconButton("close", `${t("host.remove")}: ${name}`, () => this.remove(name)))));
  }
}

/** @param {string} text */
const split = (text) => text.split(/[,，、\n]/).map((word) => word.trim()).filter(Boolean);

/** Words that are refused, and words that make a comment wait. */
export class WordsBox {
  /** @param {Desk} desk */
  constructor(desk) {
    const { room } = desk;
    /** @param {"block" | "hold"} action */
    const names = (action) => new Names(t(`words.${action}`), { hint: t("words.hint"),
      add: (text) => desk.change(room.wordsPut(split(text), action)),
      remove: (word) => desk.change(room.wordsRemove([word])) });
    this.block = names("block");
    this.hold = names("hold");
    this.root = box("words.title", this.block.root, this.hold.root);
  }

  /** @param {DeskState} desk */
  draw({ blocked_words, held_words }) {
    this.block.draw(blocked_words);
    this.hold.draw(held_words);
  }
}

/** Who is muted, until when, and the way back. */
export class MutedBox {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.list = h("ul.name-chips");
    this.root = box("people.muted", this.list);
  }

  /** @param {DeskState} desk */
  draw({ muted }) {
    const { room } = this.desk;
    this.list.replaceChildren(...(muted.length ? muted.map(({ user, until, shadow }) =>
      h("li.name-chip", { data: { user } }, user,
        h("span.fine", {}, [shadow && t("people.shadow"), duration(until - room.now())]
          .filter(Boolean).join(" · ")),
        iconButton("undo", `${t("people.unmute")}: ${user}`,
          () => this.desk.change(room.mute(user, 0))))) : [h("li.fine", {}, t("people.none_muted"))]));
  }
}

/** Moderators of this room. */
export class PeopleBox {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    const { room } = desk;
    this.moderators = new Names(t("people.moderators"), { hint: t("people.user"),
      add: (user) => desk.change(room.moderatorAdd(user)),
      remove: (user) => desk.change(room.moderatorRemove(user)) });
    this.root = box("people.title", this.moderators.root);
  }

  /** @param {DeskState} desk */
  draw({ moderators }) {
    this.moderators.draw(moderators);
  }
}

/** Who did what: read when it is looked at. */
export class LogBox {
  /** @param {string} roomId */
  constructor(roomId) {
    this.path = `/v1/rooms/${encodeURIComponent(roomId)}/actions`;
    this.list = h("ol.log", { tabindex: "0", "aria-label": t("log.title") });
    this.root = box("log.title", this.list, h("button.quiet.small-button", { type: "button",
      data: { do: "log" }, onclick: () => this.read() }, t("log.again")));
  }

  async read() {
    try {
      /** @type {ActionsPage} */
      const { actions } = await rest("GET", this.path);
      this.list.replaceChildren(...actions.slice(0, LOG_SHOWN_MAX).map((it) => h("li", {},
        h("span.fine", {}, clock(it.at)), h("b", {}, it.by), h("span", {}, sentence(it)))));
    } catch (error) {
      this.list.replaceChildren(h("li.fine", {}, whyNot(error)));
    }
  }
}

const PLUMBING = new Set(["k", "at", "by", "id", "sku", "currency", "sale", "coupon", "mark"]);

/**
 * A fact of the log in words: what was done, and to what.
 * @param {Fact} fact
 */
function sentence(fact) {
  const phase = `log.phase_${fact.phase}`;
  if (fact.k === "phase" && hasWords(phase)) return t(phase);
  const deed = `log.${fact.k}`;
  const known = hasWords(deed) ? t(deed) : fact.k;
  const about = Object.entries(fact).filter(([name, value]) => !PLUMBING.has(name)
    || (value && typeof value === "object")).map(([name, value]) => {
    if (value && typeof value === "object") return nameOf(value);
    const was = `log.was_${value}`;
    if (name === "what" && hasWords(was)) return t(was);
    return typeof value === "string" ? value : "";
  });
  return [known, beside(...about)].filter(Boolean).join(t("log.colon"));
}

/**
 * What to call a thing of the log.
 * @param {{title?: unknown, text?: unknown, question?: unknown}} thing
 */
const nameOf = ({ title, text, question }) => String(title ?? text ?? question ?? "");
