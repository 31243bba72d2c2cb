// The viewer page, /watch/{room}.

import { Room } from "./liveroom.js";
import { CommentList } from "./ui/comments.js";
import { everyTick, h, icon, iconButton, onceAFrame, write } from "./ui/dom.js";
import { day, duration, priceText, short } from "./ui/format.js";
import { Hearts } from "./ui/hearts.js";
import { openBuySheet, orderList } from "./ui/orders.js";
import { poster, stage } from "./ui/poster.js";
import { prefs } from "./ui/prefs.js";
import { pinnedCard, productDetails, shelfRow } from "./ui/product.js";
import { openSignIn, signOut, whoAmI } from "./ui/session.js";
import { connectionBanner, openSheet, say, toast } from "./ui/sheet.js";
import { saleOf } from "./ui/stock.js";
import { t, whyNot } from "./ui/strings.js";

const LIKES_GATHER_MS = 400;
const LIKES_MAX = 50; // in one command
const TICKER_MS = 2600;
const PANEL_ORDERS_MAX = 3; // beside the shelf; all of them are behind the button
const SOURCES = ["note", "search", "group", "follow", "reservation", "feed", "share"];

const roomId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const wide = matchMedia("(min-width: 60rem)");

/** `?from=note&note=abc` in a shared link tells what brought the viewer here. */
function source() {
  const from = new URLSearchParams(location.search);
  const kind = from.get("from");
  return SOURCES.includes(kind) ? { kind, id: (from.get("id") ?? "").slice(0, 64) } : undefined;
}

const room = new Room({ room: roomId, source: source() });
const isGuest = () => (room.state.you?.role ?? "guest") === "guest";

function needSignIn() {
  if (!isGuest()) return false;
  openSignIn({ why: t("signin.to_buy"), then: () => location.reload() });
  return true;
}

/** Buttons are there before the room is. */
const onceJoined = (run) => () => room.state.room && run();

// What product parts may ask of the page.
const ctx = {
  room,
  buy(sale, qty) {
    if (needSignIn()) return;
    openBuySheet(room, sale.title, room.buy(sale.sale, qty));
  },
  places: new Map(), // sale id -> this viewer's place in its line, as it was on joining
  async waitlist(sale) {
    if (needSignIn()) return;
    const leave = ctx.places.has(sale.sale);
    try {
      const { place } = await room.send("waitlist", { sale: sale.sale, qty: 1, leave });
      if (leave) ctx.places.delete(sale.sale);
      else if (place === 0) return; // offered at once: the order says so
      else ctx.places.set(sale.sale, place);
      toast(leave ? t("wait.left") : t("wait.joined", { place }));
    } catch (error) {
      toast(whyNot(error, room.state.room.phase));
    }
  },
  details(product) {
    openSheet(product.title, () => productDetails(ctx, product), { kind: "details-sheet" });
  },
};

// ---- the parts of the page

const stageBox = h("div.stage");
const hearts = new Hearts(h("canvas.hearts", { "aria-hidden": "true" }));
const hostName = h("b.host-name");
const phaseTag = h("span.phase");
const titleLine = h("h1.room-title");
const online = h("span.online-now");
const onlineBox = h("span.online", {}, icon("eye"), online);
const notice = h("p.notice", { hidden: true });
const ticker = h("p.ticker", { "aria-hidden": "true" });
const pinnedBox = h("div.pinned");
const likeCount = h("span.like-count");
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

const likeButton = h("button.round.like", { type: "button", "aria-label": t("like"),
  onclick: onceJoined(() => like()) }, icon("heart"), likeCount);
const shelfButton = h("button.round.shelf-button", { type: "button", "aria-label": t("shelf"),
  onclick: onceJoined(() => openShelf()) }, icon("bag"), shelfCount);
const ordersButton = h("button.round.orders-button", { type: "button", "aria-label": t("orders"),
  onclick: onceJoined(() => openOrders()) }, icon("list"), ordersDot);

const field = h("input.say", { type: "text", name: "comment", maxlength: "200",
  autocomplete: "off", enterkeyhint: "send", placeholder: t("comment.placeholder"),
  "aria-label": t("comment.label") });

function composer() {
  const submit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || needSignIn()) return;
    field.value = "";
    try {
      await room.comment(text);
    } catch (error) {
      if (!field.value) field.value = text; // what somebody wrote must not be lost
      toast(error.code === "muted" && error.retryMs
        ? t("comment.muted", { left: duration(error.retryMs) })
        : error.code === "rate_limited" && room.state.room.slow_s
          ? t("comment.slow", { n: room.state.room.slow_s })
          : whyNot(error, room.state.room.phase));
    }
  };
  field.addEventListener("focus", () => isGuest() && (field.blur(), needSignIn()));
  return h("form.composer", { onsubmit: submit }, field,
    h("button.send", { type: "submit", "aria-label": t("comment.send") }, icon("send")));
}

// ---- hearts: gathered, so that fifty taps are one command

let likesWaiting = 0;
let likesShown = 0;

function like() {
  if (needSignIn()) return;
  hearts.send(1);
  likesWaiting += 1;
  if (likesWaiting === 1) setTimeout(sendLikes, LIKES_GATHER_MS);
}

function sendLikes() {
  const n = Math.min(LIKES_MAX, likesWaiting);
  likesWaiting = 0;
  likesShown += n; // these flew already
  room.like(n).catch((error) => error.code === "not_live"
    && toast(whyNot(error, room.state.room.phase)));
}

function drawLikes(total) {
  if (likesShown === 0 || total < likesShown) likesShown = total;
  hearts.send(Math.min(6, total - likesShown));
  likesShown = total;
  write(likeCount, total ? short(total) : "");
}

// ---- sheets

function shelfRows() {
  const { shelf, pin } = room.state.room;
  if (!shelf.length) return [h("li.empty", {}, icon("bag"), h("p", {}, t("shelf.empty")))];
  const rows = shelf.map((product, i) => shelfRow(ctx, product, i, product.sku === pin));
  return rows.sort((a, b) => (b.dataset.sku === pin) - (a.dataset.sku === pin));
}

function openShelf() {
  const list = h("ol.shelf-list", {}, shelfRows());
  const dialog = openSheet(`${t("shelf")} · ${room.state.room.shelf.length}`, () => list);
  const off = room.on("change", (parts) => {
    if (["shelf", "pin", "all"].some((part) => parts.has(part))) list.replaceChildren(...shelfRows());
  });
  dialog.addEventListener("close", off);
}

function openOrders() {
  if (needSignIn()) return;
  const own = orderList(room);
  const dialog = openSheet(t("orders"), () => own.root);
  dialog.addEventListener("close", room.on("change", (parts) => parts.has("orders") && own.draw()));
}

function openMenu() {
  const { you } = room.state;
  openSheet(t("menu"), (leave) => h("div.stack", {},
    !isGuest() && h("p.fine", {}, t("signin.you", { name: you.name })),
    h("button.plain.wide", { type: "button", onclick: async () => {
      await navigator.clipboard?.writeText(location.href);
      leave();
      toast(t("watch.copied"));
    } }, icon("link"), t("watch.share")),
    !isGuest() && you.role !== "viewer"
      && h("a.plain.wide.button", { href: `/host/${encodeURIComponent(roomId)}` }, t("watch.host")),
    prefs(),
    isGuest()
      ? h("button.primary.wide", { type: "button", onclick: () => { leave(); needSignIn(); } },
        t("signin"))
      : h("button.plain.wide", { type: "button",
        onclick: () => signOut().then(() => location.reload()) }, t("signout"))));
}

// ---- drawing what changed

const DRAW = {
  all() {
    const { title, host_name } = room.state.room;
    document.title = `${title} · Liveroom`;
    write(titleLine, title);
    write(hostName, host_name);
    drawStage();
    for (const [part, draw] of Object.entries(DRAW)) if (part !== "all") draw();
  },
  phase() {
    const { phase } = room.state.room;
    phaseTag.dataset.phase = phase;
    write(phaseTag, t({ live: "live", scheduled: "soon", ended: "ended" }[phase]));
    field.disabled = likeButton.disabled = phase !== "live";
    field.placeholder = t({ scheduled: "comment.before", live: "comment.placeholder",
      ended: "comment.after" }[phase]);
    drawStage();
  },
  online: () => write(online, short(room.state.room.online)),
  likes: () => drawLikes(room.state.room.likes),
  notice() {
    const { notice: text } = room.state.room;
    notice.hidden = !text;
    notice.replaceChildren(icon("horn"), text);
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
};

let stageOf = "";

function drawStage() {
  const { phase, stream_url, embed_url, title, scheduled } = room.state.room;
  const now = [phase, stream_url, embed_url, title].join("\n");
  if (now === stageOf) return;
  stageOf = now;
  const words = phase === "ended" ? t("watch.ended")
    : phase === "scheduled" ? (scheduled ? t("watch.soon_at", { when: day(scheduled) })
      : t("watch.soon")) : null;
  const line = words && h("p.poster-note", {}, words);
  const shown = phase === "live" ? stage(room.state.room) : poster(room.state.room, line);
  stageBox.replaceChildren(shown);
  if (shown.tagName === "VIDEO") {
    const sound = iconButton("sound", t("watch.unmute"), () => {
      shown.muted = false;
      sound.remove();
    }, { class: "unmute" });
    stageBox.append(sound);
  }
}

let pinned = null;
let pinnedAs = "";

function drawPinned() {
  const { pin, shelf } = room.state.room;
  const product = shelf.find(({ sku }) => sku === pin);
  const now = product ? JSON.stringify(product) : "";
  if (now === pinnedAs) return;
  pinnedAs = now;
  pinned = product ? pinnedCard(ctx, product) : null;
  pinnedBox.replaceChildren(...(pinned ? [pinned.root] : []));
}

const items = (n) => t(n === 1 ? "shelf.count_one" : "shelf.count", { n });

function drawShelf() {
  const { shelf } = room.state.room;
  shelfCount.hidden = shelf.length === 0;
  write(shelfCount, String(shelf.length));
  shelfButton.setAttribute("aria-label", `${t("shelf")}, ${items(shelf.length)}`);
  write(panelShelfCount, items(shelf.length));
  drawPanel();
  drawPinned();
}

function drawPanel() {
  if (wide.matches) panelShelf.replaceChildren(...shelfRows());
}

const changed = new Set();
const draw = onceAFrame(() => {
  const parts = changed.has("all") ? ["all"] : [...changed];
  changed.clear();
  for (const part of parts) DRAW[part]?.();
});

// ---- events

let tickerUntil = 0;

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
    const what = room.state.room.shelf.find((product) => product.sku === sku)?.title ?? sku;
    write(ticker, t("sold.ticker", { name, what, qty }));
    ticker.classList.remove("shown");
    void ticker.offsetWidth; // starts the animation anew
    ticker.classList.add("shown");
  });
  room.on("sale", ({ sale }) => {
    const words = { open: "sale.opened_say", sold_out: "sale.sold_out_say" }[sale.status];
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
  room.on("notice", ({ text }) => text && say(`${t("watch.notice")}: ${text}`));
  room.on("status", async (status, { code }) => {
    if (status !== "closed") return;
    if (code === "bad_token" || code === "close_4401") {
      await signOut(); // the cookie's token has ended: stay as a guest
      location.reload();
    } else if (!room.state.room) {
      document.querySelector(".watch").replaceWith(h("main.nowhere", {},
        h("a.primary", { href: "/" }, t("back"))));
    }
  });
}

function build() {
  document.body.append(h("main.watch", {},
    h("div.theatre", {},
      stageBox,
      h("div.shade"),
      h("header.top", {},
        h("a.icon-button", { href: "/", "aria-label": t("back"), title: t("back") }, icon("back")),
        h("div.host-chip", {}, h("div.host-words", {}, h("span.host-line", {}, phaseTag, hostName),
          titleLine)),
        onlineBox,
        iconButton("more", t("menu"), onceJoined(openMenu))),
      notice,
      h("div.talk", {}, ticker, talk.root),
      pinnedBox,
      h("footer.bar", {}, shelfButton, composer(), ordersButton, likeButton, hearts.canvas)),
    h("aside.panel", { "aria-label": t("shelf") },
      panelOrders,
      h("h2.panel-title", {}, t("shelf"), panelShelfCount), panelShelf)));
  document.body.prepend(connectionBanner(room));
  everyTick(onlineBox, () => onlineBox.setAttribute("aria-label",
    t("watch.online", { n: room.state.room?.online ?? 0 })));
  wide.addEventListener("change", () => room.state.room && drawShelf());
}

build();
listen();
// The session is asked first, so that an ended one is noticed before the socket is refused.
await whoAmI();
await room.join().catch(() => {});
globalThis.liveroom = room; // for the console of a curious developer, and for tests
