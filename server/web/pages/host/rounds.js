// The poll and the lucky draw: open one, watch it, close or draw it.

import { h, icon, write } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { sure } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { pollBars, votesText } from "../watch/poll.js";
import { audienceChoice, audienceOf } from "./coupons.js";
import { field, formSheet, whole } from "../ui/forms.js";
import { attempt } from "./shelf.js";

/** @import { Room } from "../liveroom.js" */
/** @import { Key } from "../ui/strings.js" */

const OPTIONS_MAX = 4;
/** @param {number} value */
const lasts = (value) => field("lasts_s", t("form.lasts"), { ...whole, min: "0", value });

/** @param {Room} room */
function pollForm(room) {
  return formSheet(t("host.poll_open"), [
    field("question", t("form.poll_question"), { required: true, maxlength: "120" }),
    ...Array.from({ length: OPTIONS_MAX }, (_, i) => field(`option${i}`,
      t("form.option", { n: i + 1 }), { required: i < 2, maxlength: "60" })),
    lasts(60),
  ], t("host.poll_open"), ({ question, lasts_s, ...rest }) => {
    const options = Array.from({ length: OPTIONS_MAX }, (_, i) => rest[`option${i}`].trim());
    return room.pollOpen(question.trim(), options.filter(Boolean), { lasts_s: Number(lasts_s) });
  });
}

/** @param {Room} room */
function luckyForm(room) {
  return formSheet(t("host.lucky_open"), [
    field("title", t("form.lucky_title"), { required: true, maxlength: "120" }),
    field("prizes", t("form.prizes"), { ...whole, max: "100", value: 1 }),
    audienceChoice(),
    lasts(0),
  ], t("host.lucky_open"), ({ title, prizes, audience, lasts_s }) => room.luckyOpen(title.trim(),
    Number(prizes), { audience: audienceOf(audience), lasts_s: Number(lasts_s) }));
}

class Round {
  /**
   * @param {Room} room
   * @param {{title: Key, open: Key, form: (room: Room) => unknown}} options
   */
  constructor(room, { title, open, form }) {
    this.room = room;
    /** @type {string | null} */
    this.key = null; // what is shown
    this.line = h("span.fine");
    this.body = h("div.round-body");
    this.button = h("button.plain.small-button", { type: "button", data: { do: open },
      onclick: () => form(room) }, icon("plus"), t(open));
    this.root = h("section.panel-box", { "aria-label": t(title) },
      h("div.box-head", {}, h("h2", {}, t(title)), this.button), this.body);
  }

  /**
   * A line below: what may be done, and when it ends by itself.
   * @param {{ends: number}} noun
   * @param {boolean} on
   * @param {string} words to ask with
   * @param {Key} go
   * @param {() => Promise<unknown>} run
   */
  foot(noun, on, words, go, run) {
    const timer = countdown(() => this.room.now(), () => (on ? noun.ends : 0),
      () => t("sale.ends_in"));
    return h("div.host-sale-state", {}, this.line, timer, on && h("div.actions", {},
      h("button.primary.small-button", { type: "button", data: { do: go }, onclick: async () => {
        if (await sure(words, t(go))) attempt(run());
      } }, t(go))));
  }
}

export class HostPoll extends Round {
  /** @param {Room} room */
  constructor(room) {
    super(room, { title: "poll.title", open: "host.poll_open", form: pollForm });
    /** @type {ReturnType<typeof pollBars> | null} */
    this.bars = null;
  }

  draw() {
    const { poll } = viewOf(this.room);
    const on = poll?.status === "open";
    this.button.disabled = on;
    const key = poll ? poll.poll + poll.status : "";
    if (key !== this.key) {
      this.key = key;
      if (!poll) return this.body.replaceChildren(h("p.fine", {}, t("host.no_poll")));
      this.bars = pollBars(poll);
      this.body.replaceChildren(h("p.spot-title", {}, poll.question), this.bars.root,
        this.foot(poll, on, t("host.poll_close_sure"), "host.poll_close",
          () => this.room.pollClose(poll.poll)));
    }
    if (!poll) return null;
    this.bars?.update(poll);
    const all = poll.votes.reduce((sum, n) => sum + n, 0);
    return write(this.line, `${on ? "" : `${t("poll.closed")} · `}${votesText(all)}`);
  }
}

export class HostLucky extends Round {
  /** @param {Room} room */
  constructor(room) {
    super(room, { title: "lucky.title", open: "host.lucky_open", form: luckyForm });
  }

  draw() {
    const { lucky } = viewOf(this.room);
    const on = lucky?.status === "open";
    this.button.disabled = on;
    const key = lucky ? lucky.lucky + lucky.status : "";
    if (key !== this.key) {
      this.key = key;
      if (!lucky) return this.body.replaceChildren(h("p.fine", {}, t("host.no_lucky")));
      this.body.replaceChildren(h("p.spot-title", {}, lucky.title),
        h("ul.winners", {}, (lucky.winners ?? []).map(({ name, user }) =>
          h("li", { title: user }, icon("gift"), name))),
        this.foot(lucky, on, t("host.lucky_draw_sure"), "host.lucky_draw",
          () => this.room.luckyDraw(lucky.lucky)));
    }
    if (!lucky) return null;
    return write(this.line, [t("lucky.prizes", { n: lucky.prizes }),
      t(`audience.${lucky.audience}`), t("lucky.entries", { n: number(lucky.entries ?? 0) }),
      !on && !lucky.winners?.length && t("lucky.nobody")].filter(Boolean).join(" · "));
  }
}
