// The sign-in page, /login?next=/somewhere.

import { h } from "./ui/dom.js";
import { prefs } from "./ui/prefs.js";
import { devButtons, tokenForm, whoAmI } from "./ui/session.js";
import { t } from "./ui/strings.js";

/** Where to go afterwards: a path of this server and nothing else. */
function next() {
  const asked = new URLSearchParams(location.search).get("next") ?? "/";
  const url = new URL(asked, location.origin);
  return url.origin === location.origin ? url.pathname + url.search : "/";
}

const session = await whoAmI();
const then = () => { location.href = next(); };
document.title = `${t("signin")} · Liveroom`;
document.body.append(h("main.login", {},
  h("div.login-card", {},
    h("h1", {}, t("signin.title")),
    session.you && h("p.fine", {}, t("signin.you", { name: session.you.name })),
    session.dev && devButtons(["viewer", "host", "admin"], { then }),
    tokenForm(then)),
  prefs()));
