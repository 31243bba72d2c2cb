// What viewers report in this room, and what the room's staff does about it.

import "../ui/report-words.js";
import { beside } from "../ui/bidi.js";
import { h, icon, iconButton } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { hasWords, t } from "../ui/strings.js";
import { attempt } from "./shelf.js";

/** @import { DeskReport, Room } from "../liveroom.js" */

/** The reports that wait for host and moderators. */
export class ReportsBox {
  /**
   * @param {Room} room
   * @param {() => void} onChange
   */
  constructor(room, onChange) {
    this.room = room;
    this.onChange = onChange;
    this.waiting = 0;
    this.list = h("ol.review");
    this.root = h("section.panel-box", { "aria-label": t("reports.title") },
      h("div.box-head", {}, h("h2", {}, t("reports.title"))), this.list);
  }

  listen() {
    this.room.on("joined", () => this.read());
    this.room.on("reports", () => this.read());
  }

  async read() {
    const reports = await this.room.reports().catch(() => null); // read again at the next event
    if (!reports) return;
    this.waiting = reports.length;
    this.list.replaceChildren(...(reports.length ? reports.map((it) => this.#row(it))
      : [h("li.fine", {}, t("reports.none"))]));
    this.onChange();
  }

  /** @param {DeskReport} report */
  #row({ thing, about, name, text, count, kinds, words }) {
    const why = Object.entries(kinds).map(([kind, n]) => {
      const key = `report.kind_${kind}`;
      return `${hasWords(key) ? t(key) : kind} ×${number(n ?? 0)}`;
    });
    /** @param {"dismissed" | "removed" | "muted"} outcome */
    const settle = (outcome) => attempt(this.room.reportSettle(thing, outcome));
    return h("li.held", { data: { thing } },
      h("div.question-words", {}, h("p", { dir: "auto" }, `${name}: ${text}`),
        h("span.fine", {}, beside(t(`reports.about_${about}`), t("reports.count", { n: count }),
          ...why)),
        words.map((each) => h("span.fine", { dir: "auto" }, `“${each}”`))),
      about === "comment" && iconButton("trash", `${t("reports.removed")}: ${text}`,
        () => settle("removed")),
      iconButton("mute", `${t("reports.muted")}: ${name}`, () => settle("muted")),
      h("button.plain.small-button", { type: "button", data: { do: "dismiss" },
        "aria-label": `${t("reports.dismissed")}: ${text}`, onclick: () => settle("dismissed") },
      icon("check"), t("reports.dismissed")));
  }
}
