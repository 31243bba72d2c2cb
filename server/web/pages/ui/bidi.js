// Words by people may run from right to left. Isolated, they don't reorder what stands beside them:
// "ليلى 3" must not take the 3 of the page into its own line of writing.

// Hebrew to Arabic Extended, their presentation forms, and the other scripts from right to left.
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const [ISOLATE, END] = ["\u2068", "\u2069"];

/**
 * Whether a text needs an element of its own (<bdi>) to keep it from its neighbours.
 * @param {string} text
 */
export const needsIsolation = (text) => RIGHT_TO_LEFT.test(text) && !text.includes(ISOLATE);

/**
 * The text as a part of a sentence.
 * @param {string} text
 */
export const isolated = (text) => (needsIsolation(text) ? `${ISOLATE}${text}${END}` : text);

/**
 * Parts of one line, with a dot between them; what is empty is left out.
 * @param {(string | number | false | null | undefined)[]} parts
 */
export const beside = (...parts) =>
  parts.filter(Boolean).map((part) => isolated(String(part))).join(" · ");
