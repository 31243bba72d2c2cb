// Featured slots: what operators put in front of everybody, and for how long.

import "../ui/topic-words.js";
import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";

/** @import { OwnSlot, SlotsPage } from "../ui/answers.js" */
/** @import { Key } from "../ui/strings.js" */

/** @type {(slot: OwnSlot, now: number) => Key} */
const stateOf = ({ starts, ends, dropped }, now) => (dropped ? "featured.dropped"
  : ends <= now ? "featured.over" : starts > now ? "featured.coming" : "featured.running");

/** A time as a field has it, in ms; 0 if it is empty. @param {string} [text] */
export const timeOf = (text) => (text ? new Date(text).getTime() : 0);

/** A section of the page. */
export class Featured {
  constructor() {
    this.list = new PagedList(
      (cursor) => rest("GET", `/v1/ops/featured?cursor=${encodeURIComponent(String(cursor ?? ""))}`),
      (/** @type {SlotsPage} */ page) => page.slots.map((slot) => this.#row(slot)),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("featured.none")),
        name: "more-featured" });
    this.root = h("section.ops-box.featured", {},
      h("div.ops-row", {}, h("h2", {}, t("featured.title")),
        h("button.plain.small-button", { type: "button", data: { do: "feature" },
          onclick: () => this.#make() }, t("featured.new"))),
      this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {OwnSlot} slot */
  #row(slot) {
    const { slot: id, kind, id: ref, host, topic, starts, ends, by } = slot;
    const state = stateOf(slot, Date.now());
    const open = state === "featured.running" || state === "featured.coming";
    return h("li", { data: { slot: id } },
      h("span.fine", {}, beside(t(state), `${day(starts)} – ${day(ends)}`,
        topic ? t("featured.in_topic", { topic }) : t("featured.in_feed"))),
      h("p", { dir: "auto" }, h("b", {}, beside(t(`featured.${kind}`), ref)), " ",
        h("span.fine", {}, beside(host, t("featured.by", { by })))),
      open && h("div.actions", {}, h("button.quiet.small-button", { type: "button",
        data: { do: "unfeature" }, onclick: () => this.#drop(id) }, t("featured.drop"))));
  }

  #make() {
    formSheet(t("featured.new"), [
      choice("kind", t("featured.kind"), [["room", t("featured.room")],
        ["note", t("featured.note")]], "room"),
      field("id", t("featured.id"), { required: true, maxlength: "64" }),
      field("topic", t("featured.where"), { maxlength: "40" }),
      field("starts", t("featured.starts"), { type: "datetime-local" }),
      field("ends", t("featured.ends"), { type: "datetime-local", required: true }),
    ], t("save"), async ({ kind, id = "", topic = "", starts, ends }) => {
      await rest("PUT", `/v1/featured/${crypto.randomUUID()}`, { thing: { kind, id: id.trim() },
        topic: topic.trim(), starts: timeOf(starts), ends: timeOf(ends) });
      await this.read();
    });
  }

  /** @param {string} id */
  async #drop(id) {
    if (!await sure(t("featured.drop_sure"), t("featured.drop"))) return;
    await rest("DELETE", `/v1/featured/${encodeURIComponent(id)}`)
      .catch((error) => toast(whyNot(error)));
    await this.read();
  }
}
