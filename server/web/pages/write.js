// Writing a note, /write; with ?note= changing one. Made for a phone: pictures first, one column.

import "./ui/later-words.js";
import "./ui/note-words.js";
import { article } from "./note/article.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon, write } from "./ui/dom.js";
import { sentenceOf } from "./ui/forms.js";
import { writeAloud } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { rest, signInBox, whoAmI } from "./ui/session.js";
import { openSheet, toast } from "./ui/sheet.js";
import { t, whyNot } from "./ui/strings.js";
import { Ties } from "./ui/ties.js";
import { Goods, roomsOf } from "./write/goods.js";
import { Pictures } from "./write/pictures.js";

/**
 * @import { Note, NotesPage, NoteStatus } from "./ui/answers-of-notes.js"
 * @import { You } from "./liveroom.js"
 */

const TITLE_CHARS_MAX = 100;
const TEXT_CHARS_MAX = 1000;
const TAGS_MAX = 10;
const DRAFTS_SHOWN = 20;

/** @type {Note} */
const EMPTY = { note: "", author: "", author_name: "", title: "", text: "", tags: [], pictures: [],
  goods: [], rooms: [], likes: 0, collects: 0, comments: 0, published: 0, link: "" };

/** @param {string} text */
const tagsIn = (text) => [...new Set(text.split(/[\s,，、#]+/).filter(Boolean))].slice(0, TAGS_MAX);

class Writing {
  /** Whether something was changed since it was saved. */
  #changed = false;

  /**
   * @param {You} you
   * @param {Note} note
   * @param {Awaited<ReturnType<typeof roomsOf>>} rooms
   */
  constructor(you, note, rooms) {
    this.you = you;
    this.note = note;
    this.pictures = new Pictures(note.pictures, () => this.#touch());
    this.goods = new Goods(you.user, rooms, note);
    this.title = h("input.write-title", { name: "title", id: "write-title", maxlength: String(TITLE_CHARS_MAX),
      placeholder: t("write.name_hint"), autocomplete: "off", oninput: () => this.#touch() });
    this.text = h("textarea.write-text", { name: "text", id: "write-text", maxlength: String(TEXT_CHARS_MAX),
      placeholder: t("write.text_hint"), oninput: () => this.#touch() });
    this.tags = h("input", { name: "tags", id: "write-tags", placeholder: t("write.tags_hint"),
      autocomplete: "off", value: note.tags.join(" "), oninput: () => this.#touch() });
    this.title.value = note.title;
    this.text.value = note.text;
    this.left = h("p.fine.write-left");
    this.error = h("p.form-error");
    const isPublic = note.status === "public" || note.status === "held";
    this.buttons = [
      !isPublic && h("button.plain", { type: "button", data: { do: "draft" },
        onclick: () => void this.#save("draft") }, t("write.draft")),
      h("button.plain", { type: "button", data: { do: "preview" }, onclick: () => this.#preview() },
        icon("eye"), t("write.preview")),
      h("button.primary", { type: "submit", data: { do: "publish" } }, isPublic ? t("save") : t("write.publish")),
    ].filter((button) => button instanceof HTMLElement);
    this.root = h("form.write", { onsubmit: (event) => { event.preventDefault(); void this.#save("public"); } },
      this.pictures.root,
      h("section.write-part", {},
        h("label.only-aloud", { for: "write-title" }, t("write.name")), this.title,
        h("label.only-aloud", { for: "write-text" }, t("write.text")), this.text, this.left,
        h("div.field", {}, h("label", { for: "write-tags" }, t("write.tags")), this.tags)),
      this.goods.root, this.error, h("div.write-bar", {}, this.buttons));
    this.#changed = false;
    this.#draw();
    addEventListener("beforeunload", (event) => {
      if (this.#changed) event.preventDefault();
    });
  }

  #touch() {
    this.#changed = true;
    this.#draw();
  }

  #draw() {
    if (this.left) write(this.left, t("write.left", { n: TEXT_CHARS_MAX - [...this.text.value].length }));
  }

  /** The note as it stands in the form. */
  get #written() {
    return { title: this.title.value.trim(), text: this.text.value.trim(), tags: tagsIn(this.tags.value),
      pictures: this.pictures.sent, goods: this.goods.chosen, rooms: this.goods.led };
  }

  /** Why it can't be saved so, as a sentence. */
  #whyNot(/** @type {NoteStatus} */ status) {
    const { title, text, pictures } = this.#written;
    if (this.pictures.isSending) return t("write.still_sending");
    if (this.pictures.hasFailed) return t("write.has_failed");
    if (status === "draft") return "";
    if (!title) return t("write.need_title");
    return pictures.length || text ? "" : t("write.need_more");
  }

  /** @param {"draft" | "public"} status */
  async #save(status) {
    const why = this.#whyNot(status);
    writeAloud(this.error, why);
    if (why) return;
    const { title, text, tags, pictures, goods, rooms } = this.#written;
    const body = { title, text, tags, status, pictures: pictures.map(({ picture }) => picture),
      goods: goods.map(({ host, sku }) => ({ host, sku })), rooms: rooms.map(({ room }) => room) };
    this.#lock(true);
    try {
      const { note } = this.note;
      /** @type {Note} */
      const saved = note ? await rest("PATCH", `/v1/notes/${encodeURIComponent(note)}`, body)
        : await rest("POST", "/v1/notes", body);
      this.note = saved;
      this.#changed = false;
      if (status === "draft") {
        history.replaceState(history.state, "", `/write?note=${encodeURIComponent(saved.note)}`);
        toast(t("write.drafted"));
      } else {
        toast(t(saved.status === "held" ? "write.held" : "write.published"));
        location.href = `/note/${encodeURIComponent(saved.note)}`;
      }
    } catch (error) {
      writeAloud(this.error, sentenceOf(error));
    }
    this.#lock(false);
  }

  /** @param {boolean} on */
  #lock(on) {
    for (const button of this.buttons) button.toggleAttribute("disabled", on);
  }

  #preview() {
    const shown = { ...EMPTY, ...this.#written, author: this.you.user, author_name: this.you.name,
      published: Date.now(), note: this.note.note };
    openSheet(t("write.preview"), () => article(shown, ties), { kind: "preview-sheet" });
  }
}

/** @type {(author: string, but: string) => Promise<HTMLElement | null>} */
async function drafts(author, but) {
  try {
    /** @type {NotesPage} */
    const { notes } = await rest("GET",
      `/v1/notes?author=${encodeURIComponent(author)}&status=draft&limit=${DRAFTS_SHOWN}`);
    const others = notes.filter(({ note }) => note !== but);
    if (!others.length) return null;
    return h("section.write-drafts", { data: { section: "drafts" } }, h("h2", {}, t("write.drafts")),
      h("ul", {}, others.map(({ note, title, text }) => h("li", {},
        h("a.text-link", { href: `/write?note=${encodeURIComponent(note)}`, dir: "auto" },
          title || text.slice(0, 40) || t("write.untitled"))))));
  } catch {
    return null; // what is being written matters more
  }
}

const session = await whoAmI();
const ties = new Ties(session);
const wanted = new URLSearchParams(location.search).get("note") ?? "";
const main = h("main.write-page");
document.title = `${t(wanted ? "write.edit" : "write.title")} · Liveroom`;
tellOfConnection();
const { you } = session;
// Beside the button to sign in there is room for one short word.
const title = !you ? "note.page" : wanted ? "write.edit" : "write.title";
document.body.append(nav(session, t(title)), main);
if (!you || you.role === "guest") {
  main.append(signInBox(t("write.sign_in"), session, ["host", "viewer"]));
} else {
  try {
    /** @type {Promise<Note>} */
    const reading = wanted ? rest("GET", `/v1/notes/${encodeURIComponent(wanted)}`)
      : Promise.resolve({ ...EMPTY, author: you.user, author_name: you.name });
    const [note, rooms] = await Promise.all([reading, roomsOf(you.user)]);
    main.append(new Writing(you, note, rooms).root);
    const more = await drafts(you.user, wanted);
    if (more) main.append(more);
  } catch (error) {
    main.append(h("div.empty", {}, icon("edit"), h("p", {}, whyNot(error)),
      h("a.primary.button", { href: "/" }, t("back"))));
  }
}
