// Reporting something: loaded when somebody first does.

import "../ui/report-words.js";
import { h } from "../ui/dom.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { About, Comment, ReportKind, Room } from "../liveroom.js"
 * @typedef {{about: About, id: string}} Reported
 * @typedef {[value: string, words: string]} Option the value is `about/id`
 */

/** @type {ReportKind[]} */
const KINDS = ["spam", "abuse", "hate", "sexual", "violence", "fraud", "counterfeit", "illegal",
  "minor", "other"];
const COMMENTS_MAX = 30;
const TEXT_CHARS_MAX = 300;

/**
 * Ask why, and of what if that is not said; then report it.
 * @param {Room} room
 * @param {Comment[]} said the comments on the page, the oldest first
 * @param {Reported} [reported]
 */
export function openReport(room, said, reported) {
  const options = reported ? of(room, said, reported) : all(room, said);
  const what = h("select", { id: "field-what", name: "what" },
    options.map(([value, words]) => h("option", { value }, words)));
  formSheet(t("report"), [
    h("div.field", {}, h("label", { for: "field-what" }, t("report.what")), what),
    choice("kind", t("report.why"), KINDS.map((kind) => [kind, t(`report.kind_${kind}`)]), "spam"),
    field("text", t("report.text"), { maxlength: String(TEXT_CHARS_MAX) }, "textarea"),
  ], t("report.send"), async ({ what: chosen = "", kind = "", text = "" }) => {
    const slash = chosen.indexOf("/");
    const about = /** @type {About} */ (chosen.slice(0, slash));
    await room.report(about, /** @type {ReportKind} */ (kind), { id: chosen.slice(slash + 1), text });
    toast(t("report.done"));
  });
}

/**
 * What can be meant by the thing that was pointed at.
 * @type {(room: Room, said: Comment[], reported: Reported) => Option[]}
 */
function of(room, said, { about, id }) {
  const value = `${about}/${id}`;
  if (about === "review") return [[value, t("report.review")]];
  if (about === "product") {
    const title = viewOf(room).shelf.find(({ sku }) => sku === id)?.title ?? id;
    return [[value, t("report.product", { title })]];
  }
  const comment = said.find((each) => each.id === id);
  /** @type {Option[]} */
  const author = comment ? [[`user/${comment.user}`, `${t("report.author")} · ${comment.name}`]] : [];
  const text = comment ? ` · ${t("report.said", { name: comment.name, text: comment.text })}` : "";
  return [[value, `${t("report.comment")}${text}`], ...author];
}

/**
 * The room, its host, and what others said last.
 * @type {(room: Room, said: Comment[]) => Option[]}
 */
function all(room, said) {
  const { host, host_name: name } = viewOf(room);
  const you = room.state.you?.user;
  const others = said.filter(({ user }) => user !== you).slice(-COMMENTS_MAX).reverse();
  return [["room/", t("report.room")], [`user/${host}`, t("report.host", { name: name || host })],
    ...others.map(({ id, name: by, text }) =>
      /** @type {Option} */ ([`comment/${id}`, t("report.said", { name: by, text })]))];
}
