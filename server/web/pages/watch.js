// The viewer page, /watch/{room}.

import { Room } from "./liveroom.js";
import { CommentList } from "./ui/comments.js";
import { tellOfConnection } from "./ui/connection.js";
import { everyTick, h, icon, iconButton, onceAFrame, write } from "./ui/dom.js";
import { priceText, short } from "./ui/format.js";
import { say } from "./ui/front.js";
import { openBuySheet, orderList } from "./ui/orders.js";
import { prefs } from "./ui/prefs.js";
import { pinnedCard, productDetails, shelfRow } from "./ui/product.js";
import { openSignIn, signOut, whoAmI } from "./ui/session.js";
import { openSheet, toast } from "./ui/sheet.js";
import { t, whyNot } from "./ui/strings.js";
import { viewOf } from "./ui/view.js";
import { roomId, shareLink, source, watchPath } from "./watch/address.js";
import { Answers, askSection, questionStrip } from "./watch/asking.js";
import { Composer, LikeButton } from "./watch/bar.js";
import { bestFor, couponChoice } from "./watch/coupons.js";
import { showInvitation } from "./watch/group.js";
import { HostChip } from "./watch/head.js";
import { Replay } from "./watch/replay.js";
import { Spot } from "./watch/spot.js";
import { Stage } from "./watch/stage.js";
import { Waiting } from "./watch/waiting.js";

/**
 * @import { Events, Part, SaleStatus } from "./liveroom.js"
 * @import { Key } from "./ui/strings.js"
 * @import { Page } from "./watch/page.js"
 */

const TICKER_MS = 2600;
const ANNOUNCE_MS = 15_000;
const KEPT_AGAIN = "liveroom.again"; // what a guest asked for before signing in
const PANEL_ORDERS_MAX = 3; // beside the shelf; all of them are behind the button

const wide = matchMedia("(min-width: 60rem)");
const room = new Room({ room: roomId, source: source() });

/**
 * Buttons are there before the room is.
 * @param {() => void} run
 */
const onceJoined = (run) => () => room.state.room && run();

/** @type {Page} */
const ctx = {
  room,
  isGuest: () => (room.state.you?.role ?? "guest") === "guest",
  needSignIn(again) {
    if (!ctx.isGuest()) return false;
    openSignIn({ why: t("signin.to_buy"), then: () => {
      try {
        if (again) sessionStorage.setItem(KEPT_AGAIN, again);
      } catch {
        // Then it is tapped again.
      }
      location.reload();
    } });
    return true;
  },
  buy(sale, qty, claim = bestFor(room, sale, qty)?.claim.claim) {
    if (ctx.needSignIn("tap")) return;
    openBuySheet(room, sale.title, (key) =>
      room.buy(sale.sale, qty, { key, claim: claim ?? undefined }));
  },
  off: (sale, qty) => bestFor(room, sale, qty)?.off ?? 0,
  onReplay: () => drawPhase(),
  places: new Map(), // as they were on joining the line
  async waitlist(sale) {
    if (ctx.needSignIn("tap")) return;
    const leave = ctx.places.has(sale.sale);
    try {
      const place = await room.waitlist(sale.sale, { leave });
      if (leave) ctx.places.delete(sale.sale);
      else if (!place) return; // offered at once: the order says so
      else ctx.places.set(sale.sale, place);
      toast(leave ? t("wait.left") : t("wait.joined", { place: place ?? "" }));
    } catch (error) {
      toast(whyNot(error, viewOf(room).phase));
    }
  },
  details(product) {
    const asking = askSection(ctx, product, answers);
    const dialog = openSheet(product.title, () => productDetails(ctx, product, {
      choice: (sale, qty) => couponChoice(ctx, sale, qty), more: asking.root,
    }), { kind: "details-sheet" });
    dialog.addEventListener("close", room.on("change",
      (parts) => (parts.has("questions") || parts.has("all")) && asking.draw()));
  },
};

// ---- the parts of the page

const stage = new Stage();
const hostChip = new HostChip(ctx);
const spot = new Spot(ctx);
const waiting = new Waiting(ctx);
const replay = new Replay(ctx);
const answers = new Answers(ctx);
const question = questionStrip();
const composer = new Composer(ctx, (reply) => answers.heard(reply));
const likeButton = new LikeButton(ctx);
const online = h("span.online-now");
const onlineBox = h("span.online", {}, icon("eye"), online);
const notice = h("p.strip.notice", { hidden: true });
const unlisted = h("p.strip.unlisted", { hidden: true });
const ticker = h("p.ticker", { "aria-hidden": "true" });
const pinnedBox = h("div.pinned-box");
const shelfCount = h("span.count-dot", { hidden: true });
const ordersDot = h("span.count-dot", { hidden: true });
const talk = new CommentList({
  always: ({ user, role }) => user === room.state.you?.user || role === "host",
});
const orders = orderList(room, { most: PANEL_ORDERS_MAX });
const panelOrders = h("section", { hidden: true, "aria-label": t("orders") },
  h("h2.panel-title", {}, t("orders")), orders.root);
const panelShelf = h("ol.shelf-list");
const panelShelfCount = h("span.fine");

const shelfButton = h("button.round.shelf-button", { type: "button", "aria-label": t("shelf"),
  onclick: onceJoined(() => openShelf()) }, icon("bag"), shelfCount);
const ordersButton = h("button.round.orders-button", { type: "button", "aria-label": t("orders"),
  onclick: onceJoined(() => openOrders()) }, icon("list"), ordersDot);

// ---- sheets

function shelfRows() {
  const { shelf, pin } = viewOf(room);
  if (!shelf.length) return [h("li.empty", {}, icon("bag"), h("p", {}, t("shelf.empty")))];
  const rows = shelf.map((product, i) => shelfRow(ctx, product, i, product.sku === pin));
  /** @param {HTMLElement} row */
  const first = (row) => Number(row.dataset.sku === pin);
  return rows.sort((a, b) => first(b) - first(a));
}

function openShelf() {
  const list = h("ol.shelf-list", {}, shelfRows());
  const dialog = openSheet(`${t("shelf")} · ${viewOf(room).shelf.length}`, () => list);
  const off = room.on("change", (parts) => {
    if (parts.has("shelf") || parts.has("pin") || parts.has("all")) {
      list.replaceChildren(...shelfRows());
    }
  });
  dialog.addEventListener("close", off);
}

function openOrders() {
  if (ctx.needSignIn()) return;
  const own = orderList(room);
  const dialog = openSheet(t("orders"), () => own.root);
  dialog.addEventListener("close", room.on("change", (parts) => parts.has("orders") && own.draw()));
}

function openMenu() {
  const { you } = room.state;
  openSheet(t("menu"), (leave) => h("div.stack", {},
    !ctx.isGuest() && h("p.fine", {}, t("signin.you", { name: you?.name })),
    h("button.plain.wide", { type: "button", data: { do: "share" }, onclick: async () => {
      await navigator.clipboard?.writeText(shareLink(you)).catch(() => {});
      leave();
      toast(t("watch.copied"));
    } }, icon("link"), t("watch.share")),
    !ctx.isGuest() && you?.role !== "viewer"
      && h("a.plain.wide.button", { href: `/host/${encodeURIComponent(roomId)}` }, t("watch.host")),
    prefs(),
    ctx.isGuest()
      ? h("button.primary.wide", { type: "button", onclick: () => { leave(); ctx.needSignIn(); } },
        t("signin"))
      : h("button.plain.wide", { type: "button",
        onclick: () => signOut().then(() => location.reload()) }, t("signout"))));
}

// ---- drawing what changed

function drawPhase() {
  const now = viewOf(room);
  document.title = `${now.title} · Liveroom`;
  unlisted.hidden = !now.draft && !now.practice;
  if (!unlisted.hidden) write(unlisted, t(now.draft ? "watch.draft_note" : "watch.practice_note"));
  hostChip.draw();
  composer.draw(now);
  likeButton.root.disabled = now.phase !== "live" && now.kind !== "group";
  stage.draw(now);
  question.draw(now);
  replay.draw();
  waiting.draw();
  pinnedBox.hidden = !waiting.root.hidden || !replay.root.hidden;
}

/** @type {{[What in Part]?: () => void}} */
const DRAW = {
  all() {
    const { kind } = viewOf(room);
    document.body.classList.toggle("is-group", kind === "group");
    for (const [part, draw] of Object.entries(DRAW)) if (part !== "all") draw();
  },
  phase: drawPhase,
  settings: drawPhase,
  online: () => write(online, short(viewOf(room).online)),
  likes: () => likeButton.draw(viewOf(room).likes),
  notice() {
    const { notice: text } = viewOf(room);
    notice.hidden = !text;
    notice.replaceChildren(icon("horn"), h("bdi", {}, text));
  },
  pin() { drawPinned(); drawPanel(); },
  shelf: drawShelf,
  sales: () => pinned?.draw(),
  orders() {
    const held = room.state.orders.filter(({ status }) => status === "held").length;
    ordersDot.hidden = held === 0;
    write(ordersDot, String(held));
    panelOrders.hidden = room.state.orders.length === 0;
    orders.draw();
  },
  questions: () => question.draw(viewOf(room)),
  coupons: () => spot.draw(),
  poll: () => spot.draw(),
  lucky: () => spot.draw(),
  reserved: () => waiting.draw(),
  mine() { hostChip.draw(); spot.draw(); waiting.draw(); pinned?.draw(); },
};

/** @type {ReturnType<typeof pinnedCard> | null} */
let pinned = null;
let pinnedAs = "";

function drawPinned() {
  const { pin, shelf } = viewOf(room);
  const product = shelf.find(({ sku }) => sku === pin);
  const now = product ? JSON.stringify(product) : "";
  if (now === pinnedAs) return;
  pinnedAs = now;
  pinned = product ? pinnedCard(ctx, product) : null;
  pinnedBox.replaceChildren(...(pinned ? [pinned.root] : []));
}

/** @param {number} n */
const items = (n) => t("shelf.count", { n });

function drawShelf() {
  const { shelf } = viewOf(room);
  shelfCount.hidden = shelf.length === 0;
  write(shelfCount, String(shelf.length));
  shelfButton.setAttribute("aria-label", `${t("shelf")}, ${items(shelf.length)}`);
  write(panelShelfCount, items(shelf.length));
  drawPanel();
  drawPinned();
  waiting.draw();
}

function drawPanel() {
  if (wide.matches) panelShelf.replaceChildren(...shelfRows());
}

/** @type {Set<Part>} */
const changed = new Set();
const draw = onceAFrame(() => {
  const parts = [...changed];
  changed.clear();
  if (parts.includes("all")) DRAW.all?.();
  else for (const part of parts) DRAW[part]?.();
});

// ---- events

let tickerUntil = 0;

/** @type {{[Status in SaleStatus]?: Key}} */
const SALE_SAID = { open: "sale.opened_say", sold_out: "sale.sold_out_say" };

function listen() {
  room.on("change", (parts) => {
    for (const part of parts) changed.add(part);
    draw();
  });
  room.on("joined", ({ comments, gap, resumed }) => {
    if (gap && resumed) talk.clear();
    talk.fill(comments);
  });
  room.on("comment", (event) => talk.add(event));
  room.on("removed", (event) => talk.remove(event));
  room.on("gap", ({ comments }) => talk.skip(comments));
  room.on("sold", ({ name, sku, qty }) => {
    if (Date.now() < tickerUntil) return;
    tickerUntil = Date.now() + TICKER_MS;
    const what = viewOf(room).shelf.find((product) => product.sku === sku)?.title ?? sku;
    write(ticker, t("sold.ticker", { name, what, qty }));
    ticker.classList.remove("shown");
    void ticker.offsetWidth; // starts the animation anew
    ticker.classList.add("shown");
  });
  room.on("sale", ({ sale }) => {
    const words = SALE_SAID[sale.status];
    if (words) say(t(words, { title: sale.title, price: priceText(sale.price, sale.currency) }));
  });
  room.on("order", ({ order }) => {
    if (order.offer) for (const { sale } of order.lines) ctx.places.delete(sale);
    say(`${order.lines[0]?.title} ${t(`order.${order.status}`)}`);
    if (order.offer && order.status === "held") {
      toast(t("wait.offer", { title: order.lines[0].title }),
        { forMs: 8000, action: { label: t("orders"), run: openOrders } });
    }
  });
  room.on("question", ({ question: asked }) => {
    answers.question(asked);
    if (asked.status === "answering") say(`${t("ask.answering")}: ${asked.text}`);
  });
  room.on("lucky", ({ lucky }) => lucky.status === "drawn" && spot.drawn(lucky));
  room.on("announce", announce);
  room.on("called_off", calledOff);
  room.on("phase", ({ cancelled }) => cancelled && say(t("watch.cancelled")));
  room.on("notice", ({ text }) => text && say(`${t("watch.notice")}: ${text}`));
  room.on("status", async (status, { code }) => {
    if (status !== "closed") return;
    if (code === "bad_token" || code === "close_4401") {
      await signOut(); // the cookie's token has ended: stay as a guest
      location.reload();
    } else if (!room.state.room && (code === "forbidden" || code === "close_4403")) {
      document.querySelector(".watch")?.replaceWith(await showInvitation(roomId));
      endLine(); // the page says it
    } else if (!room.state.room) {
      document.querySelector(".watch")?.replaceWith(h("main.nowhere", {},
        h("a.primary", { href: "/" }, t("back"))));
    }
  });
}

/**
 * A room that was reserved, or of a host one follows, goes live: the way there.
 * @param {Events["announce"]} event
 */
function announce({ room: to, title, host_name, host, why }) {
  if (to === roomId) return; // whoever is here sees it start
  const words = t("announce.live", { name: host_name || host, title });
  const kind = why === "reserved" ? "reservation" : "follow";
  toast(words, { forMs: ANNOUNCE_MS, high: true, action: { label: t("announce.go"),
    run: () => { location.href = watchPath(to, kind); } } });
}

/**
 * The same room will not go live.
 * @param {Events["called_off"]} event
 */
function calledOff({ title, host_name, host, reason = "" }) {
  const name = host_name || host;
  toast(reason ? t("announce.cancelled_for", { name, title, reason })
    : t("announce.cancelled", { name, title }), { forMs: ANNOUNCE_MS, high: true });
}

/** @type {Record<string, () => unknown>} */
const AGAIN = {
  follow: () => room.state.mine.following || hostChip.follow(),
  reserve: () => room.state.mine.reserved || waiting.reserve(),
  tap: () => toast(t("signin.again")),
};

/** Do what was asked for before signing in. */
function doAgain() {
  if (!room.state.room || ctx.isGuest()) return;
  try {
    const again = sessionStorage.getItem(KEPT_AGAIN);
    sessionStorage.removeItem(KEPT_AGAIN);
    if (again) AGAIN[again]?.();
  } catch {
    // Then it is tapped again.
  }
}

function build() {
  document.body.append(h("main.watch", {},
    h("div.theatre", {},
      stage.root,
      h("div.shade"),
      h("header.top", {},
        h("a.icon-button", { href: "/", "aria-label": t("back"), title: t("back") }, icon("back")),
        hostChip.root,
        onlineBox,
        iconButton("more", t("menu"), onceJoined(openMenu))),
      h("div.strips", {}, unlisted, notice, question.root, spot.root),
      h("div.talk", {}, ticker, talk.root, answers.root),
      h("div.pinned", {}, pinnedBox, waiting.root, replay.root),
      h("footer.bar", {}, shelfButton, composer.root, ordersButton, likeButton.root,
        likeButton.hearts.canvas)),
    h("aside.panel", { "aria-label": t("shelf") },
      panelOrders,
      h("h2.panel-title", {}, t("shelf"), panelShelfCount), panelShelf)));
  everyTick(onlineBox, () => onlineBox.setAttribute("aria-label",
    t("watch.online", { n: room.state.room?.online ?? 0 })));
  wide.addEventListener("change", () => room.state.room && drawShelf());
}

build();
const endLine = tellOfConnection(room);
listen();
// The session is asked first, so that an ended one is noticed before the socket is refused.
await whoAmI();
await room.join().catch(() => {});
doAgain();
globalThis.liveroom = room; // for the console of a curious developer, and for tests
