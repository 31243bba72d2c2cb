// The plus that leads to writing a note, in front of the pages that show notes.

import { h, icon } from "./dom.js";
import { t } from "./strings.js";

/** @import { Session } from "./answers.js" */

/**
 * For who may write; null for everybody else.
 * @param {Session} session
 */
export const writePlus = ({ you }) => (you && you.role !== "guest"
  ? h("a.write-plus.button", { href: "/write", data: { do: "write" }, "aria-label": t("write.title") },
    icon("plus"), h("span", {}, t("write.title")))
  : null);
