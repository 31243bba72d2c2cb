// What outlives this room: the fan group, and the next stream.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { day, number } from "../ui/format.js";
import { roomText } from "../ui/phase.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { roomsOf } from "../watch/head.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { openMaking } from "./making.js";

/**
 * @import { Phase, Room } from "../liveroom.js"
 * @import { Group, HostView } from "../ui/answers.js"
 */

/** @type {Group["admits"][]} */
const ADMITS = ["all", "followers", "buyers"];
const HOUR_MS = 3_600_000;

export class Plans {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    /** @type {HostView | null} */
    this.view = null;
    this.body = h("div.plans");
    this.root = h("section.panel-box", { "aria-label": t("plans.title") },
      h("div.box-head", {}, h("h2", {}, t("plans.title")),
        h("button.plain.small-button", { type: "button", data: { do: "next" },
          onclick: () => this.#nextForm() }, icon("plus"), t("plans.next"))), this.body);
  }

  get path() { return `/v1/hosts/${encodeURIComponent(viewOf(this.room).host)}`; }

  async read() {
    try {
      /** @type {HostView} */
      const view = await rest("GET", this.path);
      this.view = view;
      this.draw(view);
    } catch {
      // What is shown stays.
    }
  }

  /** @param {HostView} view */
  draw(view) {
    const { group, followers } = view;
    /** @param {{phase: Phase}} room */
    const isComing = ({ phase }) => phase === "scheduled";
    const coming = [
      ...roomsOf(view).filter(isComing).map((it) => ({ ...it,
        about: t("waiting.count", { n: number(it.reserved) }) })),
      ...(view.hidden ?? []).filter(isComing).map((it) => ({ ...it, about: roomText(it) })),
    ];
    this.body.replaceChildren(
      h("div.host-sale-head", {}, h("b", {}, group ? group.title : t("group.tag")),
        h("span.fine", {}, group ? t("group.members", { n: number(group.members) })
          : t("follow.count", { n: number(followers) }))),
      h("div.actions", {},
        group && h("a.plain.small-button.button", { href: `/watch/${encodeURIComponent(group.id)}` },
          t("group.open")),
        group && h("a.plain.small-button.button", { href: `/host/${encodeURIComponent(group.id)}` },
          t("home.console")),
        h("button.small-button", { type: "button", class: group ? "plain" : "primary",
          data: { do: "group" }, onclick: () => this.#groupForm() },
        t(group ? "host.edit" : "plans.make_group"))),
      coming.length ? h("ul.room-links", {}, coming.map((it) => h("li", {},
        h("a.text-link", { href: `/host/${encodeURIComponent(it.room)}` },
          beside(it.scheduled ? day(it.scheduled) : t("soon"), it.title),
          h("span.fine", {}, it.about))))) : "");
  }

  #groupForm() {
    const { group } = this.view ?? {};
    formSheet(t(group ? "host.edit" : "plans.make_group"), [
      field("title", t("plans.group_title"), { required: true, maxlength: "80",
        value: group?.title ?? t("group.of", { name: viewOf(this.room).host_name }) }),
      choice("admits", t("plans.admits"), ADMITS.map((name) => [name, t(`admits.${name}`)]),
        group?.admits ?? "all"),
    ], t("save"), async ({ title, admits }) => {
      await rest("PUT", `${this.path}/group`, { title: title.trim(), admits });
      await this.read();
    });
  }

  #nextForm() {
    const { host, host_name: name, room: shelf } = viewOf(this.room);
    const isSelf = this.room.state.you?.user === host;
    openMaking(t("plans.next"), { host, name, isSelf }, async (room, isPublic) => {
      toast(t(isPublic ? "plans.made" : "make.hidden_made"), { forMs: 8000, action: {
        label: t("plans.fill"),
        run: () => { location.href = `/host/${encodeURIComponent(room)}`; } } });
      await this.read();
    }, { when: Date.now() + 24 * HOUR_MS, shelf });
  }
}
