// The host by name: follow, the fan group, what comes next.

import { h, icon, write } from "../ui/dom.js";
import { day, number } from "../ui/format.js";
import { roomText } from "../ui/phase.js";
import { rest } from "../ui/session.js";
import { openSheet, sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { watchPath } from "./address.js";

/**
 * @import { Phase } from "../liveroom.js"
 * @import { HostView, RoomSummary } from "../ui/answers.js"
 * @import { Page } from "./page.js"
 * @typedef {RoomSummary & {phase: Phase}} HostRoom
 */

/**
 * Run one command of a button: off while it is under way, and what goes wrong is told.
 * @template T
 * @param {HTMLButtonElement} button
 * @param {() => Promise<T>} run
 * @returns {Promise<T | null>} null if it went wrong
 */
async function press(button, run) {
  button.disabled = true;
  try {
    return await run();
  } catch (error) {
    toast(whyNot(error));
    return null;
  } finally {
    button.disabled = false;
  }
}

export class HostChip {
  /** @param {Page} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.phase = h("span.phase");
    this.name = h("b.host-name", { dir: "auto" });
    this.title = h("h1.room-title", { dir: "auto" });
    this.button = h("button.follow", { type: "button", hidden: true, onclick: () => this.follow() });
    this.root = h("div.host-chip", {},
      h("div.host-words", {}, h("span.host-line", {}, this.phase,
        h("button.host-open", { type: "button", onclick: () => ctx.room.state.room && openHost(ctx) },
          this.name)), this.title),
      this.button);
  }

  async follow() {
    const { ctx, button } = this;
    if (ctx.needSignIn("follow")) return;
    const { following } = ctx.room.state.mine;
    const { host_name, host } = viewOf(ctx.room);
    if (following && !await sure(t("follow.stop_sure", { name: host_name || host }),
      t("follow.stop"))) return;
    const total = await press(button, () => ctx.room.follow(!following));
    if (total !== null && !following) toast(t("follow.done"));
    this.draw();
  }

  draw() {
    const { mine, you } = this.ctx.room.state;
    const now = viewOf(this.ctx.room);
    const { title, host_name, host, phase, kind } = now;
    write(this.title, title);
    write(this.name, host_name || host);
    this.phase.dataset.phase = phase;
    write(this.phase, kind === "group" ? t("group.tag") : roomText(now));
    this.button.hidden = you?.user === host || kind === "group";
    this.button.classList.toggle("on", mine.following);
    this.button.setAttribute("aria-pressed", String(mine.following));
    write(this.button, t(mine.following ? "follow.on" : "follow"));
  }
}

/**
 * The host's own sheet: how many follow, the group, other rooms.
 * @param {Page} ctx
 */
export function openHost(ctx) {
  const { room } = ctx;
  const { host, host_name, followers, group, kind } = viewOf(room);
  const rooms = h("div.host-rooms");
  const groupBox = h("div");
  const drawGroup = () => groupBox.replaceChildren(...(group || kind === "group"
    ? [groupPart(ctx, drawGroup)] : []));
  drawGroup();
  openSheet(host_name || host, () => h("div.stack", {},
    h("p.fine", {}, t("follow.count", { n: number(followers) })), groupBox,
    h("a.plain.wide.button", { href: `/h/${encodeURIComponent(host)}` }, t("profile.open")), rooms));
  /** @param {HostView} view */
  const drawRooms = (view) => {
    const others = roomsOf(view).filter((it) => it.room !== viewOf(room).room);
    if (others.length) rooms.replaceChildren(h("h3", {}, t("host.other_rooms")), roomLinks(others));
  };
  /** @type {Promise<HostView>} */
  const reading = rest("GET", `/v1/hosts/${encodeURIComponent(host)}`);
  reading.then(drawRooms, () => {}); // then only what the room itself says
}

/** @type {Phase[]} */
const URGENCY = ["live", "scheduled", "ended"];

/**
 * A host's rooms as one list, the most urgent first: each with its `phase`.
 * @type {(view: HostView) => HostRoom[]}
 */
export const roomsOf = ({ rooms }) =>
  URGENCY.flatMap((phase) => rooms[phase].map((it) => ({ ...it, phase })));

/** @param {HostRoom[]} rooms */
function roomLinks(rooms) {
  return h("ul.room-links", {}, rooms.slice(0, 6).map((it) => h("li", {},
    h("a.text-link", { href: watchPath(it.room) },
      h("span.phase", { data: { phase: it.phase } }, it.phase === "scheduled" && it.scheduled
        ? day(it.scheduled) : roomText(it)),
      it.title))));
}

/**
 * Join the fan group, open it, or leave it.
 * @type {(ctx: Page, redraw: () => void) => HTMLElement}
 */
function groupPart(ctx, redraw) {
  const { room } = ctx;
  const { kind, room: here, group } = viewOf(room);
  const id = kind === "group" ? here : group;
  if (!room.state.mine.member && kind !== "group") {
    const join = h("button.primary.wide", { type: "button", data: { do: "join-group" } },
      icon("person"), t("group.join"));
    join.addEventListener("click", async () => {
      if (ctx.needSignIn("tap")) return;
      if (await press(join, () => room.groupJoin())) location.href = watchPath(id, "group");
      else redraw();
    });
    return h("div.group-part", {}, h("p", {}, t("group.why")), join);
  }
  const leave = h("button.quiet", { type: "button", data: { do: "leave-group" } }, t("group.leave"));
  leave.addEventListener("click", async () => {
    if (!await sure(t("group.leave_sure"), t("group.leave"))) return;
    await press(leave, () => room.groupLeave());
    if (kind === "group") location.href = "/";
    else redraw();
  });
  return h("div.group-part", {},
    kind !== "group" && h("a.primary.wide.button", { href: watchPath(id) }, t("group.open")), leave);
}

