// What a host or a merchant has to send: the list, a parcel told by hand, files out and in.

import { h, icon } from "./dom.js";
import { day, number } from "./format.js";
import { field, formSheet, sentenceOf } from "./forms.js";
import { writeAloud } from "./front.js";
import { momentButton } from "./moment.js";
import { PagedList } from "./paged-list.js";
import { addressLines, parcelsOf } from "./parcels.js";
import { rest, sendFile } from "./session.js";
import { toast } from "./sheet.js";
import { t, whyNot } from "./strings.js";

/** @import { Consignment, ConsignmentsPage, TakenParcels } from "./answers.js" */
/** @typedef {"to_send" | "sent" | "delivered"} State */

/** @type {State[]} */
const STATES = ["to_send", "sent", "delivered"];
const PER_PAGE = 20;
const ERRORS_SHOWN = 20;

export class SendingList {
  /** @param {() => string} path of the sender: `/v1/hosts/{host}` or `/v1/merchants/{merchant}` */
  constructor(path) {
    this.path = path;
    /** @type {State} */
    this.state = "to_send";
    /** @type {Map<string, Consignment>} */
    this.chosen = new Map();
    /** @type {PagedList<ConsignmentsPage>} */
    this.paged = new PagedList(
      (from) => rest("GET", `${path()}/to-send?state=${this.state}&limit=${PER_PAGE}&cursor=${encodeURIComponent(from ?? "")}`),
      ({ orders }) => orders.map((each) => this.#row(each)),
      { list: h("ol.to-send"), none: h("p.fine", {}, t("sending.none")), name: "more-to-send" });
    this.send = h("button.primary.small-button", { type: "button", disabled: true,
      data: { do: "send-parcel" }, onclick: () => this.#sendForm() }, icon("box"), t("sending.send"));
    this.buttons = STATES.map((state) => h("button.plain.small-button", { type: "button",
      data: { state }, onclick: () => this.#choose(state) }, t(`sending.${state}`)));
    this.csv = h("a.plain.small-button.button", { download: "" }, icon("download"), t("host.csv"));
    this.answer = h("div.import-answer");
    this.root = h("div.sending", {},
      h("div.actions.sending-tools", {}, this.send, this.csv,
        h("button.plain.small-button", { type: "button", data: { do: "take-csv" },
          onclick: () => this.#pick() }, t("sending.take"))),
      this.answer, h("div.actions.sending-states", {}, this.buttons),
      this.paged.parts);
    this.#mark();
  }

  /** Read the list anew. */
  async read() {
    this.csv.setAttribute("href", `${this.path()}/to-send.csv`);
    this.chosen.clear();
    this.#mark();
    await this.paged.read();
  }

  /** @param {State} state */
  #choose(state) {
    this.state = state;
    void this.read();
  }

  #mark() {
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.state === this.state));
    }
    this.send.disabled = this.chosen.size === 0;
    this.send.hidden = this.state !== "to_send";
  }

  /** @param {Consignment} each */
  #row(each) {
    const { room, order, name, paid, lines, delivery, asked_back: askedBack, title, moment } = each;
    const key = `${room}/${order}`;
    const tick = h("input", { type: "checkbox", name: "order", value: order,
      "aria-label": t("sending.choose", { name }), onchange: () => {
        if (tick.checked) this.chosen.set(key, each);
        else this.chosen.delete(key);
        this.#mark();
      } });
    const isOpen = this.state === "to_send";
    return h("li.to-send-row", { data: { order } },
      isOpen ? h("label.to-send-tick", {}, tick) : h("span"),
      h("div.me-words", {},
        h("b", { dir: "auto" }, name), h("span.fine", {}, title || room, " · ", day(paid)),
        h("ul", {}, lines.map((line) => h("li", {}, line.title, ` ×${number(line.qty)}`))),
        askedBack && h("p.form-error", {}, t("sending.asked_back")),
        parcelsOf(each), h("div.me-order-more", {}, momentButton(moment),
          this.state === "sent" && h("button.plain.small-button", { type: "button",
            data: { do: "delivered" }, onclick: () => this.#deliver(each) }, t("sending.came")))),
      h("div.to-send-where", {}, delivery?.address ? addressLines(delivery.address)
        : delivery ? h("span", {}, t("delivery.reference", { to: delivery.deliver }))
          : h("span.fine", {}, t("sending.no_address"))));
  }

  #sendForm() {
    const orders = [...this.chosen.values()].map(({ room, order, lines }) =>
      ({ room, order, lines: lines.map(({ sale, qty }) => ({ sale, qty })) }));
    formSheet(t("sending.parcel", { n: orders.length }), [
      field("carrier", t("sending.carrier"), { required: true, maxlength: "40" }),
      field("tracking", t("sending.tracking"), { maxlength: "64", spellcheck: "false" }),
    ], t("sending.send"), async ({ carrier, tracking }) => {
      await rest("POST", `${this.path()}/parcels`, { carrier, tracking, orders });
      for (const { order } of orders) {
        this.paged.list.querySelector(`[data-order="${CSS.escape(order)}"]`)?.remove();
      }
      this.chosen.clear();
      this.#mark();
      toast(t("sending.is_sent"));
    });
  }

  /** @param {Consignment} each */
  async #deliver({ room, order, parcels = [] }) {
    try {
      for (const { parcel, delivered } of parcels) {
        if (!delivered) {
          await rest("POST", `${this.path()}/parcels/${encodeURIComponent(parcel)}/delivered`,
            { orders: [{ room, order }] });
        }
      }
      this.paged.list.querySelector(`[data-order="${CSS.escape(order)}"]`)?.remove();
    } catch (error) {
      toast(whyNot(error));
    }
  }

  /** Let somebody pick a file; the field is in the page while they do. */
  #pick() {
    /** @type {HTMLInputElement} */
    const field = h("input", { type: "file", hidden: true, "aria-label": t("sending.file"),
      oncancel: () => { field.remove(); }, onchange: () => {
        const [file] = field.files ?? [];
        field.remove();
        if (file) void this.#take(file);
      } });
    field.accept = ".csv,text/csv";
    this.root.append(field);
    field.click();
  }

  /** @param {File} file */
  async #take(file) {
    const line = h("p.import-line");
    try {
      /** @type {TakenParcels} */
      const { sent, delivered, refused, errors } = await sendFile("POST",
        `${this.path()}/parcels/import`, file, "text/csv");
      this.answer.replaceChildren(line, h("ul", {}, errors.slice(0, ERRORS_SHOWN).map(({ row, msg }) =>
        h("li.fine", {}, t("sending.row", { row: number(row) }), " ", msg))));
      writeAloud(line, t("sending.taken", { sent: number(sent), delivered: number(delivered),
        refused: number(refused) }));
      await this.read();
    } catch (error) {
      this.answer.replaceChildren(line);
      writeAloud(line, sentenceOf(error));
    }
  }
}
