// The auction at the console: opened on a product, its bidders, fair warning, cancelled.

import "../ui/auction-words.js";
import { beside } from "../ui/bidi.js";
import { h, icon, write } from "../ui/dom.js";
import { number, priceText } from "../ui/format.js";
import { field, formSheet, minor, whole } from "../ui/forms.js";
import { optionsText } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { sure } from "../ui/sheet.js";
import { countdown } from "../ui/stock.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { attempt } from "./shelf.js";

/** @import { Auction, HostAuction as Seen, Product, Room } from "../liveroom.js" */

const REREAD_MS = 1000; // the bidders are read again at most so often

/**
 * Open an auction of one of the products on the shelf.
 * @param {Room} room
 */
function auctionForm(room) {
  const { shelf, pin } = viewOf(room);
  const amount = { type: "number", inputmode: "decimal", min: "0", step: "any" };
  const which = h("select", { id: "field-sku", name: "sku", required: true },
    shelf.map((product) => h("option", { value: product.sku },
      beside(product.title, optionsText(product)))));
  if (pin) which.value = pin;
  return formSheet(t("auction.open"), [
    h("div.field", {}, h("label", { for: "field-sku" }, t("auction.what")), which),
    h("div.field-row", {},
      field("opening", t("auction.opening"), { ...amount, required: true }),
      field("increment", t("auction.increment"), { ...amount, required: true }),
      field("reserve", t("auction.reserve"), amount)),
    h("div.field-row", {},
      field("lasts_s", t("auction.lasts"), { ...whole, value: 60 }),
      field("counter_bid_s", t("auction.counter_s"), { ...whole, max: "300", value: 10 }),
      field("hold_s", t("auction.hold"), { ...whole, value: 600 })),
    h("label.chip", {}, h("input", { type: "checkbox", name: "sudden_death", value: "1" }),
      h("span", {}, t("auction.sudden_death"))),
  ], t("auction.open"), ({ sku, opening, increment, reserve, lasts_s, counter_bid_s, hold_s }, form) => {
    const { currency } = /** @type {Product} */ (shelf.find((product) => product.sku === sku));
    return room.auctionOpen({
      sku, opening: minor(opening, currency), increment: minor(increment, currency),
      ...reserve && { reserve: minor(reserve, currency) },
      lasts_s: Number(lasts_s), counter_bid_s: Number(counter_bid_s), hold_s: Number(hold_s),
      ...form.has("sudden_death") && { sudden_death: true },
    });
  });
}

/** @type {(room: Room, auction: Auction) => unknown} */
const cancelForm = (room, { auction }) => formSheet(t("auction.cancel"), [
  field("reason", t("auction.reason"), { required: true, maxlength: "200" }),
], t("auction.cancel"), ({ reason }) => room.auctionCancel(auction, reason.trim()));

export class HostAuction {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    /** @type {string | null} */
    this.key = null; // what is shown
    this.readAt = 0;
    this.reading = false;
    this.line = h("p.fine");
    this.unit = h("p.fine");
    this.bidders = h("ol.auction-bidders", { "aria-label": t("auction.bidders") });
    this.body = h("div.round-body");
    this.button = h("button.plain.small-button", { type: "button", data: { do: "auction" },
      onclick: () => auctionForm(room) }, icon("plus"), t("auction.open"));
    this.root = h("section.panel-box", { "aria-label": t("auction.title") },
      h("div.box-head", {}, h("h2", {}, t("auction.title")), this.button), this.body);
  }

  /** Read the bidders: no event tells of them. Orders change what became of the unit. */
  async read() {
    const { auction, room: id } = viewOf(this.room);
    if (!auction || this.reading) return;
    this.reading = true;
    await new Promise((done) => setTimeout(done, this.readAt + REREAD_MS - Date.now()));
    this.readAt = Date.now();
    this.reading = false;
    try {
      const path = `/v1/rooms/${encodeURIComponent(id)}/auctions/${auction.auction}`;
      /** @type {Seen} */
      const seen = await rest("GET", path);
      this.#show(seen);
    } catch (error) {
      write(this.unit, whyNot(error));
    }
  }

  /** @param {Seen} seen */
  #show({ auction, reserve, unit, bidders }) {
    const { currency } = auction;
    write(this.unit, [t(`auction.unit.${unit}`),
      reserve && t("auction.reserve_is", { price: priceText(reserve, currency) }),
      bidders.length && auction.status === "open" && t("auction.hidden")].filter(Boolean).join(" · "));
    this.bidders.replaceChildren(...bidders.map(({ paddle, name, bid, leads }) =>
      h("li", { class: leads ? "mine" : "" }, h("bdi", {}, `${paddle} · ${name}`),
        h("b.digits", {}, priceText(bid, currency)))));
  }

  draw() {
    const { auction, phase } = viewOf(this.room);
    const open = auction?.status === "open";
    this.button.disabled = open || phase !== "live";
    const key = auction ? auction.auction + auction.status : "";
    if (key !== this.key) {
      this.key = key;
      if (!auction) return this.body.replaceChildren(h("p.fine", {}, t("auction.none")));
      this.unit.replaceChildren();
      this.bidders.replaceChildren();
      this.body.replaceChildren(h("p.spot-title", {}, auction.title), this.line,
        this.#foot(auction, open), this.unit, this.bidders);
    }
    if (!auction) return null;
    void this.read();
    const { leader: name, currency } = auction;
    const price = priceText(auction.price ?? auction.opening, currency);
    return write(this.line, [
      ...name && auction.status === "sold" ? [t("auction.sold", { name, price })] : [
        `${t(auction.price ? "auction.price" : "auction.opening")}: ${price}`,
        name && t("auction.leads", { name, paddle: auction.paddle ?? 0 }),
      ],
      t("auction.bids", { n: number(auction.bids ?? 0) }),
      auction.reserve && t(`auction.${auction.reserve}`),
      auction.status === "cancelled" && t("auction.cancelled", { reason: auction.reason ?? "" }),
      auction.status === "unsold" && t("auction.unsold"),
    ].filter(Boolean).join(" · "));
  }

  /** @type {(auction: Auction, open: boolean) => HTMLElement} */
  #foot(auction, open) {
    const { room } = this;
    const timer = countdown(() => room.now(),
      () => (open ? viewOf(room).auction?.ends ?? 0 : 0), () => t("sale.ends_in"));
    const warn = async () => {
      const words = t("auction.hammer_sure", { n: auction.counter_bid_s });
      if (await sure(words, t("auction.hammer"))) attempt(room.auctionHammer(auction.auction));
    };
    return h("div.host-sale-state", {}, timer, open && h("div.actions", {},
      !auction.sudden_death && h("button.primary.small-button", { type: "button",
        data: { do: "hammer" }, onclick: warn }, icon("hammer"), t("auction.hammer")),
      h("button.plain.small-button", { type: "button", data: { do: "cancel-auction" },
        onclick: () => cancelForm(room, auction) }, t("auction.cancel"))));
  }
}
