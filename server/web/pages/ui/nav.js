// The head of the pages that are not a picture: name, place, who is signed in, settings.

import { h, icon, iconButton } from "./dom.js";
import { prefs } from "./prefs.js";
import { devButtons, signOut, tokenForm } from "./session.js";
import { openSheet } from "./sheet.js";
import { t } from "./strings.js";

/**
 * @import { Session } from "./answers.js"
 * @import { Child } from "./elements.js"
 * @import { DevRole } from "./session.js"
 */

/** @type {(session: Session, roles: DevRole[], host?: string) => void} */
function openAccount({ you, dev }, roles, host) {
  const again = () => location.reload();
  const enter = () => devButtons(roles, { host, then: again });
  openSheet(you ? t("signin.you", { name: you.name }) : t("signin"), () => h("div.stack", {},
    you
      ? h("p.fine", {}, `${t(you.role === "guest" ? "guest" : `role.${you.role}`)} · ${you.user}`)
      : [dev && enter(), tokenForm(again)],
    you && dev && enter(),
    prefs(),
    you && h("button.plain.wide", { type: "button", onclick: () => signOut().then(again) },
      t("signout"))));
}

/**
 * `host` is the user id that owns the room, if there is one; `more` stands beside the title.
 * @param {Session} session
 * @param {string} title
 * @param {{roles?: DevRole[], more?: Child[], host?: string}} [options]
 */
export function nav(session, title, { roles = ["viewer", "host", "admin"], more = [], host } = {}) {
  return h("header.nav", {},
    h("a.brand", { href: "/", "aria-label": "Liveroom" }, h("span.brand-mark", {}, icon("heart")),
      h("span.brand-name", {}, "Liveroom")),
    h("h1.nav-title", {}, title),
    more,
    session.you
      ? h("button.plain.small-button.account", { type: "button", "aria-label":
        t("signin.you", { name: session.you.name }),
      onclick: () => openAccount(session, roles, host) }, icon("person"), h("span", {}, session.you.name))
      : h("button.primary.small-button", { type: "button",
        onclick: () => openAccount(session, roles, host) }, t("signin")),
    session.you ? null : iconButton("more", t("menu"), () =>
      openSheet(t("menu"), () => prefs())));
}
