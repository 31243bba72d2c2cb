// A room in a list: its cover, where it stands, whose it is; and a reminder while it is to come.

import { h, icon } from "./dom.js";
import { day, short } from "./format.js";
import { roomText } from "./phase.js";
import { cover, posterVars } from "./poster.js";
import { toast } from "./sheet.js";
import { t, whyNot } from "./strings.js";

/**
 * @import { RoomView } from "../liveroom.js"
 * @import { Child } from "./elements.js"
 * @import { Ties } from "./ties.js"
 * @typedef {Pick<RoomView, "room" | "title" | "host" | "phase"> & Partial<RoomView>
 *   & {link?: string}} Shown `link` leads there, if it says more than the room's address
 */

/**
 * Whether it was shown, and can be looked at again.
 * @param {Shown} room
 */
export const isReplay = ({ phase, started = 0, cancelled }) =>
  phase === "ended" && started > 0 && !cancelled;

/**
 * Who has reserved, or how it was liked; nothing of a number that the list does not tell.
 * @param {Shown} room
 */
export function interest({ phase, reserved, likes = 0, draft, scheduled = 0 }) {
  if (draft) return scheduled ? day(scheduled) : "";
  if (phase === "scheduled") {
    return reserved ? t("waiting.count", { n: short(reserved) }) : "";
  }
  return likes && phase === "ended" ? t("likes", { n: short(likes) }) : "";
}

/**
 * What a card shows, as one text: it is drawn anew when this differs.
 * @type {(room: Shown, ties: Ties) => string}
 */
export const shownAs = (room, ties) => JSON.stringify([room.room, room.title, room.scheduled,
  room.cover, room.host_name, roomText(room), interest(room), room.online,
  ties.follows.has(room.host)]);

/** @type {(room: Shown) => string} */
export const pathOf = ({ room, link }) => link ?? `/watch/${encodeURIComponent(room)}`;

/** @type {(host: string) => string} */
export const hostPath = (host) => `/h/${encodeURIComponent(host)}`;

/** @type {(host: string, name: string) => HTMLElement} */
export const hostLink = (host, name) =>
  h("a.room-host", { href: hostPath(host) }, h("b", { dir: "auto" }, name || host));

/**
 * What leads to a room or a note in a list: its picture, `more` on it, its title below.
 * @type {(href: string, id: string, title: string, picture: Child, ...more: Child[]) =>
 *   HTMLElement}
 */
export const tile = (href, id, title, picture, ...more) => h("a.room-link", { href },
  h("span.room-poster", {}, h("span.poster", { vars: posterVars(id + title) }, picture), more,
    h("span.room-name", { dir: "auto" }, title)));

/**
 * How many watch, beside the word that it is live; nothing where the list does not tell it.
 * @type {(online?: number) => Child}
 */
export const watching = (online) => online !== undefined && h("span.watching", {}, icon("eye"),
  h("span", { "aria-hidden": "true" }, short(online)),
  h("span.only-aloud", {}, t("home.viewers", { n: short(online) })));

/**
 * `withHost`: the line below says whose it is; `more` comes last.
 * @type {(room: Shown, ties: Ties, options?: {withHost?: boolean, more?: Child[]}) => HTMLElement}
 */
export function roomCard(room, ties, { withHost = true, more = [] } = {}) {
  const isComing = room.phase === "scheduled" && !room.draft;
  const isOver = isReplay(room);
  const when = isComing && room.scheduled ? day(room.scheduled)
    : isOver && room.started ? day(room.started) : roomText(room);
  return h("li.room", {},
    tile(pathOf(room), room.room, room.title, cover(room),
      h("span.phase", { data: { phase: room.phase } },
        isOver && h("span.room-play", {}, icon("play")), when,
        room.phase === "live" && watching(room.online))),
    h("div.room-line", {},
      withHost && hostLink(room.host, room.host_name || ""),
      withHost && ties.follows.has(room.host) && h("span.tag.followed", {}, t("follow.on")),
      h("span.fine", {}, interest(room))),
    isComing && reminder(room, ties),
    more);
}

/**
 * A room in one low row, so that a list of them takes little of a page: when it comes or where it
 * stands, what it is, whose; and the reminder, or `own` in its place for who needs none.
 * @type {(room: Shown, ties: Ties, own: Child) => HTMLElement}
 */
export const lowRow = (room, ties, own) => h("li.room.low-room", {},
  h("a.low-link", { href: pathOf(room) },
    h("span.low-picture", {}, h("span.poster", { vars: posterVars(room.room + room.title) },
      cover(room))),
    h("span.low-words", {},
      h("span.low-when", {}, room.scheduled ? day(room.scheduled) : roomText(room)),
      h("b.low-title", { dir: "auto" }, room.title),
      h("span.fine", {}, h("bdi", {}, room.host_name || room.host),
        ties.follows.has(room.host) && h("span.tag.followed", {}, t("follow.on")),
        !room.draft && interest(room) && h("span.low-interest", {}, interest(room))))),
  own || reminder(room, ties));

/**
 * A place to reserve, and the start for one's own calendar.
 * @type {(room: Shown, ties: Ties) => HTMLElement}
 */
export function reminder(room, ties) {
  const button = h("button.small-button", { type: "button", data: { do: "reserve" } });
  const calendar = h("a.quiet.small-button.button", { data: { do: "calendar" }, hidden: true,
    href: `/v1/rooms/${encodeURIComponent(room.room)}/calendar.ics`, "aria-label":
      `${t("waiting.calendar")}: ${room.title}` }, icon("clock"));
  const draw = () => {
    const isOn = ties.reserved.has(room.room);
    button.className = `${isOn ? "plain" : "primary"} small-button`;
    button.setAttribute("aria-pressed", String(isOn));
    button.setAttribute("aria-label", `${t("waiting.reserve")}: ${room.title}`);
    button.replaceChildren(icon(isOn ? "check" : "bell"),
      h("span", {}, t(isOn ? "waiting.on" : "waiting.reserve")));
    calendar.hidden = !isOn || !room.scheduled;
  };
  button.addEventListener("click", async () => {
    if (ties.needSignIn()) return;
    button.disabled = true;
    const on = !ties.reserved.has(room.room);
    try {
      await ties.reserve(room.room, on);
      toast(t(on ? "waiting.reserved" : "waiting.given_up"));
    } catch (error) {
      toast(whyNot(error));
    }
    button.disabled = false;
    draw();
  });
  draw();
  return h("div.room-remind", {}, button, calendar);
}
