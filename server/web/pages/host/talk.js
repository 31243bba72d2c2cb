// The host's comments: read, chosen, removed; their authors muted; the notice and slow mode.

import { beside } from "../ui/bidi.js";
import { CommentList } from "../ui/comments.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { openSheet, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { noticeForm } from "./forms.js";
import { attempt } from "./shelf.js";

/**
 * @import { Comment, Room } from "../liveroom.js"
 * @import { Desk } from "./desk.js"
 * @import { QuickReplies } from "./quick-replies.js"
 */

const MUTE_S = 600;
const SLOW_S = [0, 5, 15, 60];

export class HostTalk {
  /**
   * @param {Room} room
   * @param {Desk} desk
   * @param {QuickReplies} quick
   */
  constructor(room, desk, quick) {
    this.room = room;
    this.quick = quick;
    this.desk = desk;
    /** @type {HTMLElement | null} */
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
        h("button.plain.small-button", { type: "button", data: { do: "notice" },
          onclick: () => noticeForm(room) },
          icon("horn"), t("host.notice"))),
      this.slow, this.list.root,
      h("form.host-say", { onsubmit: (event) => this.#say(event) }, this.field,
        this.button));
    this.list.view.addEventListener("click", (event) => {
      const at = event.target;
      const row = this.list.shown().find((shown) => at instanceof Node && shown.contains(at));
      if (row) this.choose(row);
    });
  }

  draw() {
    const { slow_s, phase, kind } = viewOf(this.room);
    this.field.disabled = this.button.disabled = phase !== "live" && kind !== "group";
    this.field.placeholder = t(this.field.disabled && phase === "ended" ? "comment.after"
      : this.field.disabled ? "comment.before" : "comment.placeholder");
    this.slow.disabled = phase === "ended";
    for (const input of this.slow.querySelectorAll("input")) {
      input.checked = Number(input.value) === slow_s;
    }
  }

  /** @type {(row: HTMLElement, comment: Comment) => void} */
  #addActions(row, comment) {
    if (comment.shadow) {
      row.firstElementChild?.append(h("span.ask-tag", {}, t("people.shadow")));
    }
    const answer = iconButton("ask", `${t("quick.answer")}: ${comment.name}`,
      () => this.quick.openFor(beside(comment.name, comment.text),
        (text) => attempt(this.room.comment(text, { replyTo: comment.id }))));
    const pin = iconButton("pin", `${t("comment.pin")}: ${comment.name}`, () => this.pin(row));
    const others = ["host", "admin", "system"].includes(comment.role) ? [] : this.#actionsOnViewers(row, comment);
    row.append(h("span.row-actions", { role: "group",
      "aria-label": t("host.actions", { name: comment.name }) }, answer, pin, others));
  }

  /** @type {(row: HTMLElement, comment: Comment) => HTMLElement[]} */
  #actionsOnViewers(row, comment) {
    return [
      iconButton("star", `${t("host.keep")}: ${comment.name}`, () => this.keep(row)),
      iconButton("mute", `${t("host.mute")}: ${comment.name}`, () => this.mute(row)),
      iconButton("trash", `${t("host.delete")}: ${comment.name}`, () => this.remove(row)),
    ];
  }

  /** @param {Event} event */
  async #say(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    // What somebody wrote must not be lost.
    if (!await attempt(this.room.comment(text))) this.field.value ||= text;
  }

  /** @param {HTMLElement} row */
  choose(row) {
    this.chosen?.classList.remove("chosen");
    this.chosen = row;
    row.classList.add("chosen");
    row.scrollIntoView({ block: "nearest" });
  }

  /**
   * Choose the next (1) or the previous (-1) comment; the list holds still meanwhile.
   * @param {number} by
   */
  move(by) {
    this.list.pause();
    const rows = this.list.shown();
    const at = rows.findIndex((row) => row === this.chosen);
    const next = at < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, at + by));
    if (rows.length) this.choose(rows[next]);
  }

  async remove(row = this.chosen) {
    if (row) await attempt(this.room.commentRemove(row.dataset.id ?? ""));
  }

  /** Keep it for the replay. */
  async keep(row = this.chosen) {
    if (row && await attempt(this.room.commentKeep(row.dataset.id ?? ""))) toast(t("host.kept"));
  }

  /** Pin it above all others, with the way back. */
  async pin(row = this.chosen) {
    if (!row || !await attempt(this.room.commentPin(row.dataset.id ?? ""))) return;
    toast(t("comment.pinned"), { forMs: 6000, action: { label: t("comment.unpin"),
      run: () => attempt(this.room.commentUnpin()) } });
  }

  mute(row = this.chosen) {
    if (!row) return;
    const { user = "" } = row.dataset;
    const name = row.querySelector(".name")?.textContent ?? user;
    /** @type {(leave: () => void, command: () => Promise<object>, words: string) => () => void} */
    const run = (leave, command, words) => async () => {
      leave();
      if (!await this.desk.change(command())) return;
      toast(words, { forMs: 6000, action: { label: t("host.undo"),
        run: () => this.desk.change(this.room.mute(user, 0)) } });
    };
    openSheet(name, (leave) => h("div.stack", {},
      h("button.primary.wide", { type: "button", onclick: run(leave,
        () => this.room.mute(user, MUTE_S), t("host.muted", { name })) }, t("host.mute")),
      h("button.plain.wide", { type: "button", data: { do: "shadow" }, onclick: run(leave,
        () => this.room.mute(user, MUTE_S, { shadow: true }), t("host.shadowed", { name })) },
      t("host.shadow")),
      h("p.fine", {}, t("host.shadow_hint")),
      h("button.plain.wide", { type: "button", data: { do: "moderator" }, onclick: async () => {
        leave();
        if (await this.desk.change(this.room.moderatorAdd(user))) {
          toast(t("host.moderator_made", { name }));
        }
      } }, t("host.make_moderator"))), { kind: "sure-sheet" });
  }
}
