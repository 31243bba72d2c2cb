// The users who act for a merchant.

import { beside } from "../ui/bidi.js";
import { h, icon, write } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { pathOf } from "./paths.js";

/** @import { Member } from "./answers.js" */

export class Members {
  name = "members";

  /**
   * @param {string} merchant
   * @param {boolean} isOwner only owners change members
   */
  constructor(merchant, isOwner) {
    this.merchant = merchant;
    this.isOwner = isOwner;
    this.words = t("merchant.members");
    this.list = h("ul.me-list");
    this.none = h("p.fine", { hidden: true }, t("merchant.no_members"));
    this.trouble = h("p.fine");
    this.root = h("section.me-box", {},
      h("div.merchant-head", {}, h("h2", {}, t("merchant.members")),
        isOwner && h("button.primary.small-button", { type: "button", data: { do: "add-member" },
          onclick: () => this.#add() }, icon("plus"), t("merchant.add_member"))),
      h("p.fine", {}, t("merchant.members_hint")), this.none, this.list, this.trouble);
  }

  async read() {
    try {
      /** @type {{members: Member[]}} */
      const { members } = await rest("GET", `${pathOf(this.merchant)}/members`);
      this.list.replaceChildren(...members.map((member) => this.#row(member)));
      this.none.hidden = members.length > 0;
      write(this.trouble, "");
    } catch (error) {
      writeAloud(this.trouble, whyNot(error));
    }
  }

  /** @param {Member} member */
  #row({ user, role, added }) {
    return h("li.me-row", { data: { member: user } },
      h("div.me-words", {}, h("bdi", {}, user),
        h("span.fine", {}, beside(t(`merchant.role_${role}`), day(added)))),
      this.isOwner && h("button.quiet.small-button", { type: "button", data: { do: "remove" },
        "aria-label": t("merchant.remove_member", { user }),
        onclick: () => this.#remove(user) }, t("me.address_remove")));
  }

  /** @param {string} user */
  #path(user) {
    return `${pathOf(this.merchant)}/members/${encodeURIComponent(user)}`;
  }

  #add() {
    formSheet(t("merchant.add_member"), [
      field("user", t("merchant.user"), { required: true, maxlength: "64", spellcheck: "false" }),
      choice("role", t("merchant.may"), [["staff", t("merchant.role_staff")],
        ["owner", t("merchant.role_owner")]], "staff"),
    ], t("save"), async ({ user = "", role }) => {
      await rest("PUT", this.#path(user.trim()), { role });
      await this.read();
    });
  }

  /** @param {string} user */
  async #remove(user) {
    if (!await sure(t("merchant.remove_member", { user }), t("me.address_remove"))) return;
    try {
      await rest("DELETE", this.#path(user));
    } catch (error) {
      toast(whyNot(error));
    }
    await this.read();
  }
}
