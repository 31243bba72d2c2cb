// What somebody wrote, by tag, and what they collected, which they alone see.

import { h } from "../ui/dom.js";
import { noteCard } from "../ui/note-card.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";

/**
 * @import { Note } from "../ui/answers-of-notes.js"
 * @import { Key } from "../ui/strings.js"
 * @typedef {{notes: Note[], next: string | null}} NotesPage
 */

const PER_PAGE = 12;
const TAGS_MAX = 12;

/** @type {(path: string, asked: Record<string, string>) => Promise<NotesPage>} */
const pageOf = (path, asked) => rest("GET", `${path}?${new URLSearchParams(asked)}`);

/** @type {(next: string | number | null) => Record<string, string>} */
const part = (next) => ({ limit: String(PER_PAGE), cursor: String(next ?? "") });

/**
 * The tags of notes, the most used first.
 * @type {(notes: Note[]) => string[]}
 */
function tagsOf(notes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const tag of notes.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, TAGS_MAX).map(([tag]) => tag);
}

/** @type {(tags: string[], choose: (tag: string) => void) => HTMLElement | null} */
const tagChips = (tags, choose) => (tags.length
  ? h("fieldset.chips.profile-tags", {}, h("legend.only-aloud", {}, t("note.tags")),
    ["", ...tags].map((tag) => h("label.chip", {}, h("input", { type: "radio", name: "tag",
      checked: !tag, value: tag, onchange: () => choose(tag) }),
    h("span", { dir: "auto" }, tag ? `#${tag}` : t("profile.all"))))) : null);

/**
 * A section with the first page that was read already, and those after it.
 * @type {(name: string, title: Key, first: NotesPage, ask: (next: string | number | null) =>
 *   Promise<NotesPage>, withAuthor: boolean) => {root: HTMLElement, paged: PagedList<NotesPage>}}
 */
function section(name, title, first, ask, withAuthor) {
  let unread = true; // the first page was read to know whether there is anything
  const paged = new PagedList(async (next) => {
    if (next !== null || !unread) return ask(next);
    unread = false;
    return first;
  }, ({ notes }) => notes.map((note) => noteCard(note, { withAuthor })),
  { list: h("ul.notes"), none: h("p.fine"), name: `more-${name}` });
  const root = h("section", { data: { section: name } }, h("h2", {}, t(title)), paged.parts);
  return { root, paged };
}

/**
 * The public notes of an author; null if there are none.
 * @param {string} author
 * @returns {Promise<{root: HTMLElement, name: string} | null>}
 */
export async function notesBy(author) {
  let tag = "";
  /** @type {(next: string | number | null) => Promise<NotesPage>} */
  const ask = (next) => pageOf("/v1/notes", { author, ...tag && { tag }, ...part(next) });
  const first = await ask(null);
  const [newest] = first.notes;
  if (!newest) return null;
  const { root, paged } = section("notes", "profile.notes", first, ask, false);
  const chips = tagChips(tagsOf(first.notes), (chosen) => {
    tag = chosen;
    paged.read();
  });
  if (chips) root.querySelector("h2")?.after(chips);
  await paged.read();
  return { root, name: newest.author_name };
}

/** The notes that the reader collected; null if there are none. */
export async function ownCollection() {
  /** @type {(next: string | number | null) => Promise<NotesPage>} */
  const ask = (next) => pageOf("/v1/me/collections", part(next));
  const first = await ask(null);
  if (!first.notes.length) return null;
  const { root, paged } = section("collected", "profile.collected", first, ask, true);
  root.querySelector("h2")?.after(h("p.fine", {}, t("profile.collected_own")));
  await paged.read();
  return root;
}
