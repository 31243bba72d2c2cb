// The room list, /.

import { openMaking } from "./host/making.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon } from "./ui/dom.js";
import { day, short } from "./ui/format.js";
import { writeAloud } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { roomText } from "./ui/phase.js";
import { cover, posterVars } from "./ui/poster.js";
import { Repeat } from "./ui/repeat.js";
import { rest, whoAmI } from "./ui/session.js";
import { t } from "./ui/strings.js";

/**
 * @import { Phase } from "./liveroom.js"
 * @import { HostView, RoomRow, RoomsPage } from "./ui/answers.js"
 * @import { Key } from "./ui/strings.js"
 */

const READ_MS = 5000;
const PAGE = 48;
const PAGES_MAX = 40; // then the page is long enough for anybody

/** @type {Phase[]} */
const PHASES = ["live", "scheduled", "ended"];
/** @type {Record<Phase, Key>} */
const TITLES = { live: "home.title", scheduled: "home.soon", ended: "home.ended" };

const session = await whoAmI();
const sections = new Map(PHASES.map((phase) => [phase, section(t(TITLES[phase]))]));
const hidden = section(t("home.hidden"));
const none = h("div.empty", { hidden: true }, icon("eye"), h("p", {}, t("home.none")),
  h("p.fine", {}, t("home.none_hint")));
const trouble = h("p.fine");
const more = h("button.plain.wide.more-rooms", { type: "button", hidden: true, onclick: readMore },
  icon("down"), t("home.more"));
const mayHost = ["host", "admin"].includes(session.you?.role ?? "guest");
let pages = 1; // so many are shown, and read again

/** @param {string} title */
function section(title) {
  const grid = h("ul.rooms");
  return { grid, root: h("section", { hidden: true }, h("h2", {}, title), grid), shown: "" };
}

/**
 * Who watches, who has reserved, or how it was liked.
 * @param {RoomRow} room
 */
function interest({ phase, online = 0, reserved = 0, likes = 0, draft, scheduled = 0 }) {
  if (draft) return scheduled ? day(scheduled) : "";
  if (phase === "live") return t("home.viewers", { n: short(online) });
  if (phase === "scheduled") return t("waiting.count", { n: short(reserved) });
  return t("likes", { n: short(likes) });
}

/** @param {RoomRow} room */
function card(room) {
  const path = encodeURIComponent(room.room);
  const own = session.you?.role === "admin" || room.host === session.you?.user;
  const start = room.phase === "scheduled" && !room.draft ? room.scheduled : 0;
  const when = start ? t("watch.soon_at", { when: day(start) }) : roomText(room);
  return h("li.room", {},
    h("a.room-link", { href: `/watch/${path}` },
      h("span.room-poster", {}, h("span.poster", { vars: posterVars(room.room + room.title) },
        cover(room)),
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

/**
 * @param {ReturnType<typeof section>} part
 * @param {RoomRow[]} rooms
 */
function fill(part, rooms) {
  const now = JSON.stringify(rooms.map((room) =>
    [room.room, room.title, room.scheduled, room.cover, roomText(room), interest(room)]));
  part.root.hidden = rooms.length === 0;
  if (now === part.shown) return;
  part.shown = now;
  part.grid.replaceChildren(...cards(rooms));
}

/** @param {RoomRow[]} rooms */
function draw(rooms) {
  none.hidden = rooms.length > 0;
  for (const [phase, part] of sections) {
    const own = rooms.filter((room) => room.phase === phase);
    if (phase === "live") own.sort((a, b) => (b.online ?? 0) - (a.online ?? 0));
    fill(part, own);
  }
}

/** The pages that are shown, one after the other: a room that moves meanwhile comes once. */
async function readPages() {
  /** @type {Map<string, RoomRow>} */
  const rooms = new Map();
  let cursor = "";
  for (let n = 0; n < pages; n += 1) {
    /** @type {RoomsPage} */
    const page = await rest("GET", `/v1/rooms?limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
    for (const room of page.rooms) rooms.set(room.room, room);
    cursor = page.next ?? "";
    if (!cursor) break;
  }
  more.hidden = !cursor || pages >= PAGES_MAX;
  return [...rooms.values()];
}

/** A host's own drafts and practice, which no list has. */
async function readHidden() {
  const { you } = session;
  if (!mayHost || !you) return;
  try {
    /** @type {HostView} */
    const view = await rest("GET", `/v1/hosts/${encodeURIComponent(you.user)}`);
    fill(hidden, (view.hidden ?? []).filter(({ phase }) => phase !== "ended").map((room) =>
      ({ ...room, host: you.user, host_name: view.name, created: 0 })));
  } catch {
    // Who never hosted has none; else what is shown stays.
  }
}

async function read() {
  try {
    const [rooms] = await Promise.all([readPages(), readHidden()]);
    draw(rooms);
    writeAloud(trouble, "");
  } catch (error) {
    writeAloud(trouble, t("home.failed"));
    throw error; // so that the next reading comes later
  }
}

async function readMore() {
  more.disabled = true;
  pages += 1;
  await read().catch(() => { pages -= 1; });
  more.disabled = false;
}

function openNew() {
  const { you } = session;
  if (!you) return;
  openMaking(t("home.new"), { host: you.user, isSelf: true },
    (room) => { location.href = `/host/${encodeURIComponent(room)}`; });
}

document.title = "Liveroom";
tellOfConnection();
document.body.append(
  nav(session, t("app"), { more: [
    mayHost && h("button.plain.small-button", { type: "button", onclick: openNew }, icon("plus"),
      t("home.new")),
    session.you?.role === "admin"
      && h("a.plain.small-button.button", { href: "/ops" }, t("ops.title"))] }),
  h("main.home", {}, trouble, hidden.root, none, [...sections.values()].map(({ root }) => root), more));
new Repeat(READ_MS, read).start({ now: true });
