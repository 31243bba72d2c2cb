// The host console, /host/{room}.

import { Room } from "./liveroom.js";
import { noticeForm, restockForm, saleForm } from "./host/forms.js";
import { HostNumbers } from "./host/numbers.js";
import { HostOrders } from "./host/orders.js";
import { attempt, HostSales, HostShelf, pin } from "./host/shelf.js";
import { HostTalk } from "./host/talk.js";
import { everyTick, h, icon, iconButton, onceAFrame, write } from "./ui/dom.js";
import { duration } from "./ui/format.js";
import { nav } from "./ui/nav.js";
import { devButtons, signOut, tokenForm, whoAmI } from "./ui/session.js";
import { connectionBanner, openSheet, sure, toast } from "./ui/sheet.js";
import { t } from "./ui/strings.js";

const roomId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const room = new Room({ room: roomId, commentsMax: 200 });
const session = await whoAmI();
const MAY_ENTER = ["host", "moderator", "admin"];

// ---- the parts

const shelf = new HostShelf(room);
const sales = new HostSales(room);
const talk = new HostTalk(room);
const orders = new HostOrders(room, roomId, () => numbers.draw());
const numbers = new HostNumbers(room, orders);
const phaseTag = h("span.phase");
const since = h("span.fine.digits");
const liveButton = h("button.primary.small-button", { type: "button", onclick: () => toggleLive() });

async function toggleLive() {
  if (!room.state.room) return;
  if (room.state.room.phase === "scheduled") await attempt(room.send("live.start"));
  else if (await sure(t("host.end_sure"), t("host.end"))) await attempt(room.send("live.end"));
}

function drawPhase() {
  const { phase } = room.state.room;
  phaseTag.dataset.phase = phase;
  write(phaseTag, t({ live: "live", scheduled: "soon", ended: "ended" }[phase]));
  write(liveButton, t(phase === "live" ? "host.end" : "host.start"));
  liveButton.className = `${phase === "live" ? "plain" : "primary"} small-button`;
  liveButton.hidden = phase === "ended";
}

const DRAW = {
  all() {
    const { title } = room.state.room;
    document.title = `${title} · ${t("host.title")}`;
    write(document.querySelector(".nav-title"), title);
    for (const [part, draw] of Object.entries(DRAW)) if (part !== "all") draw();
  },
  phase() { drawPhase(); talk.draw(); },
  shelf: () => { shelf.draw(); talk.asks.draw(room.state.room); },
  pin: () => shelf.draw(),
  sales: () => { sales.draw(); numbers.draw(); },
  online: () => numbers.draw(),
  slow_s: () => talk.draw(),
};

const changed = new Set();
const draw = onceAFrame(() => {
  if (built) for (const part of changed.has("all") ? ["all"] : changed) DRAW[part]?.();
  changed.clear();
});
const drawAsks = onceAFrame(() => talk.asks.draw(room.state.room));

let built = false;

function listen() {
  room.on("change", (parts) => {
    for (const part of parts) changed.add(part);
    draw();
  });
  room.on("comment", (event) => {
    if (talk.hear(event)) drawAsks();
  });
  room.on("joined", ({ comments, you }) => {
    if (!MAY_ENTER.includes(you.role)) return room.close(); // host of another room, viewer of this
    if (!built) build();
    talk.fill(comments);
    drawAsks();
  });
  room.on("removed", (event) => talk.list.remove(event));
  room.on("gap", ({ comments }) => talk.list.skip(comments));
  room.on("status", (status, { code }) => status === "closed" && turnAway(code));
  room.on("phase", ({ phase }) => phase === "ended" && numbers.summary(talk.asks));
}

// ---- shortcuts: for what a host does fifty times an hour

const pinnedProduct = () =>
  room.state.room.shelf.find(({ sku }) => sku === room.state.room.pin) ?? room.state.room.shelf[0];

const KEYS = {
  0: ["keys.unpin", () => attempt(room.send("unpin"))],
  s: ["keys.sale", () => {
    if (pinnedProduct()) saleForm(room, pinnedProduct());
    else toast(t("shelf.empty"));
  }],
  r: ["keys.restock", () => {
    if (sales.current()) restockForm(room, sales.current());
    else toast(t("host.no_sales"));
  }],
  n: ["keys.notice", () => noticeForm(room)],
  c: ["keys.comment", () => talk.field.focus()],
  j: ["keys.move", () => talk.move(1)],
  k: ["", () => talk.move(-1)],
  d: ["keys.delete", () => talk.remove()],
  m: ["keys.mute", () => talk.mute()],
  "?": ["keys.help", () => openKeys()],
};

function openKeys() {
  openSheet(t("host.shortcuts"), () => h("dl.keys", {},
    h("div", {}, h("dt", {}, h("kbd", {}, "1"), "–", h("kbd", {}, "9")), h("dd", {}, t("keys.pin"))),
    Object.entries(KEYS).filter(([, [words]]) => words).map(([key, [words]]) =>
      h("div", {}, h("dt", {}, h("kbd", {}, key.toUpperCase()),
        key === "j" ? h("kbd", {}, "K") : null), h("dd", {}, t(words))))));
}

function onKey(event) {
  const busy = event.target.closest?.("input:not([type=radio]), textarea, select, dialog:not(.leaving)");
  if (busy || event.ctrlKey || event.metaKey || event.altKey || !room.state.room) return;
  const product = /^[1-9]$/.test(event.key) && room.state.room.shelf[Number(event.key) - 1];
  const run = product ? () => pin(room, product.sku) : KEYS[event.key.toLowerCase()]?.[1];
  if (!run) return;
  event.preventDefault(); // else the key is typed into the dialog it opens
  run();
}

// ---- the page

const TABS = { talk: "host.tab.talk", shelf: "host.tab.shelf", numbers: "host.tab.numbers" };

function tabs(main) {
  const buttons = Object.entries(TABS).map(([name, words]) => h("button.tab", { type: "button",
    "aria-pressed": String(name === "shelf"), onclick: () => choose(name), data: { tab: name } },
  icon({ talk: "list", shelf: "bag", numbers: "bolt" }[name]), h("span", {}, t(words))));
  function choose(name) {
    main.dataset.tab = name;
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.tab === name));
    }
  }
  return h("nav.tabs", { "aria-label": t("host.title") }, buttons);
}

function build() {
  built = true;
  const main = h("main.console", { data: { tab: "shelf" } },
    h("div.column.column-shelf", {}, shelf.root, talk.asks.root),
    h("div.column.column-middle", {}, numbers.tilesRoot, sales.root, numbers.chartsRoot,
      orders.root),
    h("div.column.column-talk", {}, talk.root));
  everyTick(since, () => {
    const { phase, started } = room.state.room ?? {};
    write(since, phase === "live" ? duration(room.now() - started) : "");
  });
  document.body.append(
    nav(session, t("host.title"), { roles: ["host", "viewer"], host: room.state.room.host, more: [phaseTag, since, liveButton,
      iconButton("keyboard", t("host.shortcuts"), openKeys, { class: "desktop-only" }),
      h("a.icon-button", { href: `/watch/${encodeURIComponent(roomId)}`,
        "aria-label": t("host.view"), title: t("host.view") }, icon("eye"))] }),
    main, tabs(main));
  document.addEventListener("keydown", onKey);
  orders.start();
}

/** The room is closed to this browser for good. */
async function turnAway(code) {
  if (code === "bad_token" || code === "close_4401") {
    await signOut(); // the cookie's token has ended
    location.reload();
  } else if (!built) {
    await gate();
  }
}

/** Somebody who is not the host, or no such room: say so, and offer to sign in. */
async function gate() {
  const view = await fetch(`/v1/rooms/${encodeURIComponent(roomId)}`)
    .then((answer) => (answer.ok ? answer.json() : null), () => null);
  document.querySelector(".banner")?.remove(); // the page says it
  if (!view) {
    document.body.append(h("main.login", {}, h("div.login-card", {},
      h("h1", {}, t("conn.no_room")), h("a.primary", { href: "/" }, t("back")))));
    return;
  }
  document.body.append(h("main.login", {}, h("div.login-card", {},
    h("h1", {}, t("host.title")), h("p", {}, t("host.only")),
    session.you && h("p.fine", {}, t("signin.you", { name: session.you.name })),
    session.dev && devButtons(["host"], { host: view.host, then: () => location.reload() }),
    tokenForm(() => location.reload())),
  h("a.plain.button", { href: "/" }, t("back"))));
}

if (MAY_ENTER.includes(session.you?.role)) {
  document.body.prepend(connectionBanner(room));
  listen();
  await room.join().catch(() => {});
  globalThis.liveroom = room;
} else {
  await gate();
}
