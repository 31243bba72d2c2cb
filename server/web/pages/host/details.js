// This stream: its title, time and picture, making a draft public, cancelling.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { roomText } from "../ui/phase.js";
import { cover } from "../ui/poster.js";
import { openSheet, sure, toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { field, formSheet } from "../ui/forms.js";
import { fieldTime, knownZones, momentIn, zoneOf } from "../ui/zone.js";
import { COVER } from "./making.js";
import { practiceButton } from "./practice.js";
import { attempt } from "./shelf.js";

/**
 * @import { Room, RoomChanges } from "../liveroom.js"
 * @import { Typed } from "../ui/elements.js"
 */

const REASON_MAX = "200";

/**
 * Ask whether to cancel the room, and why; null if it is kept.
 * @param {boolean} isTold whether people are told of it
 * @returns {Promise<string | null>}
 */
function askToCancel(isTold) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let answer = null;
    const reason = field("reason", t("details.reason"), { maxlength: REASON_MAX });
    const dialog = openSheet(t("details.cancel_title"), (leave) => h("form.stack", {
      onsubmit: (event) => {
        event.preventDefault();
        answer = String(new FormData(event.currentTarget).get("reason") ?? "").trim();
        leave();
      } },
    h("p", {}, t(isTold ? "details.cancel_sure" : "details.cancel_hidden_sure")), reason,
    h("div.actions", {},
      h("button.plain", { type: "button", onclick: leave }, t("details.keep")),
      h("button.primary", { type: "submit", data: { do: "cancel-room" } }, t("details.cancel")))),
    { kind: "sure-sheet" });
    dialog.addEventListener("close", () => resolve(answer));
  });
}

export class DetailsBox {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    this.shown = "";
    this.body = h("div.details");
    this.root = h("section.panel-box", { "aria-label": t("details.title") },
      h("div.box-head", {}, h("h2", {}, t("details.title"))), this.body);
  }

  draw() {
    const room = viewOf(this.room);
    this.root.hidden = room.kind === "group";
    const { title, phase, scheduled, cover: picture, draft, practice, cancelled, time_zone: zone } = room;
    const now = JSON.stringify([title, phase, scheduled, picture, draft, practice, cancelled, zone]);
    if (now === this.shown) return;
    this.shown = now;
    const when = phase === "scheduled" && scheduled ? day(scheduled) : null;
    this.body.replaceChildren(
      h("div.details-head", {}, picture && h("span.details-cover", {}, cover(room)),
        h("div.details-words", {}, h("b", { dir: "auto" }, title),
          h("span.fine", {}, beside(roomText(room), when)))),
      h("div.actions", {},
        h("button.plain.small-button", { type: "button", data: { do: "edit-room" },
          onclick: () => this.#editForm() }, icon("edit"), t("details.edit")),
        draft && phase === "scheduled" && h("button.primary.small-button", { type: "button",
          data: { do: "publish" }, onclick: () => this.publish() }, t("details.publish")),
        phase !== "ended" && !practice && practiceButton(this.room),
        phase === "scheduled" && h("button.plain.small-button", { type: "button",
          data: { do: "cancel" }, onclick: () => this.#cancel() }, icon("trash"), t("details.cancel"))));
  }

  /** A draft becomes public, for good. */
  async publish() {
    if (!await sure(t("details.publish_sure"), t("details.publish"))) return;
    if (await attempt(this.room.roomChange({ draft: false }))) toast(t("details.published"));
  }

  async #cancel() {
    const { draft, practice } = viewOf(this.room);
    const reason = await askToCancel(!draft && !practice);
    if (reason === null) return;
    if (await attempt(this.room.liveCancel(reason))) toast(t("details.cancelled"));
  }

  #editForm() {
    const room = viewOf(this.room);
    const zone = zoneOf(room);
    formSheet(t("details.edit"), [
      field("title", t("home.new_title"), { required: true, maxlength: "80", value: room.title }),
      room.phase === "scheduled" ? field("when", t("make.when_in", { zone }), { type: "datetime-local",
        value: fieldTime(room.scheduled, zone) }) : null,
      zoneField(zone),
      field("stream_url", t("home.new_stream"), { value: room.stream_url, inputmode: "url" }),
      field("embed_url", t("details.embed"), { value: room.embed_url, inputmode: "url" }),
      field("cover", t("make.cover"), { ...COVER, value: room.cover }),
    ], t("save"), async (typed) => {
      const changes = changesIn(room, typed);
      if (Object.keys(changes).length === 0) return;
      await this.room.roomChange(changes);
      toast(t("details.saved"));
    });
  }
}

/**
 * The zone in which the room's times are meant, to be chosen from those this browser knows.
 * @param {string} zone
 */
const zoneField = (zone) => h("div", {},
  field("time_zone", t("details.zone"), { list: "zones", value: zone, maxlength: "64",
    spellcheck: "false" }),
  h("datalist", { id: "zones" }, knownZones().map((name) => h("option", { value: name }))));

/**
 * What was changed; a field left empty is cleared.
 * @param {{title: string, scheduled: number, stream_url: string, embed_url: string, cover: string,
 *   time_zone: string}} room
 * @param {Typed} typed
 * @returns {RoomChanges}
 */
function changesIn(room, typed) {
  /** @type {RoomChanges} */
  const changes = {};
  const title = typed.title.trim();
  if (title !== room.title) changes.title = title;
  // The field has no seconds: what was not touched stays as it is.
  const zone = zoneOf(room);
  if (typed.when !== undefined && typed.when !== fieldTime(room.scheduled, zone)) {
    changes.scheduled = momentIn(typed.when, zone, toast);
  }
  if (typed.time_zone.trim() && typed.time_zone.trim() !== zone) changes.time_zone = typed.time_zone.trim();
  for (const name of /** @type {const} */ (["stream_url", "embed_url", "cover"])) {
    const text = typed[name].trim();
    if (text !== room[name]) changes[name] = text || null;
  }
  return changes;
}
