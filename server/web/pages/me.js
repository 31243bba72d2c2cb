// One's own page, /me: orders in all rooms, what one follows and has, addresses, signing out.

import "./ui/later-words.js";
import { AddressBook } from "./me/addresses.js";
import { LessBox } from "./me/less.js";
import { OnNotes } from "./me/on-notes.js";
import { OwnOrders } from "./me/orders.js";
import { tieBoxes } from "./me/ties.js";
import { beside } from "./ui/bidi.js";
import { tellOfConnection } from "./ui/connection.js";
import { h } from "./ui/dom.js";
import { nav } from "./ui/nav.js";
import { rest, signInBox, signOut, whoAmI } from "./ui/session.js";
import { sure, toast } from "./ui/sheet.js";
import { t, whyNot } from "./ui/strings.js";

/** @import { Me } from "./ui/answers.js" */

const session = await whoAmI();
const again = () => location.reload();

async function leaveEverywhere() {
  if (!await sure(t("me.everywhere_sure"), t("me.everywhere"))) return;
  try {
    await rest("POST", "/v1/me/sign-out-everywhere");
    again();
  } catch (error) {
    toast(whyNot(error));
  }
}

function accountBox() {
  const { you } = session;
  return h("section.me-box.me-account", {}, h("h2", {}, t("me.account")),
    you && h("p.fine", {}, beside(you.name, t(you.role === "guest" ? "guest" : `role.${you.role}`),
      you.user)),
    h("div.stack", {},
      h("button.plain.wide", { type: "button", data: { do: "sign-out" },
        onclick: () => signOut().then(again, (error) => toast(whyNot(error))) }, t("signout")),
      h("button.plain.wide", { type: "button", data: { do: "everywhere" },
        onclick: leaveEverywhere }, t("me.everywhere")),
      h("p.fine", {}, t("me.everywhere_hint"))));
}

async function tiesOf() {
  try {
    /** @type {Me} */
    const me = await rest("GET", "/v1/me");
    return tieBoxes(me);
  } catch (error) {
    return [h("section.me-box", {}, h("p.fine", {}, whyNot(error)))];
  }
}

document.title = `${t("me.title")} · Liveroom`;
tellOfConnection();
document.body.append(nav(session, t("me.title")));
if (session.you) {
  const [orders, addresses, less] = [new OwnOrders(), new AddressBook(), new LessBox()];
  const onNotes = new OnNotes(session.you.user);
  const ties = h("div.me-column");
  document.body.append(h("main.me", {},
    h("div.me-column", {}, orders.root, addresses.root),
    h("div.me-column", {}, onNotes.roots, ties, less.root, accountBox())));
  const [boxes] = await Promise.all([tiesOf(), orders.read(), addresses.read(), less.read(),
    onNotes.read()]);
  ties.append(...boxes.filter((part) => part !== false));
} else {
  document.body.append(h("main.me", {}, signInBox(t("me.signin"), session, ["viewer", "host", "admin"])));
}
