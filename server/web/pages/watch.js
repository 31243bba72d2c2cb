// The viewer page, /watch/{room}.

import { Room } from "./liveroom.js";
import { beside } from "./ui/bidi.js";
import { CommentList } from "./ui/comments.js";
import { tellOfConnection, whyClosed } from "./ui/connection.js";
import { costText } from "./ui/cost.js";
import { everyTick, h, icon, iconButton, onceAFrame, write } from "./ui/dom.js";
import { short } from "./ui/format.js";
import { say } from "./ui/front.js";
import { openBuySheet, orderList } from "./ui/orders.js";
import { prefs } from "./ui/prefs.js";
import { pinnedCard, shelfRow } from "./ui/product.js";
import { openSignIn, signOut } from "./ui/session.js";
import { openSheet, toast } from "./ui/sheet.js";
import { t, whyNot } from "./ui/strings.js";
import { viewOf } from "./ui/view.js";
import { roomId, shareLink, source, watchPath } from "./watch/address.js";
import { Answers, questionStrip } from "./watch/asking.js";
import { Composer, LikeButton } from "./watch/bar.js";
import { bestFor } from "./watch/coupons.js";
import { HostChip } from "./watch/head.js";
import { lineStrip } from "./watch/line-strip.js";
import { ShelfSearch } from "./watch/shelf-search.js";
import { Spot } from "./watch/spot.js";
import { Stage } from "./watch/stage.js";
import { Waiting } from "./watch/waiting.js";

/**
 * @import { Comment, Events, Part, SaleStatus } from "./liveroom.js"
 * @import { Key } from "./ui/strings.js"
 * @import { Page } from "./watch/page.js"
 * @import { Replay } from "./watch/replay.js"
 */

const TICKER_MS = 2600;
const SEARCHED_MIN = 20; // so many products are found by looking
const ANNOUNCE_MS = 15_000;
const KEPT_AGAIN = "liveroom.again"; // what a guest asked for before signing in
const KEPT_CART = `liveroom.cart.${roomId}`; // see watch/cart.js
const PANEL_ORDERS_MAX = 3; // beside the shelf; all of them are behind the button

const wide = matchMedia("(min-width: 60rem)");
const room = new Room({ room: roomId, source: source() });

/**
 * Buttons are there before the room is.
 * @param {() => void} run
 */
const onceJoined = (run) => () => room.state.room && run();

/** A part of the page that is fetched when it is first needed could not be. */
const lost = () => toast(t("err.disconnected"));

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
    const atMost = sale.price * qty; // its price may rise while one reads
    openBuySheet(room, sale.title, (key) =>
      room.buy(sale.sale, qty, { key, claim: claim ?? undefined, atMost }));
  },
  off: (sale, qty) => bestFor(room, sale, qty)?.off ?? 0,
  async report(reported) {
    if (ctx.needSignIn("tap")) return;
    try {
      const { openReport } = await import("./watch/report.js");
      openReport(room, talk.kept.map(({ comment }) => comment), reported);
    } catch (error) {
      toast(whyNot(error));
    }
  },
  onReplay: () => drawPhase(),
  onMoment: (ms) => stage.seek(ms),
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
  async details(product) {
    try {
      const { openProduct } = await import("./watch/product-sheet.js"); // most only look on
      openProduct(ctx, product, answers);
    } catch (error) {
      toast(whyNot(error)); // the network is gone
    }
  },
};

// ---- the parts of the page

const stage = new Stage();
const hostChip = new HostChip(ctx);
const spot = new Spot(ctx);
const waiting = new Waiting(ctx);
const replayBox = h("div.replay-box");
/** @type {Replay | null} */
let replay = null; // fetched when there can be one
const answers = new Answers(ctx);
const question = questionStrip();
const composer = new Composer(ctx, (reply) => answers.heard(reply));
const likeButton = new LikeButton(ctx);
const online = h("span.online-now");
const onlineBox = h("span.online", {}, icon("eye"), online);
const notice = lineStrip("notice", "horn");
const pinnedComment = lineStrip("pinned-comment", "pin");
const unlisted = lineStrip("unlisted", "shield");
const ticker = h("p.ticker", { "aria-hidden": "true" });
const pinnedBox = h("div.pinned-box");
const shelfCount = h("span.count-dot", { hidden: true });
const ordersDot = h("span.count-dot", { hidden: true });
/** @param {Comment} comment */
const answersMe = ({ reply, user }) => {
  const me = room.state.you?.user;
  return reply?.user === me && user !== me && !ctx.isGuest();
};
const talk = new CommentList({
  always: (comment) => comment.user === room.state.you?.user || comment.role === "host"
    || answersMe(comment),
  act: (comment) => import("./watch/comment-menu.js") // few ever open it
    .then(({ openCommentMenu }) => openCommentMenu(ctx, comment, composer), lost),
});
talk.root.addEventListener("contextmenu", (event) => { // a long press, or the right button
  const row = event.target instanceof Element && event.target.closest("li");
  const id = row instanceof HTMLElement ? row.dataset.id : "";
  if (!id) return;
  event.preventDefault();
  void ctx.report({ about: "comment", id });
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

/** Whether all products are known; else the others are fetched when somebody wants to see them. */
const hasAll = () => viewOf(room).shelf.length >= viewOf(room).shelf_total;

async function readAll() {
  try {
    await room.readShelf();
  } catch (error) {
    toast(whyNot(error));
  }
}

/** How many of the known products stand where the shelf has them: behind these are some on sale. */
function numbered() {
  const { shelf, pin, sales } = viewOf(room);
  if (hasAll()) return shelf.length;
  const apart = new Set([pin, ...sales.map(({ sku }) => sku)]);
  return shelf.findLastIndex(({ sku }) => !apart.has(sku)) + 1;
}

function shelfRows() {
  const { shelf, pin, shelf_total: total } = viewOf(room);
  if (!shelf.length) return [h("li.empty", {}, icon("bag"), h("p", {}, t("shelf.empty")))];
  const last = numbered();
  const rows = shelf.map((product, i) =>
    shelfRow(ctx, product, i < last ? i : null, product.sku === pin));
  if (!hasAll()) {
    rows.push(h("li.shelf-more", {}, h("button.plain.wide", { type: "button",
      data: { do: "all-products" }, onclick: readAll }, t("shelf.all", { n: total }))));
  }
  /** @param {HTMLElement} row */
  const first = (row) => Number(row.dataset.sku === pin);
  return rows.sort((a, b) => first(b) - first(a));
}

/** @param {HTMLElement} list */
function fitRows(list) {
  list.classList.toggle("compact", viewOf(room).shelf_total > SEARCHED_MIN);
  return list;
}

function openShelf() {
  const list = fitRows(h("ol.shelf-list", {}, shelfRows()));
  const search = new ShelfSearch(room, (found) => {
    list.replaceChildren(...(found?.map((product) =>
      shelfRow(ctx, product, null, product.sku === viewOf(room).pin)) ?? shelfRows()));
  });
  const { shelf_total: total } = viewOf(room);
  const dialog = openSheet(`${t("shelf")} · ${total}`, () => [search.root, list]);
  const offer = () => offerCart(list);
  void offer();
  addEventListener("cart", offer); // what lies in it changes in the sheets above this one
  search.root.hidden = total <= SEARCHED_MIN;
  const off = room.on("change", (parts) => {
    if (parts.has("shelf") || parts.has("pin") || parts.has("all")) search.again();
  });
  dialog.addEventListener("close", () => {
    off();
    removeEventListener("cart", offer);
  });
}

/**
 * The way to the cart, if there is one.
 * @param {HTMLElement} list before it
 */
async function offerCart(list) {
  try {
    if (!sessionStorage.getItem(KEPT_CART)) return;
    const { cartButton } = await import("./watch/cart.js");
    const { root } = cartButton(ctx);
    list.parentElement?.querySelector(":scope > [data-do=cart]")?.remove();
    list.before(root);
  } catch {
    // Nothing is kept here, or the network is gone: a product's sheet leads there, too.
  }
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
    h("button.plain.wide", { type: "button", data: { do: "share" }, onclick: () => {
      leave();
      const { title, host, host_name } = viewOf(room);
      import("./ui/share.js") // it can draw a QR code, which few ask for
        .then(({ share }) => share(beside(host_name || host, title), shareLink(you)), lost);
    } }, icon("link"), t("watch.share")),
    !ctx.isGuest() && you?.role !== "viewer"
      && h("a.plain.wide.button", { href: `/host/${encodeURIComponent(roomId)}` }, t("watch.host")),
    !ctx.isGuest() && h("a.plain.wide.button", { href: "/me", data: { do: "me" } }, t("me.title")),
    h("button.plain.wide", { type: "button", data: { do: "report" },
      onclick: () => { leave(); void ctx.report(); } }, t("report")),
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
  unlisted.draw((now.draft || now.practice)
    && t(now.draft ? "watch.draft_note" : "watch.practice_note"));
  hostChip.draw();
  composer.draw(now);
  likeButton.root.disabled = now.phase !== "live" && now.kind !== "group";
  stage.draw(now);
  question.draw(now);
  drawReplay();
  waiting.draw();
  pinnedBox.hidden = !waiting.root.hidden || (replay !== null && !replay.root.hidden);
}

async function drawReplay() {
  const { phase, started } = viewOf(room);
  if (!replay && phase === "ended" && started > 0) {
    try {
      const parts = await import("./watch/replay.js");
      replay ??= new parts.Replay(ctx);
      replayBox.replaceChildren(replay.root);
    } catch {
      return lost();
    }
  }
  return replay?.draw();
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
  picture: () => stage.draw(viewOf(room)),
  online: () => write(online, short(viewOf(room).online)),
  likes: () => likeButton.draw(viewOf(room).likes),
  notice: () => notice.draw(viewOf(room).notice && h("bdi", {}, viewOf(room).notice)),
  pinned_comment() {
    const { pinned_comment: said, phase } = viewOf(room);
    if (!said || phase === "ended") return pinnedComment.draw();
    return pinnedComment.draw(h("bdi.name", {}, said.name), h("bdi", {}, said.text));
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
  auction: () => spot.draw(),
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
  const { shelf_total: total } = viewOf(room);
  shelfCount.hidden = total === 0;
  write(shelfCount, String(total));
  shelfButton.setAttribute("aria-label", `${t("shelf")}, ${items(total)}`);
  write(panelShelfCount, items(total));
  drawPanel();
  drawPinned();
  waiting.draw();
}

function drawPanel() {
  if (wide.matches) fitRows(panelShelf).replaceChildren(...shelfRows());
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
  room.on("comment", (event) => {
    talk.add(event);
    if (answersMe(event)) say(t("comment.answered_you", { name: event.name, text: event.text }));
  });
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
    const words = sale.kind && sale.status === "open" ? "sale.now_say" : SALE_SAID[sale.status];
    if (words) say(t(words, { title: sale.title, price: costText(sale.price, sale.currency) }));
  });
  room.on("order", ({ order }) => {
    if (order.offer) for (const { sale } of order.lines) ctx.places.delete(sale);
    say(`${order.lines[0]?.title} ${t(`order.${order.status}`)}`);
    if (order.auction && order.status === "held") {
      import("./watch/auction.js").then(({ tellOfWin }) => tellOfWin(order, openOrders));
    } else if (order.offer && order.status === "held") {
      toast(t("wait.offer", { title: order.lines[0].title }),
        { forMs: 8000, action: { label: t("orders"), run: openOrders } });
    }
  });
  room.on("question", ({ question: asked }) => {
    answers.question(asked);
    if (asked.status === "answering") say(`${t("ask.answering")}: ${asked.text}`);
  });
  room.on("lucky", ({ lucky }) => lucky.status === "drawn" && spot.drawn(lucky));
  room.on("auction", async ({ auction }) => {
    if (auction.status === "open") return;
    spot.hammered(auction.auction);
    (await import("./watch/auction.js")).sayHammer(room, auction);
  });
  room.on("announce", announce);
  room.on("called_off", calledOff);
  room.on("phase", ({ cancelled }) => cancelled && say(t("watch.cancelled")));
  room.on("notice", ({ text }) => text && say(`${t("watch.notice")}: ${text}`));
  room.on("status", async (status, { code, reason }) => {
    if (status === "joined" || status === "closed") showRoom();
    if (status !== "closed") return;
    if (code === "bad_token" || code === "close_4401") {
      await signOut(); // the cookie's token has ended: stay as a guest
      location.reload();
    } else if (!room.state.room && (code === "forbidden" || code === "close_4403")) {
      const { showInvitation } = await import("./watch/group.js");
      main.replaceWith(await showInvitation(roomId));
      endLine(); // the page says it
    } else if (!room.state.room) {
      main.replaceWith(h("main.invitation", {}, h("div.login-card", {},
        h("h1", {}, whyClosed(String(code), reason ?? "")),
        h("a.primary", { href: "/" }, t("back")))));
      endLine();
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
  say: () => composer.field.focus(),
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

const main = h("main.watch");
/** What the server wrote of the room, seen until it is joined; null if it wrote nothing. */
const firstView = document.querySelector(".first-view");

/** The room takes the place of its first view; it is drawn before the next frame. */
function showRoom() {
  firstView?.remove();
  main.inert = false;
}

function build() {
  spot.root.prepend(unlisted.root, question.root);
  main.inert = firstView !== null;
  main.append(
    h("div.theatre", {},
      stage.root,
      h("div.shade"),
      h("header.top", {},
        h("a.icon-button", { href: "/", "aria-label": t("back"), title: t("back") }, icon("back")),
        hostChip.root,
        onlineBox,
        iconButton("more", t("menu"), onceJoined(openMenu))),
      stage.controls,
      h("div.strips", {}, notice.root, spot.root),
      // All that is below has half of the height at most, the talk 35 %: the face stays free.
      h("div.lower", {},
        h("div.talk", {}, pinnedComment.root, h("div.ticker-place", {}, ticker), talk.root, spot.box, answers.root),
        h("div.pinned", {}, pinnedBox, waiting.root, replayBox),
        h("footer.bar", {}, shelfButton, composer.root, ordersButton, likeButton.root,
          likeButton.hearts.canvas))),
    h("aside.panel", { "aria-label": t("shelf") },
      panelOrders,
      h("h2.panel-title", {}, t("shelf"), panelShelfCount), panelShelf));
  document.body.append(main);
  everyTick(onlineBox, () => onlineBox.setAttribute("aria-label",
    t("watch.online", { n: room.state.room?.online ?? 0 })));
  wide.addEventListener("change", () => room.state.room && drawShelf());
}

build();
const endLine = tellOfConnection(room);
listen();
await room.join().catch(() => {}); // by the cookie; one that has ended is refused, and then let go
doAgain();
globalThis.liveroom = room; // for the console of a curious developer, and for tests
