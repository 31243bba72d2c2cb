// Topics: pages of rooms and notes under one theme, made and changed by operators.

import "../ui/topic-words.js";
import { beside } from "../ui/bidi.js";
import { h } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { PagedList } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { timeOf } from "./featured.js";

/** @import { OwnTopic, TopicsPage } from "../ui/answers.js" */

const LINE = /^(room|note)[ :]+(\S+)$/;

/**
 * Unix ms as a datetime-local field has it; "" for 0.
 * @param {number} ms
 */
const fieldTime = (ms) => (ms
  ? new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "");

/** @param {string} text one thing a line, such as "room r1" */
function thingsIn(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const found = LINE.exec(line);
    if (!found) throw new Error(t("topics.bad_line", { line }));
    return { kind: found[1], id: found[2] };
  });
}

/** A section of the page. */
export class Topics {
  constructor() {
    this.list = new PagedList(
      (cursor) => rest("GET", `/v1/ops/topics?cursor=${encodeURIComponent(String(cursor ?? ""))}`),
      (/** @type {TopicsPage} */ page) => page.topics.map((topic) => this.#row(topic)),
      { list: h("ol.ops-errors"), none: h("p.fine", {}, t("topics.none")), name: "more-topics" });
    this.root = h("section.ops-box.topics", {},
      h("div.ops-row", {}, h("h2", {}, t("topics.title")),
        h("button.plain.small-button", { type: "button", data: { do: "new-topic" },
          onclick: () => this.#edit() }, t("topics.new"))),
      this.list.parts);
  }

  read() { return this.list.read(); }

  /** @param {OwnTopic} topic */
  #row(topic) {
    const { topic: id, title, starts, ends, things, shown, by } = topic;
    const when = starts || ends ? `${starts ? day(starts) : ""} – ${ends ? day(ends) : ""}` : "";
    return h("li", { data: { topic: id } },
      h("span.fine", {}, beside(t(shown ? "topics.public" : "topics.draft"), when,
        t("topics.count", { n: things.length }), by)),
      h("p", { dir: "auto" }, h("a.text-link", { href: `/topic/${encodeURIComponent(id)}` }, title)),
      h("div.actions", {},
        h("button.quiet.small-button", { type: "button", data: { do: "drop-topic" },
          onclick: () => this.#drop(topic) }, t("topics.drop")),
        h("button.plain.small-button", { type: "button", data: { do: "edit-topic" },
          onclick: () => this.#edit(topic) }, t("topics.edit"))));
  }

  /** @param {OwnTopic} [topic] nothing: a new one */
  #edit(topic) {
    const lines = (topic?.things ?? []).map(({ kind, id }) => `${kind} ${id}`).join("\n");
    formSheet(t(topic ? "topics.edit" : "topics.new"), [
      topic ? null : field("id", t("topics.id"), { required: true, maxlength: "40",
        pattern: "[a-z0-9][a-z0-9\\-]*" }),
      field("title", t("topics.name"), { required: true, maxlength: "80", value: topic?.title }),
      field("text", t("topics.text"), { maxlength: "1000", value: topic?.text },
        "textarea"),
      field("starts", t("topics.starts"), { type: "datetime-local",
        value: fieldTime(topic?.starts ?? 0) }),
      field("ends", t("topics.ends"), { type: "datetime-local",
        value: fieldTime(topic?.ends ?? 0) }),
      field("things", t("topics.things"), { value: lines }, "textarea"),
      choice("shown", t("topics.shown"), [["1", t("topics.public")], ["", t("topics.draft")]],
        topic?.shown ? "1" : ""),
    ], t("save"), async ({ id = "", title, text, starts, ends, things = "", shown }) => {
      const name = encodeURIComponent(topic?.topic ?? id.trim());
      await rest("PUT", `/v1/topics/${name}`, { title, text, starts: timeOf(starts),
        ends: timeOf(ends), shown: shown === "1", things: thingsIn(things) });
      await this.read();
    });
  }

  /** @param {OwnTopic} topic */
  async #drop({ topic, title }) {
    if (!await sure(t("topics.drop_sure", { title }), t("topics.drop"))) return;
    await rest("DELETE", `/v1/topics/${encodeURIComponent(topic)}`)
      .catch((error) => toast(whyNot(error)));
    await this.read();
  }
}
