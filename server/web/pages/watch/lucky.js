// The lucky draw: enter, wait, win; and check it oneself.

import { everyTick, h, icon, write } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { openSheet, toast } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { failureOf, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Lucky } from "../liveroom.js"
 * @import { Entrants } from "../ui/answers.js"
 * @import { Key } from "../ui/strings.js"
 * @import { Drawn, Page } from "./page.js"
 */

/** @type {Record<"followers" | "group" | "", Key>} */
const ENTER = { followers: "lucky.enter_follow", group: "lucky.enter_join", "": "lucky.enter" };

/**
 * The card of the room's newest lucky draw.
 * @param {Page} ctx
 * @param {Lucky} lucky
 * @returns {Drawn}
 */
export function luckyCard(ctx, lucky) {
  const { room } = ctx;
  const now = () => {
    const newest = viewOf(room).lucky;
    return newest?.lucky === lucky.lucky ? newest : lucky;
  };
  const button = h("button.primary.small-button", { type: "button", data: { do: "enter" },
    onclick: () => enter() }, t("lucky.enter"));
  const line = h("span.fine");
  const winners = h("ul.winners");
  const check = h("button.plain.small-button", { type: "button", data: { do: "check" },
    onclick: () => ctx.needSignIn() || openCheck(viewOf(room).room, now()) },
    icon("check"), t("lucky.check"));
  const timer = countdown(() => room.now(), () => (now().status === "open" ? now().ends : 0),
    () => t("lucky.draws_in"));
  const needs = () => (now().audience === "followers" && !room.state.mine.following ? "followers"
    : now().audience === "group" && !room.state.mine.member ? "group" : "");
  async function enter() {
    if (ctx.needSignIn("tap")) return;
    button.disabled = true;
    try {
      if (needs() === "followers") await room.follow();
      if (needs() === "group") await room.groupJoin();
      await room.luckyEnter(lucky.lucky);
    } catch (error) {
      toast(failureOf(error).code === "forbidden" ? t("lucky.not_yours") : whyNot(error));
    }
    draw();
  }
  let shown = "";
  function draw() {
    const it = now();
    const drawn = it.status === "drawn";
    const over = it.ends > 0 && room.now() >= it.ends;
    const { lucky: entered } = room.state.mine;
    button.hidden = drawn;
    button.disabled = entered || over;
    write(button, entered ? t("lucky.entered") : t(ENTER[needs()]));
    check.hidden = !drawn;
    write(line, `${t("lucky.prizes", { n: it.prizes })} · ${t("lucky.entries",
      { n: number(it.entries ?? 0) })}${drawn ? "" : over ? ` · ${t("lucky.drawing")}`
      : it.ends ? "" : ` · ${t("lucky.by_host")}`}`);
    const key = JSON.stringify(it.winners ?? []);
    if (!drawn || key === shown) return;
    shown = key;
    const me = room.state.you?.user;
    winners.replaceChildren(...(it.winners?.length ? it.winners : [null]).map((winner) => winner
      ? h("li", { class: winner.user === me ? "mine" : "" }, icon("gift"), winner.name,
        winner.user === me && h("b", {}, t("lucky.you")))
      : h("li", {}, t("lucky.nobody"))));
  }
  const root = h("div.lucky", { data: { lucky: lucky.lucky } },
    h("p.spot-title", {}, lucky.title), winners,
    h("p.spot-foot", {}, line, timer, button, check));
  everyTick(root, draw);
  return { root, draw };
}

/**
 * Recompute the draw in this browser and say what came out.
 * @param {string} roomId
 * @param {Lucky} lucky
 */
async function openCheck(roomId, lucky) {
  const body = h("div.check", {}, h("p", {}, t("lucky.checking")));
  openSheet(t("lucky.check"), () => body);
  try {
    const path = `/v1/rooms/${encodeURIComponent(roomId)}/luckies/${
      encodeURIComponent(lucky.lucky)}/entrants`;
    /** @type {Entrants} */
    const { entrants } = await rest("GET", path);
    const { checkLucky } = await import("../ui/luckycheck.js"); // few ever check
    const { steps, places } = await checkLucky(lucky, entrants);
    body.dataset.result = String(steps.every(({ holds }) => holds));
    body.replaceChildren(
      h("p", {}, t("lucky.how")),
      h("ul.check-steps", {}, steps.map(({ step, holds }) =>
        h("li", { data: { step, holds: String(holds) } }, icon(holds ? "check" : "close"),
          t(`lucky.step_${step}`)))),
      h("p.big", {}, t(body.dataset.result === "true" ? "lucky.fair" : "lucky.unfair")),
      h("ol.check-places", {}, places.map(({ hash, user }) =>
        h("li", {}, h("code", {}, hash.slice(0, 12)), h("span", {}, user)))),
      h("p.fine", {}, h("code", {}, `SHA-1("${lucky.seed} " + user)`)));
  } catch (error) {
    body.replaceChildren(h("p", {}, whyNot(error)));
  }
}
