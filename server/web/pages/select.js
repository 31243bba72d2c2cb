// The selection centre: what merchants offer hosts, what a host picked, and what both asked.

import "./ui/later-words.js";
import "./ui/work-words.js";
import { Tabs } from "./merchant/tabs.js";
import { AllotmentList } from "./select/allotments.js";
import { OfferSearch } from "./select/offers.js";
import { PickList } from "./select/picks.js";
import { RequestList } from "./select/requests.js";
import { tellOfConnection } from "./ui/connection.js";
import { h } from "./ui/dom.js";
import { nav } from "./ui/nav.js";
import { signInBox, whoAmI } from "./ui/session.js";
import { t } from "./ui/strings.js";

const session = await whoAmI();

document.title = `${t("select.title")} · Liveroom`;
tellOfConnection();
document.body.append(nav(session, t("select.title"), { roles: ["host", "viewer", "admin"] }));
const main = h("main.merchant.select");
document.body.append(main);
if (session.you?.role === "host") {
  const path = `/v1/hosts/${encodeURIComponent(session.you.user)}`;
  main.append(new Tabs([new OfferSearch(path), new PickList(path), new RequestList(path, "ask"),
    new AllotmentList(path, false)],
    t("select.title")).root);
} else {
  main.append(signInBox(t("select.signin"), session, ["host"]));
}
