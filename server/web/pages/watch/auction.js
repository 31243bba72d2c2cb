// The auction: what it has come to, a bid with its maximum, and what happens to whoever wins.

import "../ui/auction-words.js";
import { newKey } from "../liveroom.js";
import { everyTick, h, icon, write } from "../ui/dom.js";
import { duration, minorUnits, number, price, priceText } from "../ui/format.js";
import { field, formSheet, minor } from "../ui/forms.js";
import { say } from "../ui/front.js";
import { toast } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { failureOf, t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Auction, Order, Room } from "../liveroom.js"
 * @import { Drawn, Page } from "./page.js"
 */

const STEPS = [0, 1, 2, 5]; // increments above the least bid, to choose from with one tap
const WON_MS = 10_000;

/** @type {(auction: Auction, now: number) => boolean} */
export const isOpen = ({ status, ends }, now) => status === "open" && now < ends;

/** @param {Auction} auction */
export const leastBid = ({ bids, opening, price: now = 0, increment }) =>
  (bids ? now + increment : opening);

/**
 * Whether this viewer leads.
 * @type {(room: Room, auction: Auction) => boolean}
 */
const leads = (room, { paddle }) => !!paddle && room.state.mine.auction?.paddle === paddle;

/**
 * The line about who leads, or who got it.
 * @type {(room: Room, auction: Auction) => string}
 */
function standingText(room, auction) {
  const { status, bids, leader = "", paddle = 0, price: now = 0, currency, reason = "" } = auction;
  const text = priceText(now, currency);
  const { auction: mine } = room.state.mine;
  if (status === "cancelled") return t("auction.cancelled", { reason });
  if (status === "unsold") return t("auction.unsold");
  if (status === "sold") {
    return leads(room, auction) ? t("auction.you_won", { price: text })
      : t("auction.sold", { name: leader, price: text });
  }
  if (!bids) return t("auction.no_bid");
  if (mine && leads(room, auction)) {
    return t("auction.you_lead", { max: priceText(mine.max, currency) });
  }
  const who = t("auction.leads", { name: leader, paddle });
  return mine ? `${t("auction.outbid")} · ${who}` : who;
}

/** @param {Auction} auction */
const aside = ({ status, bids = 0, reserve, sudden_death: sudden, counter_bid_s: seconds }) => [
  t("auction.bids", { n: number(bids) }),
  reserve && t(`auction.${reserve}`),
  status === "open" && (sudden ? t("auction.sudden") : t("auction.counter", { n: seconds })),
].filter(Boolean).join(" · ");

/**
 * The card of the room's newest auction.
 * @param {Page} ctx
 * @param {Auction} auction
 * @returns {Drawn}
 */
export function auctionCard(ctx, auction) {
  const { room } = ctx;
  const now = () => {
    const newest = viewOf(room).auction;
    return newest?.auction === auction.auction ? newest : auction;
  };
  const label = h("span.fine");
  const amount = h("span.auction-price");
  const who = h("p.auction-who");
  const line = h("span.fine");
  const timer = countdown(() => room.now(), () => (now().status === "open" ? now().ends : 0),
    () => t("sale.ends_in"));
  const button = h("button.primary.small-button", { type: "button", data: { do: "bid" },
    onclick: () => ctx.needSignIn("tap") || openBid(room, now()) });
  let shown = "";
  function draw() {
    const it = now();
    const open = isOpen(it, room.now());
    const mine = leads(room, it);
    const key = `${it.price ?? it.opening} ${it.status}`;
    if (key !== shown) {
      shown = key;
      amount.replaceChildren(price(it.price ?? it.opening, it.currency));
    }
    write(label, it.status === "sold" ? "" : t(it.price ? "auction.price" : "auction.opening"));
    write(who, it.status === "open" && !open ? t("auction.falling") : standingText(room, it));
    const standing = mine ? "leads" : room.state.mine.auction ? "outbid" : "";
    if (open && standing === "outbid" && root.dataset.standing === "leads") {
      say(`${it.title}: ${standingText(room, it)}`);
    }
    root.dataset.standing = standing;
    write(line, aside(it));
    button.hidden = !open;
    write(button, mine ? t("auction.raise")
      : t("auction.bid", { price: priceText(leastBid(it), it.currency) }));
  }
  const root = h("div.auction", { data: { auction: auction.auction } },
    h("p.spot-title", {}, icon("hammer"), auction.title),
    h("p.auction-now", {}, label, amount), who,
    h("p.spot-foot", {}, line, timer, button));
  everyTick(root, draw);
  return { root, draw };
}

/**
 * The sheet of a bid: what is the least, what one would give at most, and what follows.
 * @param {Room} room
 * @param {Auction} auction
 */
function openBid(room, auction) {
  const { auction: id, currency, increment, hold_s: hold } = auction;
  const now = () => {
    const newest = viewOf(room).auction;
    return newest?.auction === id ? newest : auction;
  };
  /** @param {Auction} it */
  const floor = (it) => (leads(room, it) ? (room.state.mine.auction?.max ?? 0) + 1 : leastBid(it));
  const units = minorUnits(currency);
  const input = field("max", t("auction.max"), { type: "number", inputmode: "decimal", step: "any",
    required: true, value: leastBid(now()) / units });
  const typed = input.querySelector("input");
  const least = h("p.fine");
  const steps = STEPS.map((step) => {
    const button = h("button.chip-button", { type: "button", onclick: () => {
      if (typed) typed.value = String((leastBid(now()) + step * increment) / units);
    } });
    return { step, button };
  });
  const draw = () => {
    const it = now();
    write(least, `${standingText(room, it)} · ${t("auction.least",
      { price: priceText(floor(it), currency) })}`);
    if (typed) typed.min = String(floor(it) / units);
    for (const { step, button } of steps) {
      write(button, priceText(leastBid(it) + step * increment, currency));
    }
  };
  const timer = countdown(() => room.now(), () => now().ends, () => t("sale.ends_in"));
  const box = h("div.auction-bid", {}, least, timer);
  everyTick(box, draw);
  draw();
  let key = newKey(); // sent twice it is one bid
  let last = 0;
  formSheet(t("auction.sheet", { title: auction.title }), [
    box, input, h("div.chip-line", {}, steps.map(({ button }) => button)),
    h("p.fine", {}, t("auction.how")),
    h("p.fine", {}, t("auction.wins", { hold: duration(hold * 1000) })),
  ], t("auction.go"), async ({ max }) => {
    const most = minor(max, currency);
    if (last && last !== most) key = newKey();
    last = most;
    const standing = await room.bid(id, most, { key }).catch((error) => {
      if (failureOf(error).code !== "conflict") throw error;
      throw new Error(t("auction.least", { price: priceText(floor(now()), currency) }));
    });
    toast(t(standing.leads ? "auction.taken_leads" : "auction.taken_outbid",
      { price: priceText(standing.price, currency) }));
  });
}

/**
 * Whoever won, or is offered the unit, is told so, with the way to pay.
 * @param {Order} order
 * @param {() => unknown} openOrders
 */
export function tellOfWin(order, openOrders) {
  const { title } = order.lines[0];
  toast(order.offer
    ? t("auction.offered", { title, price: priceText(order.total, order.currency) })
    : t("auction.won", { title }),
  { forMs: WON_MS, high: true, action: { label: t("auction.pay"), run: openOrders } });
}

/**
 * The hammer is told also to who had put its card away.
 * @param {Room} room
 * @param {Auction} auction
 */
export function sayHammer(room, auction) {
  say(`${auction.title}: ${standingText(room, auction)}`);
}
