// The poll: one tap votes, the bars are the room's.

import { everyTick, h, icon, write } from "../ui/dom.js";
import { number, percent } from "../ui/format.js";
import { toast } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { failureOf, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Poll } from "../liveroom.js"
 * @import { Drawn, Page } from "./page.js"
 */

/**
 * "3 votes".
 * @param {number} n
 */
export const votesText = (n) => t("poll.votes", { n: number(n) });

/**
 * Whether votes are taken, by the server's clock.
 * @type {(poll: Poll, now: number) => boolean}
 */
export const pollIsOpen = ({ status, ends }, now) => status === "open" && (!ends || now < ends);

/**
 * The bars of a poll; `update(poll, mine)` moves them. With `vote`, each is a button.
 * @param {Poll} poll
 * @param {{vote?: (option: number) => unknown}} [options]
 */
export function pollBars(poll, { vote } = {}) {
  const rows = poll.options.map((option, i) => {
    const count = h("b.poll-count");
    const mark = icon("check");
    const inside = [h("i.poll-bar"), h("span.poll-option", {}, option), mark, count];
    const data = { option: String(i) };
    const button = vote
      ? h("button.poll-row", { type: "button", data, onclick: () => vote(i) }, inside) : null;
    return { root: button ?? h("div.poll-row", { data }, inside), button, count, mark };
  });
  return {
    root: h("ul.poll-rows", {}, rows.map(({ root }) => h("li", {}, root))),
    /** @type {(poll: Poll, now?: {mine?: number | null, open?: boolean}) => void} */
    update({ votes, options }, { mine = null, open = false } = {}) {
      const all = votes.reduce((sum, n) => sum + n, 0);
      rows.forEach(({ root, button, count, mark }, i) => {
        root.style.setProperty("--part", String(all ? votes[i] / all : 0));
        root.classList.toggle("mine", mine === i);
        mark.toggleAttribute("hidden", mine !== i);
        write(count, all ? percent(votes[i] / all) : "");
        if (!button) return;
        button.disabled = !open || mine !== null;
        button.setAttribute("aria-pressed", String(mine === i));
        button.setAttribute("aria-label", `${options[i]}: ${votesText(votes[i])}`);
      });
    },
  };
}

/**
 * The card of the room's newest poll.
 * @param {Page} ctx
 * @param {Poll} poll
 * @returns {Drawn}
 */
export function pollCard(ctx, poll) {
  const { room } = ctx;
  const now = () => {
    const newest = viewOf(room).poll;
    return newest?.poll === poll.poll ? newest : poll;
  };
  const bars = pollBars(poll, { vote: async (option) => {
    if (ctx.needSignIn("tap")) return;
    try {
      await room.vote(poll.poll, option);
    } catch (error) {
      toast(failureOf(error).code === "conflict" ? t("poll.voted") : whyNot(error));
    }
  } });
  const line = h("span.fine");
  const timer = countdown(() => room.now(), () => now().ends, () => t("sale.ends_in"));
  const draw = () => {
    const it = now();
    const open = pollIsOpen(it, room.now());
    const all = it.votes.reduce((sum, n) => sum + n, 0);
    bars.update(it, { mine: room.state.mine.vote, open });
    write(line, `${t(!open ? "poll.closed"
      : room.state.mine.vote === null ? "poll.open" : "poll.thanks")} · ${votesText(all)}`);
    timer.classList.toggle("over", !open);
  };
  const root = h("div.poll", { data: { poll: poll.poll } },
    h("p.spot-title", {}, poll.question), bars.root, h("p.spot-foot", {}, line, timer));
  everyTick(root, draw);
  return { root, draw };
}
