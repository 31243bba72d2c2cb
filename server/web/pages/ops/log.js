// Who moderated what, in all rooms and outside them.

import { beside } from "../ui/bidi.js";
import { h, icon } from "../ui/dom.js";
import { clock, date } from "../ui/format.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { hasWords, t } from "../ui/strings.js";

/** @import { LogPage, LoggedAction } from "../ui/answers.js" */

/** A section of the page. */
export class ModerationLog {
  constructor() {
    this.by = h("input", { type: "text", name: "by", maxlength: "64", autocomplete: "off" });
    this.list = new PagedList(
      (cursor) => rest("GET", `/v1/actions?${this.#wanted()}&cursor=${cursor ?? ""}`),
      (/** @type {LogPage} */ page) => page.actions.map(row),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("moderation_log.none")),
        name: "more-actions" });
    this.csv = h("a.plain.small-button.button", { href: "/v1/actions.csv", download: true },
      icon("download"), t("moderation_log.csv"));
    this.root = h("section.ops-box.moderation-log", {}, h("h2", {}, t("moderation_log.title")),
      h("form.ops-picks", { onsubmit: (event) => { event.preventDefault(); void this.read(); } },
        h("label.ops-pick", {}, h("span.fine", {}, t("moderation_log.by")), this.by),
        h("button.plain.small-button", { type: "submit" }, t("moderation_log.read")), this.csv),
      this.list.parts);
  }

  read() {
    this.csv.href = `/v1/actions.csv?${this.#wanted()}`;
    return this.list.read();
  }

  #wanted() {
    return `by=${encodeURIComponent(this.by.value.trim())}`;
  }
}

/** @param {LoggedAction} action */
function row({ at, by, what, room, user, ref, details }) {
  const key = [`moderation_log.did_${what}`, `log.${what}`].find(hasWords);
  const more = Object.values(details).filter((value) => typeof value === "string").map(String);
  return h("li", {}, h("span.fine", {}, beside(`${date(at)} ${clock(at)}`, room)),
    h("p", {}, h("b", {}, by), " ", key ? t(key) : what, " ",
      h("span.fine", {}, beside(user, user ? "" : ref, ...more))));
}
