// What waits for somebody of the host's team: held comments, reports, questions, people who are muted; and
// for the host alone, comments on their notes.

import { h } from "../ui/dom.js";
import { NoteDesk } from "../ui/note-desk.js";
import { t } from "../ui/strings.js";
import { TabRow } from "../ui/tab-row.js";

/**
 * @import { Question } from "../liveroom.js"
 * @import { DeskState } from "./console.js"
 * @typedef {"held" | "reports" | "notes" | "questions" | "muted"} WaitingName
 */

export class WaitingBox {
  /** @param {Record<WaitingName, HTMLElement>} panes */
  constructor(panes) {
    this.chosen = false; // by somebody; until then the first that has something is shown
    this.names = /** @type {WaitingName[]} */ (Object.keys(panes));
    const tabs = this.names.map((name) => ({ name, words: t(`waits.${name}`), data: { waits: name },
      pane: Object.assign(panes[name], { id: `waits-${name}` }) }));
    /** @type {TabRow<WaitingName>} */
    this.row = new TabRow(t("waits.title"), tabs, (name) => this.choose(name), { ids: "waits-" });
    this.root = h("section.waiting-box", { "aria-label": t("waits.title") }, this.row.root,
      tabs.map(({ pane }) => pane));
    this.row.show("held");
  }

  /** @param {WaitingName} name */
  choose(name) {
    this.chosen = true;
    this.row.show(name);
  }

  /** @param {Record<WaitingName, number>} counts */
  draw(counts) {
    for (const name of this.names) this.row.badge(name, counts[name]);
    const { shown } = this.row;
    const first = this.names.find((name) => name !== "muted" && counts[name]);
    if (!this.chosen && first && !(shown && counts[shown])) this.row.show(first);
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
