// A buyer's own orders: one just bought, and the list.

import { newKey } from "../liveroom.js";
import { everyTick, h, icon, s, write } from "./dom.js";
import { day, duration, price, priceText } from "./format.js";
import { say } from "./front.js";
import { momentButton, momentPath } from "./moment.js";
import { isUnsent, parcelsOf } from "./parcels.js";
import { requestOf, returnActions } from "./returning.js";
import { openSheet, toast } from "./sheet.js";
import { failureOf, t, whyNot } from "./strings.js";

const DOUBT_MS = 3000; // then a buy without an answer is called what it is: unknown
const PENDING_MS = 4000; // then paying may be tried again
const NO_ANSWER = new Set(["timeout", "disconnected"]);
/** Refusals that say nothing of an earlier attempt under the same key. */
const UNDECIDED = new Set([...NO_ANSWER, "unavailable", "rate_limited"]);
const RING = 2 * Math.PI * 26;

/**
 * @import { Order, OrderStatus, Room } from "../liveroom.js"
 * @import { Send } from "./returning.js"
 * @typedef {{room: Room, redraw: () => void}} List where an order is shown
 */

/** @type {(order: Order, now: number) => boolean} */
const isHeld = (order, now) => order.status === "held" && order.hold_until > now;

/**
 * What to call the order's state now: a hold that ran out may not have been told yet.
 * @type {(order: Order, now: number) => OrderStatus}
 */
function statusOf(order, now) {
  return order.status === "held" && order.hold_until <= now ? "expired" : order.status;
}

/**
 * The ring that empties while the hold runs.
 * @type {(room: Room, order: Order) => HTMLElement}
 */
function holdRing(room, order) {
  const arc = s("circle", { cx: 30, cy: 30, r: 26, class: "ring-left", "stroke-dasharray": RING });
  const digits = h("b.digits");
  const root = h("div.ring", { role: "timer", "aria-label": t("order.left_label") },
    s("svg", { viewBox: "0 0 60 60", "aria-hidden": "true" },
      s("circle", { cx: 30, cy: 30, r: 26, class: "ring-all" }), arc), digits);
  const whole = Math.max(1, order.hold_until - order.created);
  return everyTick(root, () => {
    const left = Math.max(0, order.hold_until - room.now());
    arc.setAttribute("stroke-dashoffset", String(RING * (1 - Math.min(1, left / whole))));
    write(digits, duration(left));
    root.classList.toggle("soon", left < 10_000);
  });
}

/**
 * A command about an order had no answer: read the orders, through losses of the connection.
 * @param {Room} room
 */
async function readUntilKnown(room) {
  for (;;) {
    try {
      await room.ready();
      return await room.orders();
    } catch (error) {
      if (!NO_ANSWER.has(failureOf(error).code ?? "")) return; // the room is closed to us
    }
  }
}

/** @type {(ctx: List, order: Order) => HTMLElement} */
function actions(ctx, order) {
  /** @type {(button: HTMLButtonElement, words: string, command: () => Promise<Order>) => () => void} */
  const run = (button, words, command) => async () => {
    button.disabled = true;
    write(button, words);
    try {
      const { status } = await command();
      if (status === "held") { // the provider has it, and will say
        toast(t("order.pending"));
        setTimeout(ctx.redraw, PENDING_MS);
      }
    } catch (error) {
      toast(whyNot(error));
      if (failureOf(error).unanswered) await readUntilKnown(ctx.room);
      ctx.redraw();
    }
  };
  const pay = h("button.primary", { type: "button", data: { do: "pay" } },
    order.total ? t("order.pay", { price: priceText(order.total, order.currency) })
      : t("order.take_free"));
  const back = h("button.plain", { type: "button", data: { do: "cancel" } }, t("order.cancel"));
  pay.addEventListener("click", run(pay, t("order.paying"), () => ctx.room.pay(order.order)));
  back.addEventListener("click", run(back, t("order.cancel"), () => ctx.room.cancel(order.order)));
  return h("div.actions", {}, back, pay);
}

/**
 * What was bought, and what a coupon took off.
 * @type {(order: Order) => HTMLElement[]}
 */
export function linesOf(order) {
  const { off = 0 } = order;
  return [...(order.practice ? [h("p.fine.order-practice", {}, t("order.practice"))] : []),
    ...order.lines.map((line) => h("p.order-line", {}, h("span", {}, line.title),
    h("span.fine", {}, `×${line.qty}`), price(line.price * line.qty, order.currency))),
  ...(off > 0 ? [h("p.order-line.order-off", {}, h("span", {}, t("order.coupon")),
    h("span", {}, `−${priceText(off, order.currency)}`))] : []),
  ...(order.back ? [h("p.order-line.order-back", {}, h("span", {}, t("order.back")),
    h("span", {}, priceText(order.back, order.currency)))] : []),
  ...(order.disputed ? [h("p.order-line.order-disputed", {}, h("span", {}, t("order.disputed")),
    h("span", {}, priceText(order.disputed, order.currency)))] : [])];
}

/**
 * Sends what is about a return in the room, which tells its outcome by an event, too.
 * @type {(room: Room) => Send}
 */
export const sendIn = (room) => async (op, { order }, fields = {}) =>
  (await room.send(op, { order, ...fields })).order;

/**
 * The way to where one says where an order goes, until it is sent.
 * @param {Order} order
 */
const whereTo = (order) => isUnsent(order) && h("a.plain.small-button.button", { href: "/me",
  data: { do: "where-to" } }, icon("pin"), t("delivery.link"));

/**
 * One order of the list.
 * @type {(ctx: List, order: Order) => HTMLElement}
 */
function orderRow(ctx, order) {
  const status = statusOf(order, ctx.room.now());
  const held = isHeld(order, ctx.room.now());
  return h("li.order", { data: { status, order: order.order } },
    h("div.order-head", {},
      h("span.status", { data: { status } }, t(`order.${status}`)),
      h("span.fine", {}, day(order.created))),
    linesOf(order), parcelsOf(order), requestOf(order), whereTo(order),
    order.status === "paid" && momentButton(momentPath(order)),
    ...returnActions(order, sendIn(ctx.room), ctx.redraw),
    held && h("div.order-pay", {}, holdRing(ctx.room, order), actions(ctx, order)));
}

/**
 * The list of own orders, the newest `most` of them; `draw()` after any change.
 * @param {Room} room
 * @param {{most?: number}} [options]
 */
export function orderList(room, { most = Infinity } = {}) {
  const list = h("ul.orders");
  const none = h("div.empty", {}, icon("list"), h("p", {}, t("orders.none")),
    h("p.fine", {}, t("orders.none_hint")));
  const root = h("div", {}, none, list);
  const ctx = { room, redraw: () => draw(true) };
  let shown = "";
  function draw(force = false) {
    const orders = room.state.orders.slice(0, most);
    const now = orders.map((order) =>
      `${order.order}${statusOf(order, room.now())}${order.updated}`).join();
    if (now === shown && !force) return;
    shown = now;
    none.hidden = orders.length > 0;
    list.replaceChildren(...orders.map((order) => orderRow(ctx, order)));
  }
  everyTick(root, () => draw());
  return { root, draw };
}

/**
 * The sheet right after the tap on "buy": holding, then pay in time, then paid. Without an answer
 * the outcome is unknown; the buy is asked about under its one key for as long as the sheet is open.
 * @param {Room} room
 * @param {string} title
 * @param {(key: string) => Promise<Order>} buy
 */
export function openBuySheet(room, title, buy) {
  const body = h("div.buy-flow");
  /** @type {Order | null} */
  let order = null;
  let shown = "";
  const ctx = { room, redraw: () => draw(true) };
  const dialog = openSheet(title, () => body, { kind: "buy-sheet" });
  function draw(force = false) {
    if (!order) return;
    const { order: id } = order;
    order = room.state.orders.find((known) => known.order === id) ?? order;
    const status = statusOf(order, room.now());
    if (status === shown && !force) return;
    shown = status;
    body.replaceChildren(...buyView(ctx, order, status));
    body.dataset.status = status;
  }
  const words = h("p.big", {}, t("sale.buying"));
  body.replaceChildren(h("div.spinner", { "aria-hidden": "true" }), words);
  say(t("sale.buying"));
  const doubt = () => {
    write(words, t("order.unknown"));
    body.dataset.status = "unknown";
    say(t("order.unknown"));
  };
  const doubting = setTimeout(doubt, DOUBT_MS);
  const offline = room.on("status", (status) => status === "waiting" && !order && doubt());
  const off = room.on("change", (parts) => parts.has("orders") && draw());
  everyTick(body, () => draw());
  dialog.addEventListener("close", off);
  /** @type {(key: string, unanswered?: boolean) => Promise<void>} */
  async function ask(key, unanswered = false) {
    try {
      order = await buy(key);
      draw();
    } catch (thrown) {
      const error = failureOf(thrown);
      const isUnknown = error.unanswered || (unanswered && UNDECIDED.has(error.code ?? ""));
      if (isUnknown && dialog.open && room.status !== "closed") return ask(key, true);
      const why = isUnknown ? t("order.unknown") : whyNot(error);
      body.replaceChildren(h("p.big", {}, why));
      body.dataset.status = `err-${error.code}`;
      say(why);
    }
    clearTimeout(doubting);
    offline();
  }
  ask(newKey());
  return dialog;
}

/** @type {(ctx: List, order: Order, status: OrderStatus) => HTMLElement[]} */
function buyView(ctx, order, status) {
  const lines = linesOf(order);
  const number = h("p.fine", {}, t("order.no", { id: order.order }));
  if (status === "held") {
    return [holdRing(ctx.room, order), h("p.big", {}, t("order.got")), ...lines,
      actions(ctx, order), h("p.fine", {}, t("order.sandbox"))];
  }
  if (status === "paid") {
    return [h("div.tick", {}, icon("check")), h("p.big", {}, t("order.paid_big")), ...lines,
      order.practice ? null : h("p.fine", {}, t("order.paid_hint")), whereTo(order) || null,
      h("a.text-link", { href: "/me" }, icon("list"), t("orders")), number]
      .filter((it) => it !== null);
  }
  return [h("p.big", {}, t(`order.${status}`)), ...lines, number];
}
