// The host console, /host/{room}.

import "./ui/later-words.js";
import "./ui/work-words.js";
import "./ui/host-words.js";
import { Room } from "./liveroom.js";
import { Asks } from "./host/asks.js";
import { HostAuction } from "./host/auction.js";
import { HostCoupons } from "./host/coupons.js";
import { Desk } from "./host/desk.js";
import { DetailsBox } from "./host/details.js";
import { askToEnd, openSummary } from "./host/ending.js";
import { HostFigures } from "./host/figures.js";
import { noticeForm, restockForm, saleForm } from "./host/forms.js";
import { HostInsights } from "./host/insights.js";
import { LogBox, MutedBox, PeopleBox, ReviewBox, RulesBox, WordsBox } from "./host/moderation.js";
import { HostNumbers } from "./host/numbers.js";
import { HostOrders } from "./host/orders.js";
import { HostOverall } from "./host/overall.js";
import { PictureBox } from "./host/picture.js";
import { Phone } from "./host/phone.js";
import { Planned } from "./host/planned.js";
import { Plans } from "./host/plans.js";
import { practiceBand, practiceButton } from "./host/practice.js";
import { Prompts } from "./host/prompts.js";
import { Questions } from "./host/questions.js";
import { QuickReplies } from "./host/quick-replies.js";
import { ReportsBox } from "./host/reports.js";
import { HostLucky, HostPoll } from "./host/rounds.js";
import { attempt, HostSales, HostShelf, pin } from "./host/shelf.js";
import { RundownBox } from "./host/rundown.js";
import { Signals } from "./host/signals.js";
import { HostSending } from "./host/sending.js";
import { HostTalk } from "./host/talk.js";
import { Views } from "./host/views.js";
import { NotesBox, OpenQuestions, WaitingBox } from "./host/waiting.js";
import { tellOfConnection } from "./ui/connection.js";
import { everyTick, h, icon, iconButton, onceAFrame, write } from "./ui/dom.js";
import { duration, showTimesIn } from "./ui/format.js";
import { isDialogOpen } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { roomText } from "./ui/phase.js";
import { devButtons, rest, signOut, tokenForm, whoAmI } from "./ui/session.js";
import { openSheet, toast } from "./ui/sheet.js";
import { Statements } from "./ui/statements.js";
import { t } from "./ui/strings.js";
import { viewOf } from "./ui/view.js";

/**
 * @import { Part, StatusDetail } from "./liveroom.js"
 * @import { RoomRow } from "./ui/answers.js"
 * @import { IconName } from "./ui/dom.js"
 * @import { Key } from "./ui/strings.js"
 */

const roomId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const room = new Room({ room: roomId, commentsMax: 200 });
const session = await whoAmI();
const MAY_SIGN_IN = ["viewer", "host", "moderator", "admin"]; // a viewer may moderate this room
const MAY_ENTER = ["host", "moderator", "admin"];

// ---- the parts

const desk = new Desk(room, onceAFrame(() => drawDesk()));
const shelf = new HostShelf(room);
const sales = new HostSales(room);
const quick = new QuickReplies(room);
const talk = new HostTalk(room, desk, quick);
const asks = new Asks();
const signals = new Signals();
const orders = new HostOrders(room, roomId, () => numbers.draw(), (n) => signals.tellOrders(n));
const prompts = new Prompts(room, () => signals.give("prompt"));
const planned = new Planned(room, onceAFrame(() => drawPlanned()));
const rundown = new RundownBox(room, planned);
const figures = new HostFigures(roomId);
const overall = new HostOverall(() => viewOf(room).host);
const insights = new HostInsights(() => viewOf(room).host);
const money = new Statements(
  () => `/v1/hosts/${encodeURIComponent(viewOf(room).host)}`, "panel-box");
const sending = new HostSending(() => viewOf(room).host);
const numbers = new HostNumbers(room, orders, figures);
const picture = new PictureBox(room, () => built && phone.picture.draw());
const questions = new Questions(room, quick);
const coupons = new HostCoupons(room, () => numbers.currency());
const poll = new HostPoll(room);
const lucky = new HostLucky(room);
const auction = new HostAuction(room);
const review = new ReviewBox(room);
const reports = new ReportsBox(room, onceAFrame(() => drawDesk()));
const rules = new RulesBox(desk);
const words = new WordsBox(desk);
const people = new PeopleBox(desk);
const mutedBox = new MutedBox(desk);
const openQuestions = new OpenQuestions((question) => {
  views.show("engage");
  questions.take(question);
});
const onNotes = new NotesBox(onceAFrame(() => drawDesk()));
const waiting = new WaitingBox({ held: review.root, reports: reports.root, notes: onNotes.root,
  questions: openQuestions.root, muted: mutedBox.root });
const log = new LogBox(roomId);
const plans = new Plans(room);
const details = new DetailsBox(room);
const practice = practiceBand(room);
const views = new Views([
  ["now", [prompts.root, rundown.root, picture.root, numbers.tilesRoot, sales.root, numbers.chartsRoot, orders.root]],
  ["engage", [questions.root, auction.root, coupons.root, poll.root, lucky.root]],
  ["figures", [figures.root, insights.root, overall.root, money.root]],
  ["sending", [sending.root, sending.reviewsRoot]],
  ["manage", [waiting.root, details.root, quick.root, signalsBox(), rules.root, words.root, people.root, plans.root,
    log.root]],
], (name) => {
  if (name === "figures") {
    figures.read();
    insights.read();
    overall.read();
    money.read();
  }
  if (name === "sending") sending.read();
  if (name !== "manage") return;
  desk.read(); // no event tells of words and moderators
  log.read();
  plans.read();
  onNotes.read(viewOf(room).host === session.you?.user);
});
const phone = new Phone(room, { talk, sales, questions, picture, planned, prompts, quick, toggleLive });
const phaseTag = h("span.phase");
const since = h("span.fine.digits");
const liveButton = h("button.primary.small-button", { type: "button", onclick: () => toggleLive() });

function signalsBox() {
  return h("section.panel-box", { "aria-label": t("signals.title") }, signals.root);
}

async function toggleLive() {
  if (!room.state.room) return;
  if (room.state.room.draft) {
    await details.publish();
    return;
  }
  if (room.state.room.phase === "scheduled") {
    await attempt(room.liveStart());
    return;
  }
  const answer = await askToEnd(room.state.room.sales.some(({ status }) => status !== "closed"));
  if (answer) await attempt(room.liveEnd(answer));
}

function drawPhase() {
  const now = viewOf(room);
  const { title, phase, kind, draft } = now;
  document.title = `${title} · ${t("host.title")}`;
  const heading = document.querySelector(".nav-title");
  if (heading) write(heading, title);
  phaseTag.dataset.phase = phase;
  write(phaseTag, kind === "group" ? t("group.tag") : roomText(now));
  write(liveButton, t(draft ? "details.publish" : phase === "live" ? "host.end" : "host.start"));
  details.draw();
  liveButton.className = `${phase === "live" ? "plain" : "primary"} small-button`;
  liveButton.hidden = phase === "ended" || kind === "group";
}

function drawPlanned() {
  if (!built) return;
  rundown.draw();
  phone.drawPlanned();
}

/** What only staff see has changed. */
function drawDesk() {
  if (!built) return;
  asks.draw(desk.state, viewOf(room));
  for (const part of [questions, openQuestions, review, rules, words, people, mutedBox]) part.draw(desk.state);
  phone.drawWaiting();
  waiting.draw({ held: desk.state.held_total, reports: reports.waiting, notes: onNotes.waiting,
    questions: questions.queue.length,
    muted: desk.state.muted.length });
  views.badge("engage", questions.queue.length);
  views.badge("manage", desk.state.held_total + reports.waiting);
}

/** @type {{[What in Part]?: () => void}} */
const DRAW = {
  all() {
    for (const [part, draw] of Object.entries(DRAW)) if (part !== "all") draw();
  },
  phase() { drawPhase(); talk.draw(); shelf.draw(); auction.draw(); picture.draw(); phone.draw(); choosePhone(); },
  shelf: () => { shelf.draw(); drawDesk(); phone.draw(); },
  pin: () => { shelf.draw(); phone.draw(); },
  sales: () => { sales.draw(); numbers.draw(); phone.draw(); signals.watch(viewOf(room).sales); },
  online: () => { numbers.draw(); phone.draw(); },
  picture: () => phone.draw(),
  settings: () => {
    showTimesIn(viewOf(room).time_zone);
    drawPhase(); talk.draw(); shelf.draw(); rules.draw(desk.state); picture.draw(); practice.draw(); drawPlanned();
  },
  questions: () => { questions.draw(desk.state); openQuestions.draw(desk.state); phone.drawWaiting(); },
  coupons: () => coupons.draw(),
  poll: () => poll.draw(),
  lucky: () => lucky.draw(),
  auction: () => auction.draw(),
};

/** @type {Set<Part>} */
const changed = new Set();
const draw = onceAFrame(() => {
  if (built && changed.has("all")) DRAW.all?.();
  else if (built) for (const part of changed) DRAW[part]?.();
  changed.clear();
});

let built = false;

/** The room is over: what came of it, by the server's figures. */
async function summarize() {
  const all = await figures.read();
  if (all) openSummary(viewOf(room), all, { peak: numbers.peak, csv: `${figures.path}.csv` });
}

function listen() {
  room.on("change", (parts) => {
    for (const part of parts) changed.add(part);
    draw();
  });
  questions.listen();
  desk.listen();
  reports.listen();
  planned.listen();
  prompts.listen();
  quick.listen();
  room.on("comment", (event) => {
    talk.list.add(event);
    phone.hear(event);
  });
  room.on("joined", ({ comments, you }) => {
    if (!MAY_ENTER.includes(you.role)) return room.close(); // host of another room, viewer of this
    if (!built) build();
    talk.list.fill(comments);
    if (phone.isShown) phone.list.fill(comments);
    const { shelf: known, shelf_total: total } = viewOf(room);
    if (known.length < total) void attempt(room.readShelf()); // a host works with all of it
  });
  room.on("removed", (event) => {
    talk.list.remove(event);
    phone.list.remove(event);
  });
  room.on("sold", () => auction.read());
  room.on("gap", ({ comments }) => {
    talk.list.skip(comments);
    phone.list.skip(comments);
  });
  room.on("status", (status, { code }) => status === "closed" && turnAway(code));
  room.on("phase", ({ phase, cancelled }) => phase === "ended" && !cancelled && summarize());
}

// ---- shortcuts: for what a host does fifty times an hour

function pinnedProduct() {
  const { shelf: products, pin: pinned } = viewOf(room);
  return products.find(({ sku }) => sku === pinned) ?? products[0];
}

/** @type {Record<string, [words: Key | "", run: () => unknown]>} */
const KEYS = {
  0: ["keys.unpin", () => attempt(room.send("unpin"))],
  s: ["keys.sale", () => {
    if (pinnedProduct()) saleForm(room, pinnedProduct());
    else toast(t("shelf.empty"));
  }],
  r: ["keys.restock", () => {
    const sale = sales.current();
    if (sale) restockForm(room, sale);
    else toast(t("host.no_sales"));
  }],
  n: ["keys.notice", () => noticeForm(room)],
  q: ["keys.question", () => { views.show("engage"); questions.next(); }],
  c: ["keys.comment", () => talk.field.focus()],
  j: ["keys.move", () => talk.move(1)],
  k: ["", () => talk.move(-1)],
  d: ["keys.delete", () => talk.remove()],
  m: ["keys.mute", () => talk.mute()],
  b: ["keys.keep", () => talk.keep()],
  "?": ["keys.help", () => openKeys()],
};

function openKeys() {
  openSheet(t("host.shortcuts"), () => h("dl.keys", {},
    h("div", {}, h("dt", {}, h("kbd", {}, "1"), "–", h("kbd", {}, "9")), h("dd", {}, t("keys.pin"))),
    Object.entries(KEYS).map(([key, [words]]) => words
      && h("div", {}, h("dt", {}, h("kbd", {}, key.toUpperCase()),
        key === "j" ? h("kbd", {}, "K") : null), h("dd", {}, t(words))))));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const at = event.target;
  const busy = at instanceof Element && at.closest("input:not([type=radio]), textarea, select");
  if (busy || isDialogOpen() || event.ctrlKey || event.metaKey || event.altKey || !room.state.room) return;
  const product = /^[1-9]$/.test(event.key) && room.state.room.shelf[Number(event.key) - 1];
  const run = product ? () => pin(room, product.sku) : KEYS[event.key.toLowerCase()]?.[1];
  if (!run) return;
  event.preventDefault(); // else the key is typed into the dialog it opens
  run();
}

// ---- the page

/** @type {[name: string, words: Key, icon: IconName][]} */
const TABS = [["live", "host.tab.live", "play"], ["talk", "host.tab.talk", "list"], ["shelf", "host.tab.shelf", "bag"],
  ["numbers", "host.tab.numbers", "bolt"]];

const desktop = matchMedia("(min-width: 60rem)");
/** @type {(name: string) => void} */
let chooseTab = () => {};
let wasLive = false;

/** A stream that is live, or goes live, is shown as the host's phone has it, once. */
function choosePhone() {
  const live = viewOf(room).phase === "live" && viewOf(room).kind !== "group";
  if (live && !wasLive) chooseTab("live");
  wasLive = live;
}

/** Of a stream that is over, a host wants to know what came of it. */
function showFigures() {
  views.show("figures");
  chooseTab("numbers");
}

/** @param {HTMLElement} main */
function tabs(main) {
  const buttons = TABS.map(([name, words, picture]) => h("button.tab", { type: "button",
    "aria-pressed": String(name === "shelf"), onclick: () => choose(name), data: { tab: name } },
  icon(picture), h("span", {}, t(words))));
  /** @param {string} name */
  function choose(name) {
    main.dataset.tab = document.body.dataset.tab = name;
    const isShown = name === "live" && !desktop.matches;
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.tab === name));
    }
    if (room.state.room) phone.show(isShown);
  }
  chooseTab = choose;
  desktop.addEventListener("change", () => choose(main.dataset.tab ?? "shelf"));
  return h("nav.tabs", { "aria-label": t("host.title") }, buttons);
}

function build() {
  built = true;
  const main = h("main.console", { data: { tab: "shelf" } },
    h("div.column.column-live", {}, phone.root),
    h("div.column.column-shelf", {}, shelf.root, asks.root),
    h("div.column.column-middle", {}, views.root),
    h("div.column.column-talk", {}, talk.root));
  everyTick(since, () => {
    const { phase, started } = viewOf(room);
    write(since, phase === "live" ? duration(room.now() - started) : "");
  });
  document.body.append(
    nav(session, t("host.title"), { roles: ["host", "viewer"], owner: viewOf(room), more: [
      phaseTag, since, liveButton, viewOf(room).practice || viewOf(room).kind === "group" ? null : practiceButton(room),
      iconButton("keyboard", t("host.shortcuts"), openKeys, { class: "desktop-only" }),
      h("a.icon-button", { href: `/watch/${encodeURIComponent(roomId)}`,
        "aria-label": t("host.view"), title: t("host.view") }, icon("eye"))] }),
    practice.band, main, tabs(main));
  if (room.state.you?.role === "moderator") views.show("manage");
  else if (viewOf(room).phase === "ended") showFigures();
  document.addEventListener("keydown", onKey);
  phone.start();
  rundown.start();
  orders.start();
  figures.start(() => views.row.shown === "now" || views.row.shown === "figures");
}

/**
 * The room is closed to this browser for good.
 * @param {StatusDetail["code"]} code
 */
async function turnAway(code) {
  if (code === "bad_token" || code === "close_4401") {
    await signOut(); // the cookie's token has ended
    location.reload();
  } else if (!built) {
    await gate();
  }
}

/**
 * The room as anybody may read it; null if there is none.
 * @returns {Promise<RoomRow | null>}
 */
async function readRoom() {
  try {
    return await rest("GET", `/v1/rooms/${encodeURIComponent(roomId)}`);
  } catch {
    return null;
  }
}

/** Somebody who is not the host, or no such room: say so, and offer to sign in. */
async function gate() {
  const view = await readRoom();
  endLine?.(); // the page says it
  if (!view) {
    document.body.append(h("main.login", {}, h("div.login-card", {},
      h("h1", {}, t("conn.no_room")), h("a.primary", { href: "/" }, t("back")))));
    return;
  }
  document.body.append(h("main.login", {}, h("div.login-card", {},
    h("h1", {}, t("host.title")), h("p", {}, t("host.only")),
    session.you && h("p.fine", {}, t("signin.you", { name: session.you.name })),
    session.dev && devButtons(["host"], { owner: view, then: () => location.reload() }),
    tokenForm(() => location.reload())),
  h("a.plain.button", { href: "/" }, t("back"))));
}

/** @type {(() => void) | undefined} */
let endLine;
if (MAY_SIGN_IN.includes(session.you?.role ?? "guest")) {
  endLine = tellOfConnection(room);
  listen();
  await room.join().catch(() => {});
  globalThis.liveroom = room;
} else {
  await gate();
}
