// The head of the pages that are not a picture: name, place, who is signed in, settings.

import { beside } from "./bidi.js";
import { h, icon, iconButton } from "./dom.js";
import { prefs } from "./prefs.js";
import { devButtons, signOut, tokenForm } from "./session.js";
import { openSheet } from "./sheet.js";
import { t } from "./strings.js";

/**
 * @import { Session } from "./answers.js"
 * @import { Child } from "./elements.js"
 * @import { DevRole, Owner } from "./session.js"
 */

/** Who may own goods, or makes merchants. */
const SELLERS = new Set(["merchant", "host", "admin"]);

/** @type {(session: Session, roles: DevRole[], owner?: Owner) => void} */
function openAccount({ you, dev }, roles, owner) {
  const again = () => location.reload();
  const enter = () => devButtons(roles, { owner, then: again });
  openSheet(you ? t("signin.you", { name: you.name }) : t("signin"), () => h("div.stack", {},
    you
      ? h("p.fine", {}, beside(t(you.role === "guest" ? "guest" : `role.${you.role}`), you.user))
      : [dev && enter(), tokenForm(again)],
    you && location.pathname !== "/me"
      && h("a.plain.wide.button", { href: "/me" }, t("me.title")),
    you && you.role !== "guest" && location.pathname !== "/write"
      && h("a.plain.wide.button", { href: "/write" }, t("write.title")),
    you?.role === "host" && location.pathname !== "/select"
      && h("a.plain.wide.button", { href: "/select" }, t("select.title")),
    you && location.pathname !== "/merchant" && SELLERS.has(you.role)
      && h("a.plain.wide.button", { href: "/merchant" }, t("merchant.title")),
    you && dev && enter(),
    prefs(),
    you && h("button.plain.wide", { type: "button", onclick: () => signOut().then(again) },
      t("signout"))));
}

/**
 * `owner` is the room's, if there is one; `more` stands beside the title.
 * @param {Session} session
 * @param {string} title
 * @param {{roles?: DevRole[], more?: Child[], owner?: Owner}} [options]
 */
export function nav(session, title, { roles = ["viewer", "host", "admin"], more = [], owner } = {}) {
  return h("header.nav", {},
    h("a.brand", { href: "/", "aria-label": "Liveroom" }, h("span.brand-mark", {}, icon("heart")),
      h("span.brand-name", {}, "Liveroom")),
    h("h1.nav-title", {}, title),
    more,
    session.you
      ? h("button.plain.small-button.account", { type: "button", "aria-label":
        t("signin.you", { name: session.you.name }),
      onclick: () => openAccount(session, roles, owner) }, icon("person"), h("bdi", {}, session.you.name))
      : h("button.primary.small-button", { type: "button",
        onclick: () => openAccount(session, roles, owner) }, t("signin")),
    session.you ? null : iconButton("more", t("menu"), () =>
      openSheet(t("menu"), () => prefs())));
}
