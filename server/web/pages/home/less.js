// "Less of this": the menu of a row of the feed.

import { h, icon } from "../ui/dom.js";
import { openSignIn, rest } from "../ui/session.js";
import { openSheet, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { ownerOf, why } from "./reasons.js";

/**
 * @import { FeedRow } from "../ui/answers.js"
 * @import { Ties } from "../ui/ties.js"
 * @typedef {{kind: "host" | "tag" | "note", id: string, words: string}} Wish
 */

const TAGS_MAX = 5;

/** @param {FeedRow} row */
function wishes(row) {
  const { by, name } = ownerOf(row);
  /** @type {Wish[]} */
  const found = [{ kind: "host", id: by, words: t("feed.less_host", { name: name || by }) }];
  if (row.kind === "room") return found;
  found.unshift({ kind: "note", id: row.id, words: t("feed.less_note") });
  return [...found, ...(row.tags ?? []).slice(0, TAGS_MAX).map((tag) =>
      /** @type {Wish} */ ({ kind: "tag", id: tag, words: t("feed.less_tag", { tag }) }))];
}

/** @type {(wish: Wish, row: FeedRow) => (card: HTMLElement) => boolean} */
const goneBy = ({ kind, id }, row) => ({ dataset }) => (kind === "host" ? dataset.by === id
  : dataset.id === row.id && dataset.kind === row.kind);

/**
 * `drop` takes cards off the page.
 * @type {(row: FeedRow, ties: Ties, drop: (gone: (card: HTMLElement) => boolean) => void) => void}
 */
export function openLess(row, ties, drop) {
  /** @type {Wish | undefined} */
  let chosen;
  const dialog = openSheet(row.title, (leave) => h("div.stack", {},
    h("p.fine", {}, t("feed.why", { why: why(row) })),
    wishes(row).map((wish) => h("button.plain.wide", { type: "button", data: { less: wish.kind },
      onclick: () => { chosen = wish; leave(); } }, icon("minus"), wish.words))),
  { kind: "less-sheet" });
  dialog.addEventListener("close", async () => {
    const wish = chosen;
    if (!wish) return;
    if (!ties.you || ties.you.role === "guest") {
      openSignIn({ why: t("feed.less_sign_in"), then: () => location.reload() });
      return;
    }
    try {
      await rest("POST", "/v1/feed/less", { kind: wish.kind, id: wish.id });
      drop(goneBy(wish, row));
      toast(t("feed.less_done"), { forMs: 6000,
        action: { label: t("feed.less_undo"), run: () => undo(wish) } });
    } catch (error) {
      toast(whyNot(error));
    }
  });
}

/** @param {{kind: string, id: string}} wish */
export async function undo({ kind, id }) {
  try {
    await rest("DELETE", `/v1/me/less/${kind}/${encodeURIComponent(id)}`);
    toast(t("feed.less_undone"));
    return true;
  } catch (error) {
    toast(whyNot(error));
    return false;
  }
}
