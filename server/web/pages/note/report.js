// Reporting a note: loaded when somebody first does.

import "../ui/report-words.js";
import { choice, field, formSheet } from "../ui/forms.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t } from "../ui/strings.js";

/**
 * @import { ReportKind } from "../liveroom.js"
 * @import { Note } from "../ui/answers-of-notes.js"
 */

/** @type {ReportKind[]} */
const KINDS = ["spam", "abuse", "hate", "sexual", "violence", "fraud", "counterfeit", "illegal",
  "minor", "other"];
const TEXT_CHARS_MAX = 300;

/** Ask why, then report the note. */
export function report(/** @type {Note} */ { note }) {
  formSheet(t("report"), [
    choice("kind", t("report.why"), KINDS.map((kind) => [kind, t(`report.kind_${kind}`)]), "spam"),
    field("text", t("report.text"), { maxlength: String(TEXT_CHARS_MAX) }, "textarea"),
  ], t("report.send"), async ({ kind = "", text = "" }) => {
    await rest("POST", `/v1/notes/${encodeURIComponent(note)}/reports`, { kind, text });
    toast(t("report.thanks"));
  });
}
