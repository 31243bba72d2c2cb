// The sign-in page, /login?next=/somewhere.

import "./ui/later-words.js";
import { tellOfConnection } from "./ui/connection.js";
import { h } from "./ui/dom.js";
import { whereNext } from "./ui/next.js";
import { prefs } from "./ui/prefs.js";
import { devButtons, ownerAt, tokenForm, whoAmI } from "./ui/session.js";
import { t } from "./ui/strings.js";

const asked = new URLSearchParams(location.search).get("next");
const session = await whoAmI();
const next = whereNext(asked, location.origin);
const owner = session.dev ? await ownerAt(new URL(next).pathname) : null;
const then = () => { location.href = whereNext(asked, location.origin); };
document.title = `${t("signin")} · Liveroom`;
tellOfConnection();
document.body.append(h("main.login", {},
  h("div.login-card", {},
    h("h1", {}, t("signin.title")),
    session.you && h("p.fine", {}, t("signin.you", { name: session.you.name })),
    session.dev && devButtons(["viewer", "host", "admin"], { owner, then }),
    tokenForm(then)),
  prefs()));
