// What is going on besides the product. Coupons, the poll, the lucky draw and the auction each have a chip
// in the line below the head; one of the last three has the card among the comments, the one that was
// opened last.

import { h, icon, iconButton } from "../ui/dom.js";
import { say } from "../ui/front.js";
import { listed, t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { couponChip } from "./coupons.js";
import { pollCard, pollIsOpen } from "./poll.js";

/**
 * @import { Lucky, Room } from "../liveroom.js"
 * @import { IconName } from "../ui/dom.js"
 * @import { Key } from "../ui/strings.js"
 * @import { Drawn, Page } from "./page.js"
 * @typedef {{id: string, about: string, isOn: boolean, card: (ctx: Page) => Drawn}} Newest the
 *   newest of a kind; `isOn`: worth the card by itself
 * @typedef {{icon: IconName, words: Key, newest: (room: Room) => Newest | null}} Kind
 */

/**
 * A card whose module is fetched when it is first shown.
 * @param {() => Promise<Drawn>} load
 * @returns {Drawn}
 */
function later(load) {
  const root = h("div");
  /** @type {Drawn | null} */
  let card = null;
  load().then((loaded) => {
    card = loaded;
    card.draw();
    root.replaceChildren(card.root);
  }, () => root.replaceChildren(h("p.fine", {}, t("err.disconnected"))));
  return { root, draw: () => card?.draw() };
}

/** @type {Record<string, Kind>} */
const KINDS = {
  poll: { icon: "poll", words: "poll.title", newest(room) {
    const { poll } = viewOf(room);
    return poll && { id: poll.poll, about: poll.question, isOn: pollIsOpen(poll, room.now()),
      card: (ctx) => pollCard(ctx, poll) };
  } },
  lucky: { icon: "gift", words: "lucky.title", newest(room) {
    const { lucky } = viewOf(room);
    return lucky && { id: lucky.lucky, about: lucky.title, isOn: lucky.status === "open",
      card: (ctx) => later(async () => (await import("./lucky.js")).luckyCard(ctx, lucky)) };
  } },
  auction: { icon: "hammer", words: "auction.title", newest(room) {
    const { auction } = viewOf(room);
    return auction && { id: auction.auction, about: auction.title, isOn: auction.status === "open",
      card: (ctx) => later(async () => (await import("./auction.js")).auctionCard(ctx, auction)) };
  } },
};

export class Spot {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.coupons = couponChip(ctx);
    /** @type {{kind: string, id: string, draw: () => void} | null} */
    this.shown = null;
    /** @type {Record<string, string>} */
    this.seen = {}; // kind -> id that was put into the card by itself
    this.chips = Object.fromEntries(Object.entries(KINDS).map(([kind, { icon: name, words }]) =>
      [kind, h("button.chip-button", { type: "button", hidden: true, data: { kind },
        onclick: () => this.#toggle(kind) }, icon(name), t(words))]));
    this.box = h("section.spot-card", { hidden: true });
    this.root = h("div.chip-line", {}, this.coupons.root, ...Object.values(this.chips));
  }

  /** @param {string} kind */
  #toggle(kind) {
    if (this.shown?.kind === kind) this.#put(null);
    else this.#put(kind);
  }

  /**
   * Put the newest of a kind into the card; null empties it.
   * @param {string | null} kind
   */
  #put(kind) {
    const newest = kind && KINDS[kind].newest(this.ctx.room);
    this.shown = null;
    this.box.hidden = !newest;
    this.box.replaceChildren();
    if (newest) {
      const { root, draw } = newest.card(this.ctx);
      this.shown = { kind, id: newest.id, draw };
      this.box.setAttribute("aria-label", t(KINDS[kind].words));
      this.box.replaceChildren(root, iconButton("close", t("close"), () => this.#put(null),
        { class: "spot-close" }));
    }
    for (const [name, chip] of Object.entries(this.chips)) {
      chip.setAttribute("aria-pressed", String(name === this.shown?.kind));
    }
  }

  draw() {
    const { room } = this.ctx;
    this.coupons.draw();
    for (const [kind, { words, newest }] of Object.entries(KINDS)) {
      const now = newest(room);
      this.chips[kind].hidden = !now;
      if (now && this.seen[kind] !== now.id) {
        this.seen[kind] = now.id;
        if (now.isOn) {
          this.#put(kind);
          say(`${t(words)}: ${now.about}`);
        }
      }
    }
    if (this.shown && KINDS[this.shown.kind].newest(room)?.id !== this.shown.id) this.#put(null);
    this.shown?.draw();
  }

  /** @param {string} id of an auction whose hammer fell */
  hammered(id) {
    if (this.shown?.id !== id) this.#put("auction");
  }

  /**
   * A draw's winners are told also to who had put its card away.
   * @param {Lucky} lucky
   */
  drawn(lucky) {
    if (this.shown?.id !== lucky.lucky) this.#put("lucky");
    const names = listed((lucky.winners ?? []).map(({ name }) => name));
    say(`${lucky.title}: ${names || t("lucky.nobody")}`);
  }
}
