// A note, /note/{note}: pictures to swipe, words, goods with their price now, the room, comments.

import "./ui/later-words.js";
import "./ui/note-words.js";
import { article } from "./note/article.js";
import { doings } from "./note/doings.js";
import { Talk } from "./note/talk.js";
import { beside } from "./ui/bidi.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon, iconButton } from "./ui/dom.js";
import { nav } from "./ui/nav.js";
import { openSignIn, rest, whoAmI } from "./ui/session.js";
import { sure, toast } from "./ui/sheet.js";
import { failureOf, t, whyNot } from "./ui/strings.js";
import { Ties } from "./ui/ties.js";

/** @import { Note } from "./ui/answers-of-notes.js" */

const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const path = `/v1/notes/${encodeURIComponent(id)}`;
const session = await whoAmI();
const ties = new Ties(session);

function mayDo() {
  if (session.you && session.you.role !== "guest") return true;
  void openSignIn({ why: t("note.sign_in"), then: () => location.reload() });
  return false;
}

/** What only the author does; the operator may take it away, too. */
const ownTools = (/** @type {Note} */ note) => (session.you?.user === note.author ? [
  h("a.plain.small-button.button", { href: `/write?note=${encodeURIComponent(note.note)}`,
    data: { do: "edit" } }, icon("edit"), t("note.edit")),
  iconButton("trash", t("note.remove"), async () => {
    if (!await sure(t("note.remove_sure"), t("note.remove"))) return;
    try {
      await rest("DELETE", path);
      location.href = "/";
    } catch (error) {
      toast(whyNot(error));
    }
  }, { data: { do: "remove" } }),
] : []);

/** @param {Note} note */
const reportButton = (note) => session.you?.user !== note.author && h("button.quiet.small-button.note-report",
  { type: "button", data: { do: "report" }, onclick: () => {
    if (mayDo()) {
      void import("./note/report.js").then(({ report }) => report(path),
        (error) => toast(whyNot(error)));
    }
  } }, t("note.report"));

/** @param {Note} note */
function show(note) {
  document.title = `${note.title} · Liveroom`;
  const { status = "public" } = note;
  const bar = doings(note, mayDo, () => talk.open());
  const talk = new Talk(note, session.you?.user ?? "", mayDo, bar.count);
  main.replaceChildren(
    ...(status === "public" ? [] : [h("p.note-status", {},
      beside(t(`note.is_${status}`), note.reason ?? ""))]),
    ...(note.asks ? [h("p.note-status", { data: { asks: String(note.asks) } },
      t("note.asked", { n: note.asks }))] : []),
    article(note, ties, {
      head: [...ownTools(note), iconButton("link", t("watch.share"), () =>
        import("./ui/share.js").then(({ share }) => share(note.title, location.href.split("?")[0] ?? ""),
          () => toast(t("err.disconnected"))), { data: { do: "share" } })],
      below: [talk.root, reportButton(note)], last: [bar.root],
    }));
}

/** @param {unknown} error */
const refused = (error) => h("div.empty", {}, icon("list"),
  h("p", {}, failureOf(error).code === "not_found" ? t("note.missing") : whyNot(error)),
  h("a.primary.button", { href: "/" }, t("back")));

const main = h("main.note-page");
tellOfConnection();
document.body.append(nav(session, t("note.page")), main);
try {
  /** @type {Promise<Note>} */
  const reading = rest("GET", path);
  const [note] = await Promise.all([reading, ties.read()]);
  show(note);
} catch (error) {
  main.replaceChildren(refused(error));
}
