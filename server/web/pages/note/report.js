// Reporting a note, or a comment on it: loaded when somebody first does.

import "../ui/report-words.js";
import { h } from "../ui/dom.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";

/**
 * @import { ReportKind } from "../liveroom.js"
 */

/** @type {ReportKind[]} */
const KINDS = ["spam", "abuse", "hate", "sexual", "violence", "fraud", "counterfeit", "illegal",
  "minor", "other"];
const TEXT_CHARS_MAX = 300;

/**
 * Ask why, then report what has this path: a note, or a comment on one.
 * @param {string} path
 * @param {string} [said] the words that are reported, to see them again
 */
export function report(path, said = "") {
  formSheet(t("report"), [
    said && h("p", { dir: "auto" }, said),
    choice("kind", t("report.why"), KINDS.map((kind) => [kind, t(`report.kind_${kind}`)]), "spam"),
    field("text", t("report.text"), { maxlength: String(TEXT_CHARS_MAX) }, "textarea"),
  ], t("report.send"), async ({ kind = "", text = "" }) => {
    await rest("POST", `${path}/reports`, { kind, text });
    toast(t("report.thanks"));
  });
}
