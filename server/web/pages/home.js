// The first page, /: rooms that are live, come next and were, in strips; and the feed.

import "./ui/later-words.js";
import { Feed } from "./home/feed.js";
import { Search } from "./home/search.js";
import { openMaking } from "./host/making.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon } from "./ui/dom.js";
import { writeAloud } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { Repeat } from "./ui/repeat.js";
import { lowRow, isReplay, roomCard, shownAs } from "./ui/room-card.js";
import { rest, whoAmI } from "./ui/session.js";
import { t } from "./ui/strings.js";
import { Ties } from "./ui/ties.js";
import { writePlus } from "./ui/write-plus.js";

/**
 * @import { HostView, RoomRow, RoomsPage } from "./ui/answers.js"
 * @import { Key } from "./ui/strings.js"
 */

const READ_MS = 5000;
const PAGE = 48;
const PAGES_MAX = 40; // then the page is long enough for anybody

/** These are seldom what somebody came for: they leave the page to live rooms and the feed. */
const LOW = new Set(["scheduled", "hidden"]);

/** @typedef {"live" | "scheduled" | "again" | "ended"} Section */
/** @type {Record<Section, Key>} */
const TITLES = { live: "home.title", scheduled: "home.soon", again: "home.again", ended: "home.ended" };
/** @type {Section[]} */
const SECTIONS = ["live", "scheduled", "again", "ended"];

const session = await whoAmI();
const ties = new Ties(session);
const mayHost = ["host", "admin"].includes(session.you?.role ?? "guest");
const sections = new Map(SECTIONS.map((name) => [name, section(t(TITLES[name]), name)]));
const hidden = section(t("home.hidden"), "hidden");
const none = h("div.empty", { hidden: true }, icon("eye"), h("p", {}, t("home.none")),
  h("p.fine", {}, t(mayHost ? "home.none_hint" : "home.none_viewer")));
const trouble = h("p.fine");
const more = h("button.plain.wide.more-rooms", { type: "button", hidden: true, onclick: readMore },
  icon("down"), t("home.more"));
const feed = new Feed(ties);
/** @param {Section[]} names */
const strips = (...names) => names.map((name) => sections.get(name)?.root ?? null);
const main = h("main.home", {}, trouble, hidden.root, none, strips("live", "scheduled"), feed.root,
  strips("again", "ended"), more, feed.onward);
let pages = 1; // so many are shown, and read again

/**
 * @param {string} title
 * @param {string} name
 */
function section(title, name) {
  const grid = h("ul.rooms");
  return { grid, root: h("section", { hidden: true, data: { section: name } }, h("h2", {}, title), grid),
    shown: "" };
}

/** @type {(room: RoomRow, isLow: boolean) => HTMLElement} */
function card(room, isLow) {
  const own = session.you?.role === "admin" || room.host === session.you?.user;
  const desk = own && h("a.plain.small-button.button",
    { href: `/host/${encodeURIComponent(room.room)}` }, t("home.console"));
  return isLow ? lowRow(room, ties, desk) : roomCard(room, ties, { more: [desk] });
}

/**
 * A room that cannot be drawn is left out; the others are not its fault.
 * @type {(rooms: RoomRow[], areLow: boolean) => HTMLElement[]}
 */
function cards(rooms, areLow) {
  return rooms.flatMap((room) => {
    try {
      return [card(room, areLow)];
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
  const now = rooms.map((room) => shownAs(room, ties)).join();
  part.root.hidden = rooms.length === 0;
  if (now === part.shown) return;
  part.shown = now;
  part.grid.replaceChildren(...cards(rooms, LOW.has(part.root.dataset.section ?? "")));
}

/** @param {RoomRow} room */
function sectionOf(room) {
  if (room.phase !== "ended") return room.phase;
  return isReplay(room) ? "again" : "ended";
}

/** @type {(room: RoomRow) => number} */
const isFollowed = ({ host }) => Number(ties.follows.has(host));

/** @param {RoomRow[]} rooms */
function draw(rooms) {
  none.hidden = rooms.length > 0;
  for (const [name, part] of sections) {
    const own = rooms.filter((room) => sectionOf(room) === name);
    // Hosts that one follows come first, live ones by how many watch; else the server's order stays.
    own.sort((a, b) => isFollowed(b) - isFollowed(a)
      || (name === "live" ? (b.online ?? 0) - (a.online ?? 0) : 0));
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

const search = new Search((searching) => { main.dataset.searching = String(searching); });
document.title = "Liveroom";
tellOfConnection();
document.body.append(
  nav(session, t("app"), { more: [
    mayHost && h("button.plain.small-button", { type: "button", onclick: openNew }, icon("plus"),
      t("home.new")),
    session.you?.role === "admin"
      && h("a.plain.small-button.button", { href: "/ops" }, t("ops.title"))] }),
  main, writePlus(session) ?? "");
main.prepend(search.root);
await ties.read(); // before the first reading: else the rooms would change their places under a finger
// The strips above it come first: else the feed would be pushed down under a finger.
await read().catch(() => {});
feed.read();
new Repeat(READ_MS, read).start();
