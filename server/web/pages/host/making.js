// A new room: title, time, picture, the shelf of an earlier stream, and who may see it.

import { beside } from "../ui/bidi.js";
import { day } from "../ui/format.js";
import { roomText } from "../ui/phase.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { failureOf, t } from "../ui/strings.js";
import { fieldTime, momentIn, ownZone } from "../ui/zone.js";
import { choice, field, formSheet, selection } from "../ui/forms.js";

/**
 * @import { Phase } from "../liveroom.js"
 * @import { HostView } from "../ui/answers.js"
 * @typedef {{host: string, name?: string, isSelf: boolean}} Owner
 */

const SHELVES_MAX = 30;
/** @type {Phase[]} */
const PHASES = ["live", "ended", "scheduled"];
/** What a cover may be: another site's picture by https, or one of our own. */
export const COVER = { inputmode: "url", maxlength: "2000", pattern: "https://.+|/[^/].*",
  placeholder: "https://" };

/**
 * The streams whose shelf can be taken over, those that were last first.
 * @param {string} host
 * @returns {Promise<[value: string, words: string][]>}
 */
async function shelvesOf(host) {
  try {
    /** @type {HostView} */
    const { rooms, hidden = [] } = await rest("GET", `/v1/hosts/${encodeURIComponent(host)}`);
    const all = [...PHASES.flatMap((phase) => rooms[phase].map((it) => ({ ...it, phase }))), ...hidden];
    return all.slice(0, SHELVES_MAX).map((it) =>
      [it.room, beside(it.title, it.scheduled ? day(it.scheduled) : roomText(it))]);
  } catch {
    return []; // who never hosted has none
  }
}

/**
 * Open the form; `made(room, isPublic)` goes on once the room is there.
 * @param {string} title
 * @param {Owner} owner whose room it will be
 * @param {(room: string, isPublic: boolean) => unknown} made
 * @param {{when?: number, shelf?: string}} [given]
 */
export async function openMaking(title, owner, made, { when = 0, shelf = "" } = {}) {
  const shelves = await shelvesOf(owner.host);
  const zone = ownZone();
  formSheet(title, [
    field("title", t("home.new_title"), { required: true, maxlength: "80" }),
    field("room", t("home.new_id"), { required: true, maxlength: "64",
      pattern: "(?!\\.{1,2}$)[A-Za-z0-9_.:@\\-]+", value: `room-${Date.now().toString(36).slice(-6)}` }),
    field("when", t("make.when_in", { zone }), { type: "datetime-local", value: fieldTime(when, zone) }),
    field("stream_url", t("home.new_stream"), { type: "url" }),
    field("cover", t("make.cover"), COVER),
    shelves.length ? selection("shelf", t("make.shelf"), [["", t("make.shelf_none")], ...shelves],
      shelves.some(([room]) => room === shelf) ? shelf : "") : null,
    choice("who", t("make.who"), [["public", t("make.public")], ["draft", t("room.draft")],
      ["practice", t("room.practice")]], "public"),
  ], t("home.create"), async (typed) => {
    try {
      await rest("POST", "/v1/rooms", {
        room: typed.room, title: typed.title.trim(),
        ...(typed.when && { scheduled: momentIn(typed.when, zone, toast) }),
        time_zone: zone,
        ...(typed.stream_url && { stream_url: typed.stream_url }),
        ...(typed.cover && { cover: typed.cover }),
        ...(typed.shelf && { shelf_from: typed.shelf }),
        ...(typed.who !== "public" && { [typed.who]: true }),
        ...(!owner.isSelf && { host: owner.host, host_name: owner.name }),
      });
    } catch (thrown) {
      throw failureOf(thrown).code === "conflict" ? new Error(t("err.room_taken")) : thrown;
    }
    await made(typed.room, typed.who === "public");
  });
}
