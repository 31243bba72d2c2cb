// What people do with a note: like, collect, go to the comments. A bar below, always in reach.

import { h, icon, write } from "../ui/dom.js";
import { short } from "../ui/format.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";

/**
 * @import { Note } from "../ui/answers-of-notes.js"
 * @import { IconName } from "../ui/dom.js"
 * @import { Key } from "../ui/strings.js"
 * @typedef {{what: "like" | "collect", name: Key, mark: IconName, on: boolean, count: number}} Doing
 */

/**
 * `mayDo` says whether the person is signed in, and asks to sign in if not.
 * @type {(note: Note, mayDo: () => boolean, toComments: () => void)
 *   => {root: HTMLElement, count: (comments: number) => void}}
 */
export function doings(note, mayDo, toComments) {
  const comments = h("span");
  const count = (/** @type {number} */ n) => write(comments, short(n));
  count(note.comments);
  const root = h("div.note-bar", {},
    h("button.note-say", { type: "button", data: { do: "say" }, onclick: toComments }, icon("edit"),
      h("span", {}, t("note.write"))),
    toggle(note, { what: "like", name: "note.like", mark: "heart", on: Boolean(note.liked),
      count: note.likes }, mayDo),
    toggle(note, { what: "collect", name: "note.collect", mark: "star", on: Boolean(note.collected),
      count: note.collects }, mayDo),
    h("button.note-do", { type: "button", "aria-label": `${t("note.comments")}: ${note.comments}`,
      data: { do: "comments" }, onclick: toComments }, icon("ask"), comments));
  return { root, count };
}

/** @type {(note: Note, doing: Doing, mayDo: () => boolean) => HTMLElement} */
function toggle({ note }, { what, name, mark, on, count }, mayDo) {
  const shown = h("span");
  const button = h("button.note-do", { type: "button", data: { do: what }, onclick: change },
    icon(mark), shown);
  const draw = () => {
    button.setAttribute("aria-pressed", String(on));
    button.setAttribute("aria-label", `${t(name)}: ${count}`);
    write(shown, short(count));
  };
  /** @param {boolean} to */
  const put = (to) => {
    count = Math.max(0, count + (to ? 1 : -1));
    on = to;
    draw();
  };
  async function change() {
    if (!mayDo()) return;
    const to = !on;
    put(to); // shown at once: it is taken back if it did not work
    button.disabled = true;
    try {
      await rest(to ? "PUT" : "DELETE", `/v1/notes/${encodeURIComponent(note)}/${what}`);
      if (to && what === "collect") toast(t("note.collected"));
    } catch (error) {
      put(!to);
      toast(whyNot(error));
    }
    button.disabled = false;
    button.focus();
  }
  draw();
  return button;
}
