// One's address book: write, change, remove.

import { h, write } from "../ui/dom.js";
import { sentenceOf } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { addressLines } from "../ui/parcels.js";
import { rest } from "../ui/session.js";
import { openSheet, sure, toast } from "../ui/sheet.js";
import { failureOf, t, whyNot } from "../ui/strings.js";

/**
 * @import { Address, AddressList } from "../ui/answers.js"
 * @import { Props } from "../ui/elements.js"
 * @import { Key } from "../ui/strings.js"
 */

const LINES_MAX = 4;

const newId = () => `a${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

/** @param {Address} address */
const pathOf = ({ address }) => `/v1/me/addresses/${encodeURIComponent(address)}`;

export class AddressBook {
  constructor() {
    this.list = h("ul.me-list");
    this.none = h("p.fine", { hidden: true }, t("me.no_addresses"));
    this.trouble = h("p.fine");
    const add = h("button.plain.wide", { type: "button", data: { do: "add-address" },
      onclick: () => this.edit(null) }, t("me.address_add"));
    this.root = h("section.me-box.me-addresses", {}, h("h2", {}, t("me.addresses")), this.none,
      this.list, this.trouble, add);
  }

  async read() {
    try {
      /** @type {AddressList} */
      const { addresses } = await rest("GET", "/v1/me/addresses");
      this.none.hidden = addresses.length > 0;
      this.list.replaceChildren(...addresses.map((address) => this.#row(address)));
      write(this.trouble, "");
    } catch (error) {
      writeAloud(this.trouble, whyNot(error));
    }
  }

  /** @param {Address} address */
  #row(address) {
    const { name } = address;
    const whose = { "aria-label": t("me.address_change_of", { name }) };
    return h("li.me-row", { data: { address: address.address } },
      h("div.me-words", {}, addressLines(address)),
      h("div.me-actions", {},
        h("button.plain.small-button", { type: "button", ...whose, data: { do: "change" },
          onclick: () => this.edit(address) }, t("me.address_change")),
        h("button.quiet.small-button", { type: "button", data: { do: "remove" },
          "aria-label": t("me.address_remove_of", { name }),
          onclick: () => this.remove(address) }, t("me.address_remove"))));
  }

  /** @param {Address} address */
  async remove(address) {
    const { name } = address;
    if (!await sure(t("me.address_remove_sure", { name }), t("me.address_remove"))) return;
    try {
      await rest("DELETE", pathOf(address));
    } catch (error) {
      toast(whyNot(error));
    }
    await this.read();
  }

  /** @param {Address | null} known null: a new one */
  edit(known) {
    openSheet(t(known ? "me.address_change" : "me.address_add"), (leave) => {
      const error = h("p.form-error", { role: "alert" });
      /** @param {Event & {currentTarget: HTMLFormElement}} event */
      const submit = async (event) => {
        event.preventDefault();
        try {
          await rest("PUT", pathOf(known ?? { ...EMPTY, address: newId() }),
            bodyOf(new FormData(event.currentTarget)));
          leave();
          await this.read();
        } catch (thrown) {
          const failed = failureOf(thrown);
          write(error, failed.code === "limit_reached" ? t("me.address_full")
            : sentenceOf(failed));
        }
      };
      return addressForm(known ?? EMPTY, submit, error);
    });
  }
}

/** @type {Address} */
const EMPTY = { address: "", name: "", country: "", city: "", region: "", postcode: "", phone: "",
  lines: [] };

/** @param {FormData} form */
function bodyOf(form) {
  /** @param {string} name */
  const text = (name) => String(form.get(name) ?? "").trim();
  return {
    name: text("name"), phone: text("phone"), country: text("country").toUpperCase(),
    region: text("region"), city: text("city"), postcode: text("postcode"),
    lines: text("lines").split("\n").map((line) => line.trim()).filter(Boolean).slice(0, LINES_MAX),
  };
}

/** @type {(address: Address, submit: (event: Event & {currentTarget: HTMLFormElement}) => unknown, error: HTMLElement) => HTMLElement} */
function addressForm(address, submit, error) {
  /** @type {(name: "name" | "phone" | "country" | "region" | "city" | "postcode", label: Key, props: Props<HTMLInputElement>) => HTMLElement} */
  const field = (name, label, props) => h("div", {}, h("label", { for: `address-${name}` }, t(label)),
    h("input", { id: `address-${name}`, name, value: address[name], ...props }));
  const lines = h("textarea", { id: "address-lines", name: "lines", required: true,
    maxlength: "400", autocomplete: "street-address" }, address.lines.join("\n"));
  return h("form.me-form", { onsubmit: submit },
    field("name", "me.address_name", { required: true, maxlength: "100", autocomplete: "name" }),
    field("phone", "me.address_phone", { type: "tel", maxlength: "30", autocomplete: "tel" }),
    h("div", {}, h("label", { for: "address-lines" }, t("me.address_lines")), lines),
    h("div.me-pair", {},
      field("postcode", "me.address_postcode", { maxlength: "20", autocomplete: "postal-code" }),
      field("city", "me.address_city", { required: true, maxlength: "100",
        autocomplete: "address-level2" })),
    h("div.me-pair", {},
      field("region", "me.address_region", { maxlength: "100", autocomplete: "address-level1" }),
      field("country", "me.address_country", { required: true, maxlength: "2",
        pattern: "[A-Za-z]{2}", autocomplete: "country", placeholder: "CN" })),
    h("div.form-foot", {}, error, h("button.primary.wide", { type: "submit" }, t("save"))));
}
