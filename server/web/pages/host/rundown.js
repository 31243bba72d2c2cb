// The run of show: what comes when, dragged into order, and one press that does it.

import { beside } from "../ui/bidi.js";
import { everyTick, h, icon, iconButton, write } from "../ui/dom.js";
import { clock, number } from "../ui/format.js";
import { Ordering } from "../ui/ordering.js";
import { sure } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { itemForm } from "./rundown-form.js";

/**
 * @import { Room, RundownItem, RundownKind } from "../liveroom.js"
 * @import { IconName } from "../ui/dom.js"
 * @import { Planned } from "./planned.js"
 */

const MINUTE_MS = 60_000;
const SOON_MS = 30_000; // so near to the plan is on time
/** @type {Record<RundownKind, IconName>} */
export const ITEM_ICONS = { product: "pin", sale: "bolt", poll: "poll", lucky: "gift", coupon: "ticket",
  auction: "hammer", note: "edit" };

/**
 * "Behind by 4 min", as long as the stream is on; "" where nothing says.
 * @param {Planned} planned
 * @param {Room} room
 */
export function behindText(planned, room) {
  const late = viewOf(room).phase === "live" ? planned.behind(room.now()) : null;
  if (late === null) return "";
  if (Math.abs(late) < SOON_MS) return t("rundown.on_time");
  const n = Math.max(1, Math.round(Math.abs(late) / MINUTE_MS));
  return t(late > 0 ? "rundown.behind" : "rundown.ahead", { n });
}

export class RundownBox {
  /**
   * @param {Room} room
   * @param {Planned} planned
   */
  constructor(room, planned) {
    this.room = room;
    this.planned = planned;
    this.list = h("ol.rundown-list");
    this.behind = h("span.rundown-behind");
    this.ordering = new Ordering(this.list, (item, before) => planned.move(item, before),
      () => this.draw());
    this.root = h("section.panel-box.rundown", { "aria-label": t("rundown.title") },
      h("div.box-head", {}, h("h2", {}, t("rundown.title")), this.behind,
        h("button.plain.small-button", { type: "button", data: { do: "plan" },
          onclick: () => itemForm(room) }, icon("plus"), t("rundown.add"))),
      this.list);
  }

  /** Once it stands in the page. */
  start() { everyTick(this.behind, () => this.#drawBehind()); }

  #drawBehind() {
    const late = this.planned.behind(this.room.now()) ?? 0;
    this.behind.dataset.late = String(late >= MINUTE_MS && viewOf(this.room).phase === "live");
    write(this.behind, behindText(this.planned, this.room));
  }

  draw() {
    if (this.ordering.isBusy) return;
    const { items, next } = this.planned;
    this.ordering.fill(items.length ? items.map((it) => this.#row(it, it === next))
      : [h("li.empty", {}, icon("clock"), h("p", {}, t("rundown.none")))]);
  }

  /** @type {(it: RundownItem, isNext: boolean) => HTMLElement} */
  #row(it, isNext) {
    const { item, kind, title, done = 0, planned = 0, lasts_s: lasts = 0 } = it;
    const time = done || planned;
    const remove = async () => {
      if (await sure(t("rundown.remove_sure", { title }), t("rundown.remove"))) {
        await this.planned.remove(item);
      }
    };
    return h("li.rundown-item", { class: isNext ? "is-next" : "",
      data: { key: item, kind, done: String(Boolean(done)) } },
    this.ordering.handle(item, title),
    h("span.rundown-time.digits", {}, time ? clock(time, false) : "–"),
    h("div.rundown-words", {}, h("p", {}, icon(ITEM_ICONS[kind]), h("bdi", {}, title)),
      h("span.fine", {}, beside(isNext && t("rundown.next"), t(`rundown.kind_${kind}`),
        lasts > 0 && t("rundown.minutes", { n: number(Math.round(lasts / 6) / 10) }),
        done > 0 && t("rundown.done")))),
    h("div.rundown-do", {},
      done
        ? iconButton("undo", `${t("rundown.undo")}: ${title}`, () => this.planned.mark(item, false))
        : h("button.small-button", { type: "button", class: isNext ? "primary" : "plain",
          data: { do: "item" }, "aria-label": `${t("rundown.do")}: ${title}`,
          onclick: () => this.planned.do(item) }, t(kind === "note" ? "rundown.check" : "rundown.do")),
      iconButton("edit", `${t("host.edit")}: ${title}`, () => itemForm(this.room, it)),
      iconButton("trash", `${t("rundown.remove")}: ${title}`, remove)));
  }
}
