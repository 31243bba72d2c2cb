// The room list, /.

import { Search } from "./home/search.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon, write } from "./ui/dom.js";
import { day, short } from "./ui/format.js";
import { writeAloud } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { posterVars } from "./ui/poster.js";
import { Repeat } from "./ui/repeat.js";
import { rest, whoAmI } from "./ui/session.js";
import { openSheet } from "./ui/sheet.js";
import { failureOf, phaseText, t, whyNot } from "./ui/strings.js";

/**
 * @import { Phase } from "./liveroom.js"
 * @import { RoomRow } from "./ui/answers.js"
 * @import { Props } from "./ui/elements.js"
 * @import { Key } from "./ui/strings.js"
 */

const READ_MS = 5000;
const ENDED_MAX = 12;

/** @type {Phase[]} */
const PHASES = ["live", "scheduled", "ended"];
/** @type {Record<Phase, Key>} */
const TITLES = { live: "home.title", scheduled: "home.soon", ended: "home.ended" };

const session = await whoAmI();
const sections = new Map(PHASES.map((phase) => [phase, section(phase)]));
const none = h("div.empty", { hidden: true }, icon("eye"), h("p", {}, t("home.none")),
  h("p.fine", {}, t("home.none_hint")));
const trouble = h("p.fine");
const main = h("main.home", {}, trouble, none, [...sections.values()].map(({ root }) => root));
const mayHost = ["host", "admin"].includes(session.you?.role ?? "guest");

/** @param {Phase} phase */
function section(phase) {
  const grid = h("ul.rooms");
  const title = h("h2", {}, t(TITLES[phase]));
  return { grid, root: h("section", { hidden: true }, title, grid), shown: "" };
}

/**
 * Who watches, who has reserved, or how it was liked.
 * @param {Pick<RoomRow, "phase" | "online" | "reserved" | "likes">} room
 */
function interest({ phase, online = 0, reserved = 0, likes = 0 }) {
  if (phase === "live") return t("home.viewers", { n: short(online) });
  if (phase === "scheduled") return t("waiting.count", { n: short(reserved) });
  return t("likes", { n: short(likes) });
}

/** @param {RoomRow} room */
function card(room) {
  const path = encodeURIComponent(room.room);
  const own = session.you?.role === "admin" || room.host === session.you?.user;
  const when = room.phase === "scheduled" && room.scheduled
    ? t("watch.soon_at", { when: day(room.scheduled) })
    : phaseText(room.phase);
  return h("li.room", {},
    h("a.room-link", { href: `/watch/${path}` },
      h("span.room-poster", {}, h("span.poster", { vars: posterVars(room.room + room.title) }),
        h("span.phase", { data: { phase: room.phase } }, when),
        h("span.room-name", { dir: "auto" }, room.title)),
      h("span.room-line", {}, h("b", { dir: "auto" }, room.host_name || room.host),
        h("span.fine", {}, interest(room)))),
    own && h("a.plain.small-button.button", { href: `/host/${path}` }, t("home.console")));
}

/**
 * A room that cannot be drawn is left out; the others are not its fault.
 * @param {RoomRow[]} rooms
 */
function cards(rooms) {
  return rooms.flatMap((room) => {
    try {
      return [card(room)];
    } catch (failed) {
      console.warn(`Room ${room.room} cannot be shown.`, failed);
      return [];
    }
  });
}

/** @param {RoomRow[]} rooms */
function draw(rooms) {
  none.hidden = rooms.length > 0;
  for (const [phase, part] of sections) {
    const own = rooms.filter((room) => room.phase === phase);
    if (phase === "live") own.sort((a, b) => (b.online ?? 0) - (a.online ?? 0));
    const few = phase === "ended" ? own.slice(0, ENDED_MAX) : own;
    const now = JSON.stringify(few.map(({ room, title, scheduled, ...shown }) =>
      [room, title, scheduled, interest(shown)]));
    part.root.hidden = few.length === 0;
    if (now === part.shown) continue;
    part.shown = now;
    part.grid.replaceChildren(...cards(few));
  }
}

async function read() {
  try {
    /** @type {RoomRow[]} */
    const rooms = await rest("GET", "/v1/rooms?order=live_first");
    draw(rooms);
    writeAloud(trouble, "");
  } catch (error) {
    writeAloud(trouble, t("home.failed"));
    throw error; // so that the next reading comes later
  }
}

function openNew() {
  openSheet(t("home.new"), () => {
    const error = h("p.form-error", { role: "alert" });
    /** @type {(name: string, label: string, props?: Props<HTMLInputElement>) => HTMLElement[]} */
    const field = (name, label, props = {}) => [h("label", { for: `new-${name}` }, label),
      h("input", { id: `new-${name}`, name, autocomplete: "off", ...props })];
    /** @param {Event & {currentTarget: HTMLFormElement}} event */
    const submit = async (event) => {
      event.preventDefault();
      const form = new FormData(event.currentTarget);
      const [room, title, stream_url] = ["room", "title", "stream_url"].map((name) =>
        String(form.get(name) ?? ""));
      try {
        await rest("POST", "/v1/rooms", { room, title, ...(stream_url && { stream_url }) });
        location.href = `/host/${encodeURIComponent(room)}`;
      } catch (thrown) {
        const failed = failureOf(thrown);
        write(error, failed.code === "conflict" ? t("err.room_taken") : failed.code === "bad_message"
          ? `${whyNot(failed)} · ${failed.message}` : whyNot(failed));
      }
    };
    return h("form.stack", { onsubmit: submit },
      field("title", t("home.new_title"), { required: true, maxlength: "80" }),
      field("room", t("home.new_id"), { required: true, maxlength: "64",
        pattern: "(?!\\.{1,2}$)[A-Za-z0-9_.:@\\-]+", value: `room-${Date.now().toString(36).slice(-5)}` }),
      field("stream_url", t("home.new_stream"), { type: "url" }),
      error, h("button.primary.wide", { type: "submit" }, t("home.create")));
  });
}

const search = new Search((searching) => { main.dataset.searching = String(searching); });
document.title = "Liveroom";
tellOfConnection();
document.body.append(
  nav(session, t("app"), { more: [
    mayHost && h("button.plain.small-button", { type: "button", onclick: openNew }, icon("plus"),
      t("home.new")),
    session.you?.role === "admin"
      && h("a.plain.small-button.button", { href: "/ops" }, t("ops.title"))] }),
  main);
main.prepend(search.root);
new Repeat(READ_MS, read).start({ now: true });
