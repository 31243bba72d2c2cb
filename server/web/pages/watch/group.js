// A fan group's door: who is not a member is invited.

import "../ui/later-words.js";
import { Room } from "../liveroom.js";
import { h, icon } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { openSignIn, rest, whoAmI } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { failureOf, t, whyNot } from "../ui/strings.js";
import { watchPath } from "./address.js";
import { roomsOf } from "./head.js";

/** @import { HostView } from "../ui/answers.js" */

const GROUP = /^fans:(.+)$/;

/**
 * One joins a group from a room of its host: by a connection that lasts for that alone.
 * @param {string} roomId
 */
async function joinFrom(roomId) {
  const room = new Room({ room: roomId });
  try {
    await room.join();
    return await room.groupJoin();
  } finally {
    room.close();
  }
}

/**
 * The host's page; null if it cannot be read.
 * @param {string} host
 * @returns {Promise<HostView | null>}
 */
async function hostView(host) {
  try {
    return await rest("GET", `/v1/hosts/${encodeURIComponent(host)}`);
  } catch {
    return null;
  }
}

/**
 * What stands where the chat would: whose group it is, and the way in.
 * @param {string} roomId
 */
export async function showInvitation(roomId) {
  const host = GROUP.exec(roomId)?.[1];
  if (!host) return closed();
  const [view, { you }] = await Promise.all([hostView(host), whoAmI()]);
  const rooms = view ? roomsOf(view) : [];
  const join = h("button.primary.wide", { type: "button", data: { do: "join-group" },
    onclick: async () => {
      if (!you) return openSignIn({ why: t("group.sign_in"), then: () => location.reload() });
      join.disabled = true;
      try {
        await joinFrom(rooms[0].room);
        location.reload();
      } catch (error) {
        toast(failureOf(error).code === "forbidden"
          ? t(view?.group?.admits === "buyers" ? "group.buyers" : "group.followers")
          : whyNot(error));
        join.disabled = false;
      }
      return null;
    } }, icon("person"), t("group.join"));
  return h("main.invitation", {}, h("div.login-card", {},
    h("h1", {}, view?.group?.title ?? t("group.of", { name: view?.name || host })),
    h("p", {}, t("group.members_only")), h("p.fine", {}, t("group.why")),
    view && h("p.fine", {}, view.group ? t("group.members", { n: number(view.group.members) })
      : t("follow.count", { n: number(view.followers) })),
    rooms.length ? [join, h("a.plain.wide.button", { href: watchPath(rooms[0].room) },
      rooms[0].title)] : h("p.fine", {}, t("group.no_room"))),
  h("a.plain.button", { href: "/" }, t("back")));
}

const closed = () => h("main.invitation", {}, h("div.login-card", {},
  h("h1", {}, t("watch.not_public")), h("a.primary", { href: "/" }, t("back"))));
