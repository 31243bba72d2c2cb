// What can be done about a comment that was tapped. Fetched when somebody taps one.

import "../ui/later-words.js";
import { h, icon } from "../ui/dom.js";
import { openSheet, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Comment } from "../liveroom.js"
 * @import { IconName } from "../ui/dom.js"
 * @import { Key } from "../ui/strings.js"
 * @import { Composer } from "./bar.js"
 * @import { Page } from "./page.js"
 * @typedef {{ctx: Page, comment: Comment, composer: Composer}} About
 * @typedef {object} Entry of the menu
 * @property {string} does its name in the page
 * @property {IconName} icon
 * @property {Key} words
 * @property {(about: About) => boolean} applies
 * @property {(about: About) => unknown} run what is thrown is told as a refusal
 */

/** @param {Page} ctx */
const isStaff = (ctx) => ["moderator", "host", "admin"].includes(ctx.room.state.you?.role ?? "guest");

/** @type {(about: About) => boolean} */
const isPinned = ({ ctx, comment }) => viewOf(ctx.room).pinned_comment?.id === comment.id;

/** @type {Entry[]} in the order of the menu */
const ENTRIES = [
  { does: "answer", icon: "undo", words: "comment.answer",
    applies: ({ ctx }) => viewOf(ctx.room).phase === "live" || viewOf(ctx.room).kind === "group",
    run: ({ comment, composer }) => composer.answer(comment) },
  { does: "pin-comment", icon: "pin", words: "comment.pin",
    applies: (about) => isStaff(about.ctx) && !isPinned(about),
    run: ({ ctx, comment }) => ctx.room.commentPin(comment.id) },
  { does: "unpin-comment", icon: "pin", words: "comment.unpin",
    applies: (about) => isStaff(about.ctx) && isPinned(about),
    run: ({ ctx }) => ctx.room.commentUnpin() },
  { does: "report", icon: "shield", words: "report", applies: ({ ctx, comment }) =>
    comment.user !== ctx.room.state.you?.user,
    run: ({ ctx, comment }) => ctx.report({ about: "comment", id: comment.id }) },
];

/** @type {(ctx: Page, comment: Comment, composer: Composer) => void} */
export function openCommentMenu(ctx, comment, composer) {
  const about = { ctx, comment, composer };
  /** @type {Entry["run"]} */
  let chosen = () => null;
  const dialog = openSheet(comment.name, (leave) => h("div.stack", {},
    h("p.quoted", {}, h("bdi", {}, comment.text)),
    ENTRIES.filter(({ applies }) => applies(about)).map(({ does, icon: name, words, run }) =>
      h("button.plain.wide", { type: "button", data: { do: does },
        onclick: () => { chosen = run; leave(); } }, icon(name), t(words)))),
  { kind: "comment-sheet" });
  // Not before it is gone: only then has the browser given focus back.
  dialog.addEventListener("close", async () => {
    try {
      await chosen(about);
    } catch (error) {
      toast(whyNot(error));
    }
  });
}
