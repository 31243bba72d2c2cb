// What waits for somebody of the host's team: held comments, reports, questions, people who are muted; and
// for the host alone, comments on their notes.

import { h, keepInSight, write } from "../ui/dom.js";
import { NoteDesk } from "../ui/note-desk.js";
import { t } from "../ui/strings.js";

/**
 * @import { Question } from "../liveroom.js"
 * @import { DeskState } from "./console.js"
 * @typedef {"held" | "reports" | "notes" | "questions" | "muted"} WaitingName
 */

export class WaitingBox {
  /** @param {Record<WaitingName, HTMLElement>} panes */
  constructor(panes) {
    this.chosen = false; // by somebody; until then the first that has something is shown
    /** @type {WaitingName} */
    this.shown = "held";
    this.names = /** @type {WaitingName[]} */ (Object.keys(panes));
    this.panes = panes;
    this.buttons = Object.fromEntries(this.names.map((name) => [name, this.#button(name)]));
    const list = h("div.view-tabs", { role: "tablist", "aria-label": t("waits.title"),
      onkeydown: (event) => this.#onKey(event) }, Object.values(this.buttons));
    this.sight = keepInSight(list, () => this.buttons[this.shown]);
    this.root = h("section.waiting-box", { "aria-label": t("waits.title") }, list,
      this.names.map((name) => {
        const pane = panes[name];
        Object.assign(pane, { id: `waits-${name}` });
        pane.setAttribute("role", "tabpanel");
        return pane;
      }));
    this.#show("held");
  }

  /** @param {WaitingName} name */
  #button(name) {
    return h("button.view-tab", { type: "button", role: "tab", id: `waits-tab-${name}`,
      "aria-controls": `waits-${name}`, data: { waits: name }, onclick: () => this.choose(name) },
    h("span", {}, t(`waits.${name}`)), h("span.view-badge"));
  }

  /** @param {KeyboardEvent} event */
  #onKey({ key }) {
    const by = Number(key === "ArrowRight") - Number(key === "ArrowLeft");
    if (!by) return;
    const next = this.names[(this.names.indexOf(this.shown) + by + this.names.length) % this.names.length];
    this.choose(next);
    this.buttons[next].focus();
  }

  /** @param {WaitingName} name */
  choose(name) {
    this.chosen = true;
    this.#show(name);
  }

  /** @param {WaitingName} name */
  #show(name) {
    this.shown = name;
    for (const each of this.names) {
      this.panes[each].hidden = each !== name;
      this.buttons[each].setAttribute("aria-selected", String(each === name));
      this.buttons[each].tabIndex = each === name ? 0 : -1;
    }
    this.sight.show();
  }

  /** @param {Record<WaitingName, number>} counts */
  draw(counts) {
    for (const name of this.names) {
      const badge = this.buttons[name].querySelector(".view-badge");
      if (badge) write(badge, counts[name] ? String(counts[name]) : "");
    }
    const first = this.names.find((name) => name !== "muted" && counts[name]);
    if (!this.chosen && first && !counts[this.shown]) this.#show(first);
  }
}

/** What waits on the host's own notes: no event tells of it, so it is read when somebody looks. */
export class NotesBox {
  /** @param {(waiting: number) => void} onChange */
  constructor(onChange) {
    this.waiting = 0;
    this.desk = new NoteDesk((waiting) => {
      this.waiting = waiting;
      onChange(waiting);
    });
    this.words = h("p.fine", {}, t("note_desk.only_host"));
    this.root = h("section.panel-box", { "aria-label": t("note_desk.title") },
      h("div.box-head", {}, h("h2", {}, t("note_desk.title"))), this.words);
  }

  /** @param {boolean} isHost */
  read(isHost) {
    if (!isHost) return;
    if (this.words.isConnected) this.words.replaceWith(h("div.note-desk-parts", {}, this.desk.parts));
    void this.desk.read();
  }
}

/** The open questions in short; they are answered where the queue is. */
export class OpenQuestions {
  /** @param {(question: string) => void} take */
  constructor(take) {
    this.take = take;
    this.list = h("ol.review");
    this.root = h("section.panel-box", { "aria-label": t("queue.title") },
      h("div.box-head", {}, h("h2", {}, t("queue.title"))), this.list);
  }

  /** @param {Pick<DeskState, "queue">} desk */
  draw({ queue }) {
    const open = queue.filter(({ status }) => status === "open");
    this.list.replaceChildren(...(open.length ? open.map((it) => this.#row(it))
      : [h("li.fine", {}, t("queue.none"))]));
  }

  /** @param {Question} question */
  #row({ question, text, asked, name }) {
    return h("li.waits-question", { data: { waits: question } },
      h("div.question-words", {}, h("p", {}, text),
        h("span.fine", {}, asked > 1 ? t("queue.asked", { n: asked }) : name)),
      h("button.plain.small-button", { type: "button", data: { do: "waits-take" },
        "aria-label": `${t("queue.take")}: ${text}`, onclick: () => this.take(question) },
      t("queue.take")));
  }
}
