// A topic's page, /topic/{topic}: rooms and notes under one theme, with its dates.

import "./ui/later-words.js";
import "./ui/topic-words.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon } from "./ui/dom.js";
import { day } from "./ui/format.js";
import { nav } from "./ui/nav.js";
import { hostLink, isReplay, roomCard, tile } from "./ui/room-card.js";
import { rest, whoAmI } from "./ui/session.js";
import { failureOf, t, whyNot } from "./ui/strings.js";
import { Ties } from "./ui/ties.js";
import { writePlus } from "./ui/write-plus.js";

/**
 * @import { FeaturedCard, ThingCard, TopicView } from "./ui/answers.js"
 * @import { Shown } from "./ui/room-card.js"
 * @import { Key } from "./ui/strings.js"
 */

const topic = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const session = await whoAmI();
const ties = new Ties(session);

/** @type {(card: ThingCard) => Shown} */
const roomOf = ({ id, title, host, host_name, link, image, phase = "ended", scheduled, started,
  ended }) => ({ room: id, title, host, host_name, link, cover: image, phase, scheduled, started,
  ended });

/** @type {(card: ThingCard) => HTMLElement} */
const noteTile = ({ id, title, host, host_name: name, image, link }) => h("li.room", {},
  tile(link, id, title, image && h("img.cover", { src: image, alt: "", loading: "lazy" })),
  h("div.room-line", {}, hostLink(host, name)));

/** @type {(card: ThingCard) => HTMLElement} */
const drawn = (card) => (card.kind === "room" ? roomCard(roomOf(card), ties) : noteTile(card));

/** @type {(title: Key, name: string, cards: ThingCard[]) => HTMLElement | null} */
const section = (title, name, cards) => (cards.length
  ? h("section", { data: { section: name } }, h("h2", {}, t(title)),
    h("ul.rooms", {}, cards.map(drawn))) : null);

/** @param {TopicView} view */
function dates({ starts, ends }) {
  if (ends && ends <= Date.now()) return t("topic.over");
  if (starts && ends) return t("topic.dates", { from: day(starts), to: day(ends) });
  if (starts) return t("topic.from", { from: day(starts) });
  return ends ? t("topic.until", { to: day(ends) }) : "";
}

/** @type {(view: TopicView, featured: FeaturedCard[]) => void} */
function show(view, featured) {
  document.title = `${view.title} · Liveroom`;
  const above = new Set(featured.map(({ slot }) => `${slot.kind} ${slot.id}`));
  const cards = view.cards.filter(({ kind, id }) => !above.has(`${kind} ${id}`));
  const rooms = cards.filter(({ kind }) => kind === "room");
  const coming = rooms.filter(({ phase }) => phase === "scheduled")
    .sort((one, other) => (one.scheduled || Infinity) - (other.scheduled || Infinity));
  const parts = [
    section("topic.featured", "featured", featured.map(({ card }) => card)),
    section("home.title", "live", rooms.filter(({ phase }) => phase === "live")),
    section("home.soon", "scheduled", coming),
    section("topic.notes", "notes", cards.filter(({ kind }) => kind === "note")),
    section("home.again", "again", rooms.filter((card) => isReplay(roomOf(card)))),
  ].filter((part) => part !== null);
  const when = dates(view);
  main.replaceChildren(
    h("section.topic-head", {}, h("h2.topic-name", { dir: "auto" }, view.title),
      when && h("p.fine.topic-dates", {}, icon("clock"), when),
      view.text && h("p.topic-text", { dir: "auto" }, view.text)),
    ...(parts.length ? parts : [h("div.empty", {}, icon("eye"), h("p", {}, t("topic.empty")))]));
}

/** @param {unknown} error */
const refused = (error) => h("div.empty", {}, icon("eye"),
  h("p", {}, failureOf(error).code === "not_found" ? t("topic.missing") : whyNot(error)),
  h("a.primary.button", { href: "/" }, t("back")));

const main = h("main.home.topic");
tellOfConnection();
document.body.append(nav(session, t("topic.page")), main, writePlus(session) ?? "");
try {
  const path = encodeURIComponent(topic);
  /** @type {Promise<TopicView>} */
  const reading = rest("GET", `/v1/topics/${path}`);
  /** @type {Promise<FeaturedCard[]>} */
  const featuring = rest("GET", `/v1/featured?topic=${path}`);
  const [view, featured] = await Promise.all([reading, featuring, ties.read()]);
  show(view, featured);
} catch (error) {
  main.replaceChildren(refused(error));
}
