// The host's comments: read, chosen, removed; their authors muted; the notice and slow mode.

import { CommentList } from "../ui/comments.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { sure, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { Asks } from "../ui/asks.js";
import { noticeForm } from "./forms.js";
import { attempt } from "./shelf.js";

const MUTE_S = 600;
const SLOW_S = [0, 5, 15, 60];

export class HostTalk {
  constructor(room) {
    this.room = room;
    this.asks = new Asks();
    this.chosen = null;
    this.list = new CommentList({
      hint: "comment.hot_host",
      always: ({ user, role }) => user === room.state.you?.user || role === "moderator",
      row: (row, comment) => this.#addActions(row, comment),
    });
    this.slow = h("fieldset.chips.slow", {}, h("legend", {}, t("host.slow")), SLOW_S.map((s) =>
      h("label.chip", {}, h("input", { type: "radio", name: "slow", value: String(s),
        onchange: () => attempt(room.send("slow", { seconds: s })) }),
      h("span", {}, s ? t("host.slow_s", { n: s }) : t("host.slow_off")))));
    this.field = h("input", { type: "text", name: "comment", maxlength: "200", autocomplete: "off",
      placeholder: t("comment.placeholder"), "aria-label": t("comment.label") });
    this.button = h("button.primary", { type: "submit", "aria-label": t("comment.send") },
      icon("send"));
    this.root = h("section.panel-box.talk-box", { "aria-label": t("comment.list") },
      h("div.box-head", {}, h("h2", {}, t("host.tab.talk")),
        h("button.plain.small-button", { type: "button", onclick: () => noticeForm(room) },
          icon("horn"), t("host.notice"))),
      this.slow, this.list.root,
      h("form.host-say", { onsubmit: (event) => this.#say(event) }, this.field,
        this.button));
    this.list.view.addEventListener("click", (event) => {
      const row = event.target.closest("li.comment");
      if (row) this.choose(row);
    });
  }

  /** One new comment; returns whether it asks for a link. */
  hear(comment) {
    const asks = this.asks.hear(comment, this.room.state.room);
    this.list.add({ ...comment, asks });
    return asks;
  }

  /** What was said before this console was opened. */
  fill(comments) {
    this.list.fill(comments.map((comment) =>
      ({ ...comment, asks: this.asks.hear(comment, this.room.state.room) })));
  }

  draw() {
    const { slow_s, phase } = this.room.state.room;
    this.field.disabled = this.button.disabled = phase !== "live";
    this.field.placeholder = t({ scheduled: "comment.before", live: "comment.placeholder",
      ended: "comment.after" }[phase]);
    for (const input of this.slow.querySelectorAll("input")) {
      input.checked = Number(input.value) === slow_s;
    }
  }

  #addActions(row, comment) {
    if (comment.asks) row.firstElementChild.append(h("span.ask-tag", {}, t("host.asks")));
    if (["host", "admin"].includes(comment.role)) return;
    row.append(h("span.row-actions", { role: "group",
      "aria-label": t("host.actions", { name: comment.name }) },
    iconButton("mute", `${t("host.mute")}: ${comment.name}`, () => this.mute(row)),
    iconButton("trash", `${t("host.delete")}: ${comment.name}`, () => this.remove(row))));
  }

  async #say(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    // What somebody wrote must not be lost.
    if (!await attempt(this.room.comment(text))) this.field.value ||= text;
  }

  choose(row) {
    this.chosen?.classList.remove("chosen");
    this.chosen = row;
    row?.classList.add("chosen");
    row?.scrollIntoView({ block: "nearest" });
  }

  /** Choose the next (1) or the previous (-1) comment; the list holds still meanwhile. */
  move(by) {
    this.list.pause();
    const rows = [...this.list.rows.children];
    const at = rows.indexOf(this.chosen);
    this.choose(rows[at < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, at + by))]);
  }

  async remove(row = this.chosen) {
    if (row) await attempt(this.room.send("comment.remove", { id: row.dataset.id }));
  }

  async mute(row = this.chosen) {
    if (!row) return;
    const { user } = row.dataset;
    const name = row.querySelector(".name").textContent;
    if (!await sure(`${t("host.mute")}: ${name}`, t("host.mute"))) return;
    if (!await attempt(this.room.send("mute", { user, seconds: MUTE_S }))) return;
    toast(t("host.muted", { name }), { forMs: 6000, action: { label: t("host.undo"),
      run: () => attempt(this.room.send("mute", { user, seconds: 0 })) } });
  }
}
