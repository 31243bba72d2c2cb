// Before the stream: when it starts, what will be shown, and a place to reserve.

import { costText } from "../ui/cost.js";
import { h, icon, write } from "../ui/dom.js";
import { day, number } from "../ui/format.js";
import { thumbnail } from "../ui/product.js";
import { toast } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { roomId } from "./address.js";

/** @import { Page } from "./page.js" */

export class Waiting {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.key = ""; // what the preview shows
    this.when = h("p.waiting-when");
    this.count = h("span.fine");
    this.button = h("button.buy", { type: "button", data: { do: "reserve" },
      onclick: () => this.reserve() });
    this.shelf = h("ul.preview");
    this.calendar = h("a.plain.button.to-calendar", { data: { do: "calendar" }, hidden: true,
      href: `/v1/rooms/${encodeURIComponent(roomId)}/calendar.ics` }, icon("clock"),
    t("waiting.calendar"));
    const timer = countdown(() => ctx.room.now(), () => ctx.room.state.room?.scheduled ?? 0,
      () => t("waiting.in"));
    this.root = h("section.waiting", { hidden: true, "aria-label": t("waiting.title") },
      h("div.sale-row", {}, this.when, timer), this.shelf,
      h("div.sale-row", {}, this.count, this.calendar, this.button));
  }

  async reserve() {
    const { ctx, button } = this;
    if (ctx.needSignIn("reserve")) return;
    button.disabled = true;
    const on = !ctx.room.state.mine.reserved;
    try {
      await ctx.room.reserve(on);
      toast(t(on ? "waiting.reserved" : "waiting.given_up"));
    } catch (error) {
      toast(whyNot(error));
    }
    button.disabled = false;
    this.draw();
  }

  draw() {
    const { mine } = this.ctx.room.state;
    const room = viewOf(this.ctx.room);
    this.root.hidden = room.phase !== "scheduled" || room.kind === "group";
    if (this.root.hidden) return;
    write(this.when, room.scheduled ? t("watch.soon_at", { when: day(room.scheduled) })
      : t("watch.soon"));
    write(this.count, room.reserved ? t("waiting.count", { n: number(room.reserved) }) : t("waiting.why"));
    write(this.button, t(mine.reserved ? "waiting.on" : "waiting.reserve"));
    this.button.classList.toggle("quiet-buy", mine.reserved);
    this.calendar.hidden = !mine.reserved || !room.scheduled;
    this.button.setAttribute("aria-pressed", String(mine.reserved));
    const key = JSON.stringify(room.shelf);
    if (key === this.key) return;
    this.key = key;
    this.shelf.hidden = room.shelf.length === 0;
    this.shelf.replaceChildren(...room.shelf.map((product) => h("li", { data: { sku: product.sku } },
      h("button.preview-item", { type: "button", onclick: () => this.ctx.details(product),
        "aria-label": t("product.open", { title: product.title }) }, thumbnail(product),
      h("span.preview-title", {}, product.title),
      h("b", {}, costText(product.price, product.currency))))));
  }
}
