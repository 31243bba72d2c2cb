// What may be said and by whom: comments that wait, words, rules, moderators, the muted, the log.

import { h, icon, iconButton, write } from "../ui/dom.js";
import { clock, duration } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { hasWords, t, whyNot } from "../ui/strings.js";
import { choice } from "./forms.js";
import { attempt } from "./shelf.js";

const REVIEWS = ["off", "new", "all"];
const LOG_SHOWN_MAX = 60;

const box = (title, ...parts) => h("section.panel-box", { "aria-label": t(title) },
  h("div.box-head", {}, h("h2", {}, t(title))), ...parts);

/** Comments that wait for somebody to look at them. */
export class ReviewBox {
  constructor(room) {
    this.room = room;
    this.more = h("p.fine", { hidden: true });
    this.list = h("ol.review");
    this.root = box("review.title", this.list, this.more);
  }

  draw({ held, held_total }) {
    const rest = held_total - held.length;
    this.more.hidden = rest <= 0;
    write(this.more, t("review.more", { n: rest }));
    this.list.replaceChildren(...(held.length ? held.map((it) => this.#row(it))
      : [h("li.fine", {}, t("review.none"))]));
  }

  #row({ id, name, text, why, ts }) {
    const known = ["word", "all", "new", "flood"].includes(why);
    return h("li.held", { data: { id } },
      h("div.question-words", {}, h("p", {}, text), h("span.fine", {},
        [name, clock(ts, false), known ? t(`review.why_${why}`) : why].filter(Boolean).join(" · "))),
      h("button.plain.small-button", { type: "button", data: { do: "pass" },
        "aria-label": `${t("review.pass")}: ${text}`,
        onclick: () => attempt(this.room.reviewPass(id)) }, icon("check"), t("review.pass")),
      iconButton("trash", `${t("review.drop")}: ${text}`,
        () => attempt(this.room.reviewDrop(id))));
  }
}

/** Who may comment and what waits. */
export class RulesBox {
  constructor(desk) {
    this.desk = desk;
    this.followers = h("input", { type: "checkbox", name: "followers_only",
      onchange: ({ target }) => desk.change(desk.room.rules({ followers_only: target.checked })) });
    this.reviews = choice("review", t("rules.review"),
      REVIEWS.map((name) => [name, t(`rules.review_${name}`)]), "off");
    this.reviews.addEventListener("change", ({ target }) =>
      desk.change(desk.room.rules({ review: target.value })));
    this.selling = h("input", { type: "checkbox", name: "selling",
      onchange: ({ target }) => attempt(desk.room.selling(target.checked)) });
    const check = (input, words) => h("label.switch", {}, input, h("span", {}, words));
    this.root = box("rules.title", check(this.followers, t("rules.followers")), this.reviews,
      check(this.selling, t("rules.selling")));
  }

  draw({ review, followers_only }) {
    this.followers.checked = followers_only;
    this.selling.checked = this.desk.room.state.room.selling;
    for (const input of this.reviews.querySelectorAll("input")) {
      input.checked = input.value === review;
    }
  }
}

/** A list of names one can be taken from and added to. */
class Names {
  constructor(label, { add, remove, hint }) {
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

  draw(names, words = (name) => name) {
    const key = names.join("\n");
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...names.map((name) => h("li.name-chip", {}, words(name),
      iconButton("close", `${t("host.remove")}: ${name}`, () => this.remove(name)))));
  }
}

const split = (text) => text.split(/[,，、\n]/).map((word) => word.trim()).filter(Boolean);

/** Words that are refused, and words that make a comment wait. */
export class WordsBox {
  constructor(desk) {
    const { room } = desk;
    const names = (action) => new Names(t(`words.${action}`), { hint: t("words.hint"),
      add: (text) => desk.change(room.wordsPut(split(text), action)),
      remove: (word) => desk.change(room.wordsRemove([word])) });
    this.block = names("block");
    this.hold = names("hold");
    this.root = box("words.title", this.block.root, this.hold.root);
  }

  draw({ blocked_words, held_words }) {
    this.block.draw(blocked_words);
    this.hold.draw(held_words);
  }
}

/** Moderators of this room, and who is muted. */
export class PeopleBox {
  constructor(desk) {
    this.desk = desk;
    const { room } = desk;
    this.moderators = new Names(t("people.moderators"), { hint: t("people.user"),
      add: (user) => desk.change(room.moderatorAdd(user)),
      remove: (user) => desk.change(room.moderatorRemove(user)) });
    this.muted = h("ul.name-chips");
    this.root = box("people.title", this.moderators.root,
      h("div.names", {}, h("h3.fine", {}, t("people.muted")), this.muted));
  }

  draw({ moderators, muted }) {
    this.moderators.draw(moderators);
    const { room } = this.desk;
    this.muted.replaceChildren(...(muted.length ? muted.map(({ user, until, shadow }) =>
      h("li.name-chip", { data: { user } }, user,
        h("span.fine", {}, [shadow && t("people.shadow"), duration(until - room.now())]
          .filter(Boolean).join(" · ")),
        iconButton("undo", `${t("people.unmute")}: ${user}`,
          () => this.desk.change(room.mute(user, 0))))) : [h("li.fine", {}, t("people.none_muted"))]));
  }
}

/** Who did what: read when it is looked at. */
export class LogBox {
  constructor(roomId) {
    this.path = `/v1/rooms/${encodeURIComponent(roomId)}/actions`;
    this.list = h("ol.log", { tabindex: "0", "aria-label": t("log.title") });
    this.root = box("log.title", this.list, h("button.quiet.small-button", { type: "button",
      data: { do: "log" }, onclick: () => this.read() }, t("log.again")));
  }

  async read() {
    const { actions = [], trouble } = await rest("GET", this.path)
      .catch((error) => ({ trouble: whyNot(error) }));
    if (trouble) return this.list.replaceChildren(h("li.fine", {}, trouble));
    this.list.replaceChildren(...actions.slice(0, LOG_SHOWN_MAX).map((it) => h("li", {},
      h("span.fine", {}, clock(it.at)), h("b", {}, it.by), h("span", {}, sentence(it)))));
    return null;
  }
}

const PLUMBING = new Set(["k", "at", "by", "id", "sku", "currency", "sale", "coupon", "mark"]);

/** A fact of the log in words: what was done, and to what. */
function sentence(fact) {
  if (fact.k === "phase" && hasWords(`log.phase_${fact.phase}`)) return t(`log.phase_${fact.phase}`);
  const known = hasWords(`log.${fact.k}`) ? t(`log.${fact.k}`) : fact.k;
  const about = Object.entries(fact).filter(([name, value]) => !PLUMBING.has(name)
    || (value && typeof value === "object")).map(([name, value]) => {
    if (value && typeof value === "object") return value.title ?? value.text ?? value.question ?? "";
    if (name === "what" && hasWords(`log.was_${value}`)) return t(`log.was_${value}`);
    return typeof value === "string" ? value : "";
  });
  return [known, about.filter(Boolean).join(" · ")].filter(Boolean).join(t("log.colon"));
}
