// Puts a pick on the shelf of one of the host's rooms.

import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { sentenceOf } from "../ui/forms.js";
import { rest } from "../ui/session.js";
import { openSheet, toast } from "../ui/sheet.js";
import { failureOf, phaseText, t } from "../ui/strings.js";

/** @import { HostView } from "../ui/answers.js" */
/** @import { Phase } from "../liveroom.js" */

/** @typedef {{room: string, title: string, phase: Phase, scheduled: number}} Choice */

/**
 * The rooms of a host that are live or to come, the live ones first.
 * @param {string} path of the host
 * @returns {Promise<Choice[]>}
 */
async function roomsOf(path) {
  try {
    /** @type {HostView} */
    const { rooms, hidden = [] } = await rest("GET", path);
    /** @type {("live" | "scheduled")[]} */
    const phases = ["live", "scheduled"];
    const listed = phases.flatMap((phase) => rooms[phase].map((room) => ({ ...room, phase })));
    return [...listed, ...hidden.filter(({ phase }) => phase !== "ended")]
      .map(({ room, title, phase, scheduled = 0 }) => ({ room, title, phase, scheduled }));
  } catch (error) {
    if (failureOf(error).code === "not_found") return []; // no room yet
    throw error;
  }
}

/**
 * Let the host choose a room, and put the pick on its shelf.
 * @param {string} path of the host
 * @param {string} pick
 * @param {string} title of the goods
 */
export async function shelve(path, pick, title) {
  /** @type {Choice[]} */
  let rooms;
  try {
    rooms = await roomsOf(path);
  } catch (error) {
    toast(sentenceOf(error));
    return;
  }
  openSheet(t("select.shelve_of", { title }), (leave) => h("div.stack", {},
    rooms.length ? null : h("p", {}, t("select.no_rooms")),
    rooms.map((room) => h("button.plain.wide.room-choice", { type: "button",
      data: { room: room.room }, onclick: async () => {
        if (await put(room.room, pick)) leave();
      } }, h("b", { dir: "auto" }, room.title),
    h("span.fine", {}, beside(phaseText(room.phase), room.scheduled ? day(room.scheduled) : null)))),
    h("a.plain.wide.button", { href: "/" }, t("select.new_room"))));
}

/**
 * Whether it is on the shelf now; what went wrong is told.
 * @type {(room: string, pick: string) => Promise<boolean>}
 */
export async function put(room, pick) {
  try {
    /** @type {{skus: string[]}} */
    const { skus } = await rest("PUT",
      `/v1/rooms/${encodeURIComponent(room)}/picks/${encodeURIComponent(pick)}`, {});
    toast(t("select.on_shelf", { n: skus.length }));
    return true;
  } catch (error) {
    toast(sentenceOf(error));
    return false;
  }
}
