// A host's page, /h/{host}: their streams, notes, what they sell, what buyers say, their fan group. Who
// never hosted has one, too, once they wrote a note.

import "./ui/later-words.js";
import { notesBy, ownCollection } from "./profile/notes.js";
import { tellOfConnection } from "./ui/connection.js";
import { cost } from "./ui/cost.js";
import { h, icon, write } from "./ui/dom.js";
import { number } from "./ui/format.js";
import { nav } from "./ui/nav.js";
import { posterVars } from "./ui/poster.js";
import { optionsText, thumbnail } from "./ui/product.js";
import { reviewsAt } from "./ui/reviews.js";
import { isReplay, roomCard } from "./ui/room-card.js";
import { rest, whoAmI } from "./ui/session.js";
import { sure, toast } from "./ui/sheet.js";
import { failureOf, t, whyNot } from "./ui/strings.js";
import { Ties } from "./ui/ties.js";
import { writePlus } from "./ui/write-plus.js";

/**
 * @import { Phase, ShelfPage } from "./liveroom.js"
 * @import { HostView } from "./ui/answers.js"
 * @import { Shown } from "./ui/room-card.js"
 * @import { Child } from "./ui/elements.js"
 * @import { Key } from "./ui/strings.js"
 */

const GOODS_MAX = 12;
/** @type {Phase[]} the most urgent first */
const PHASES = ["live", "scheduled", "ended"];

const host = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const session = await whoAmI();
const ties = new Ties(session);

/** @type {(view: HostView) => Shown[]} */
const roomsOf = (view) => PHASES.flatMap((phase) => view.rooms[phase].map((room) =>
  ({ ...room, host: view.host, host_name: view.name, phase })));

/** @type {(title: Key, name: string, ...parts: Child[]) => HTMLElement} */
const section = (title, name, ...parts) =>
  h("section", { data: { section: name } }, h("h2", {}, t(title)), parts);

/** @type {(title: Key, name: string, rooms: Shown[]) => HTMLElement | null} */
const streams = (title, name, rooms) => (rooms.length
  ? section(title, name, h("ul.rooms", {}, rooms.map((room) =>
    roomCard(room, ties, { withHost: false })))) : null);

/**
 * Following goes through a room of the host; without one there is nothing to be told of.
 * @type {(view: HostView, room: string | undefined, count: HTMLElement) => HTMLElement | null}
 */
function followButton(view, room, count) {
  if (!room || session.you?.user === view.host) return null;
  const button = h("button", { type: "button", data: { do: "follow" } });
  let { followers } = view;
  const draw = () => {
    const isOn = ties.follows.has(view.host);
    button.className = isOn ? "plain" : "primary";
    button.setAttribute("aria-pressed", String(isOn));
    write(button, t(isOn ? "follow.on" : "follow"));
    write(count, t("follow.count", { n: number(followers) }));
  };
  button.addEventListener("click", async () => {
    if (ties.needSignIn()) return;
    const on = !ties.follows.has(view.host);
    if (!on && !await sure(t("follow.stop_sure", { name: view.name }), t("follow.stop"))) return;
    button.disabled = true;
    try {
      await ties.follow(room, view.host, on);
      followers += on ? 1 : -1;
      if (on) toast(t("follow.done"));
    } catch (error) {
      toast(whyNot(error));
    }
    button.disabled = false;
    draw();
  });
  draw();
  return button;
}

/** @param {HostView} view */
const head = (view) => {
  const rooms = roomsOf(view);
  const count = h("p.fine", {}, t("follow.count", { n: number(view.followers) }));
  const { group } = view;
  return h("section.profile-head", {},
    h("span.profile-mark.tile", { vars: posterVars(view.host + view.name), "aria-hidden": "true" },
      [...view.name.trim()].slice(0, 2).join("")),
    h("div.profile-words", {}, h("h2.profile-name", { dir: "auto" }, view.name), count),
    h("div.profile-actions", {},
      followButton(view, rooms[0]?.room, count),
      h("button.plain", { type: "button", data: { do: "share" }, onclick: () =>
        import("./ui/share.js").then(({ share }) => share(view.name, location.href.split("?")[0]),
          () => toast(t("err.disconnected"))) }, icon("link"), t("watch.share")),
      group && h("a.plain.button", { href: `/watch/${encodeURIComponent(group.id)}` }, icon("person"),
        h("span", {}, group.title || t("group.tag")),
        h("span.fine", {}, t("group.members", { n: number(group.members) })))));
};

/**
 * What stands on the shelf of the stream that matters most now.
 * @param {string} room
 */
async function goods(room) {
  try {
    /** @type {ShelfPage} */
    const { products } = await rest("GET",
      `/v1/rooms/${encodeURIComponent(room)}/shelf?limit=${GOODS_MAX}`);
    if (!products.length) return null;
    return section("profile.goods", "goods", h("ul.profile-goods", {}, products.map((product) =>
      h("li", { data: { sku: product.sku } },
        h("a.profile-product", { href: `/watch/${encodeURIComponent(room)}` }, thumbnail(product),
          h("span.profile-title", { dir: "auto" }, product.title),
          product.options && h("span.fine.profile-options", { dir: "auto" },
            optionsText({ options: product.options })),
          cost(product.price, product.currency))))));
  } catch {
    return null; // the streams are there all the same
  }
}

/** @type {(view: HostView) => boolean} */
const isOwn = (view) => session.you?.user === view.host;

/**
 * What belongs to notes; what can't be read is left out, as the streams are there all the same.
 * @template Part
 * @param {Promise<Part>} reading
 */
const unlessAway = (reading) => reading.catch(() => null);

/** @param {HostView} view */
async function show(view) {
  const rooms = roomsOf(view);
  document.title = `${view.name} · Liveroom`;
  const [notes, collected] = await Promise.all([
    unlessAway(notesBy(view.host)), isOwn(view) ? unlessAway(ownCollection()) : null]);
  const shelf = h("div");
  main.replaceChildren(head(view), ...[
    streams("home.title", "live", rooms.filter(({ phase }) => phase === "live")),
    streams("home.soon", "scheduled", rooms.filter(({ phase }) => phase === "scheduled")),
    notes && notes.root,
    shelf,
    streams("home.again", "again", rooms.filter(isReplay)),
    collected,
    rooms.length || notes ? null : h("div.empty", {}, icon("eye"), h("p", {}, t("profile.empty"))),
    reviewsAt(`/v1/hosts/${encodeURIComponent(view.host)}/reviews/shown`, { ofMany: true }),
  ].filter((part) => part !== null));
  const found = rooms[0] && await goods(rooms[0].room);
  if (found) shelf.replaceWith(found);
}

/** @type {(name: string) => HostView} */
const whoNeverHosted = (name) => ({ host, name, followers: 0, group: null,
  rooms: { live: [], scheduled: [], ended: [] } });

/**
 * The host; who never hosted is a page of notes, if they wrote any. Throws what refused it.
 * @returns {Promise<HostView>}
 */
async function readHost() {
  try {
    return await rest("GET", `/v1/hosts/${encodeURIComponent(host)}`);
  } catch (error) {
    if (failureOf(error).code !== "not_found") throw error;
    const written = await unlessAway(notesBy(host));
    if (!written && session.you?.user !== host) throw error;
    return whoNeverHosted(written?.name ?? session.you?.name ?? host);
  }
}

/** @param {unknown} error */
const refused = (error) => h("div.empty", {}, icon("person"),
  h("p", {}, failureOf(error).code === "not_found" ? t("profile.missing") : whyNot(error)),
  h("a.primary.button", { href: "/" }, t("back")));

const main = h("main.home.profile");
tellOfConnection();
document.body.append(nav(session, t("profile.open")), main,
  (session.you?.user === host && writePlus(session)) || "");
try {
  const [view] = await Promise.all([readHost(), ties.read()]);
  await show(view);
} catch (error) {
  main.replaceChildren(refused(error));
}
