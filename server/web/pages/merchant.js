// The page of merchants: goods and stock, files, statements, members; each tab is a module of merchant/.

import "./ui/later-words.js";
import "./ui/work-words.js";
import { GoodsFiles } from "./merchant/files.js";
import { GoodsList } from "./merchant/goods.js";
import { Members } from "./merchant/members.js";
import { OfferList } from "./merchant/offers.js";
import { pathOf } from "./merchant/paths.js";
import { MerchantReviews, MerchantSending } from "./merchant/sending.js";
import { Tabs } from "./merchant/tabs.js";
import { AllotmentList } from "./select/allotments.js";
import { RequestList } from "./select/requests.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon } from "./ui/dom.js";
import { field, formSheet } from "./ui/forms.js";
import { nav } from "./ui/nav.js";
import { rest, signInBox, whoAmI } from "./ui/session.js";
import { Statements } from "./ui/statements.js";
import { t, whyNot } from "./ui/strings.js";

/** @import { OwnMerchant, Tab } from "./merchant/answers.js" */

const session = await whoAmI();

/**
 * The tabs, from the left. Another part of a merchant's work is another module, and a line here.
 * @param {OwnMerchant} of
 * @returns {Tab[]}
 */
const tabsOf = ({ merchant, role }) => [
  new GoodsList(merchant),
  new OfferList(merchant),
  new RequestList(pathOf(merchant), "invite"),
  new AllotmentList(pathOf(merchant), true),
  new MerchantSending(merchant),
  new MerchantReviews(merchant),
  new GoodsFiles(merchant),
  new Statements(() => pathOf(merchant)),
  new Members(merchant, role === "owner"),
];

/** @param {string} merchant */
const pageOf = (merchant) => `/merchant?merchant=${encodeURIComponent(merchant)}${location.hash}`;

/** @returns {Promise<OwnMerchant[]>} those that somebody signed in may act for */
async function merchantsOfMine() {
  /** @type {{merchants: OwnMerchant[]}} */
  const own = await rest("GET", "/v1/me/merchants");
  if (session.you?.role !== "admin") return own.merchants;
  /** @type {{merchants: OwnMerchant[]}} */
  const all = await rest("GET", "/v1/merchants?limit=100");
  return all.merchants.map((each) => ({ ...each, role: "owner" }));
}

/** @type {(merchants: OwnMerchant[], shown: OwnMerchant) => HTMLElement} */
function chooser(merchants, shown) {
  const select = h("select", { "aria-label": t("merchant.which"), onchange: () => {
    location.href = pageOf(select.value);
  } }, merchants.map((each) => h("option", { value: each.merchant }, each.name)));
  select.value = shown.merchant;
  return select;
}

function newMerchant() {
  formSheet(t("merchant.create"), [
    field("merchant", t("merchant.id"), { required: true, maxlength: "24",
      pattern: "[A-Za-z0-9_.@\\-]+", spellcheck: "false" }),
    field("name", t("merchant.shop_name"), { required: true, maxlength: "200" }),
  ], t("home.create"), async ({ merchant = "", name }) => {
    await rest("PUT", `/v1/merchants/${encodeURIComponent(merchant)}`, { name });
    location.href = pageOf(merchant);
  });
}

/** @param {OwnMerchant[]} merchants */
function work(merchants) {
  const named = new URLSearchParams(location.search).get("merchant");
  const shown = merchants.find(({ merchant }) => merchant === named) ?? merchants[0];
  const create = session.you?.role === "admin" && h("button.plain.small-button", { type: "button",
    data: { do: "create" }, onclick: newMerchant }, icon("plus"), t("merchant.create"));
  if (!shown) {
    return [h("section.me-box", {}, h("div.empty", {}, icon("bag"), h("p", {}, t("merchant.none")),
      h("p.fine", {}, t("merchant.none_hint")), create))];
  }
  return [
    h("div.merchant-who", {}, merchants.length > 1 ? chooser(merchants, shown)
      : h("b", { dir: "auto" }, shown.name),
    shown.state === "paused" && h("span.me-phase", {}, t("merchant.paused")), create),
    new Tabs(tabsOf(shown)).root,
  ];
}

document.title = `${t("merchant.title")} · Liveroom`;
tellOfConnection();
document.body.append(nav(session, t("merchant.title")));
const main = h("main.merchant");
document.body.append(main);
if (session.you) {
  try {
    main.append(...work(await merchantsOfMine()));
  } catch (error) {
    main.append(h("section.me-box", {}, h("p.fine", {}, whyNot(error))));
  }
} else {
  main.append(signInBox(t("merchant.signin"), session, ["host", "admin"]));
}
