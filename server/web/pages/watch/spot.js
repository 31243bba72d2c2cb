// Below the head: what is going on besides the product. Coupons, the poll and the lucky draw each
// have a chip; one of the last two has the card, the one that was opened last.

import { h, icon, iconButton } from "../ui/dom.js";
import { say } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { couponChip } from "./coupons.js";
import { luckyCard } from "./lucky.js";
import { pollCard, pollIsOpen } from "./poll.js";

const KINDS = {
  poll: { icon: "poll", words: "poll.title", card: pollCard },
  lucky: { icon: "gift", words: "lucky.title", card: luckyCard },
};

export class Spot {
  constructor(ctx) {
    this.ctx = ctx;
    this.coupons = couponChip(ctx);
    this.shown = null; // {kind, id, draw}
    this.seen = {}; // kind -> id that was put into the card by itself
    this.chips = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind,
      h("button.chip-button", { type: "button", hidden: true, data: { kind },
        onclick: () => this.#toggle(kind) }, icon(KINDS[kind].icon), t(KINDS[kind].words))]));
    this.box = h("section.spot-card", { hidden: true });
    this.root = h("div.spot", {},
      h("div.chip-line", {}, this.coupons.root, ...Object.values(this.chips)), this.box);
  }

  #toggle(kind) {
    if (this.shown?.kind === kind) this.#put(null);
    else this.#put(kind);
  }

  #put(kind) {
    const noun = kind && this.ctx.room.state.room[kind];
    this.shown = null;
    this.box.hidden = !noun;
    this.box.replaceChildren();
    if (noun) {
      const { root, draw } = KINDS[kind].card(this.ctx, noun);
      this.shown = { kind, id: noun[kind], draw };
      this.box.setAttribute("aria-label", t(KINDS[kind].words));
      this.box.replaceChildren(root, iconButton("close", t("close"), () => this.#put(null),
        { class: "spot-close" }));
    }
    for (const [name, chip] of Object.entries(this.chips)) {
      chip.setAttribute("aria-pressed", String(name === this.shown?.kind));
    }
  }

  /** Whether it is worth the card by itself: going on, or its outcome is new to this page. */
  #isOn(kind, noun) {
    return kind === "poll" ? pollIsOpen(noun, this.ctx.room.now()) : noun.status === "open";
  }

  draw() {
    const { room } = this.ctx.room.state;
    this.coupons.draw();
    for (const kind of Object.keys(KINDS)) {
      const noun = room[kind];
      this.chips[kind].hidden = !noun;
      if (noun && this.seen[kind] !== noun[kind]) {
        this.seen[kind] = noun[kind];
        if (this.#isOn(kind, noun)) {
          this.#put(kind);
          say(`${t(KINDS[kind].words)}: ${noun.question ?? noun.title}`);
        }
      }
    }
    if (this.shown && room[this.shown.kind]?.[this.shown.kind] !== this.shown.id) this.#put(null);
    this.shown?.draw();
  }

  /** A draw's winners are told also to who had put its card away. */
  drawn(lucky) {
    if (this.shown?.id !== lucky.lucky) this.#put("lucky");
    const names = (lucky.winners ?? []).map(({ name }) => name).join("、");
    say(`${lucky.title}: ${names || t("lucky.nobody")}`);
  }
}
