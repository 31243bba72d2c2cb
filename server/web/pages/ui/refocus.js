// Focus that a dialog gave back stays there, also when what it went to is drawn anew a moment later:
// who sets a price by the keyboard goes on at that price, not at the head of the page.

const WATCHED_MS = 5000; // the answer to what a form sent is long there

/** @typedef {{element: Element, words: string, row: string}} Opener what opened a dialog, and how its
 *   twin is known: the words on it, and the id of the row in which it stands */

/** @type {(element: Element) => string} */
const wordsOf = (element) => [element.localName, element.getAttribute("data-do"),
  element.getAttribute("aria-label") ?? element.textContent].join(" ");

/** @type {(element: Element) => string} the first value of its data is the row's id */
const rowOf = (element) => Object.values(element.closest("li")?.dataset ?? {})[0] ?? "";

/** @returns {Opener | null} what has focus now; null if nothing has */
export function openerNow() {
  const element = document.activeElement;
  return element && element !== document.body
    ? { element, words: wordsOf(element), row: rowOf(element) } : null;
}

/**
 * The element that has taken its place; null if none has.
 * @type {(opener: Opener) => HTMLElement | null}
 */
function twinOf({ element, words, row }) {
  const found = [...document.querySelectorAll(element.localName)].find((each) =>
    wordsOf(each) === words && rowOf(each) === row && each.checkVisibility());
  return found instanceof HTMLElement ? found : null;
}

/** @param {Opener} opener */
function mend(opener) {
  if (opener.element.isConnected || document.activeElement !== document.body) return false;
  twinOf(opener)?.focus({ preventScroll: true });
  return true;
}

/**
 * Keep focus at what opened a dialog that is closed now, or at its twin.
 * @param {Opener} opener
 */
export function stayAt(opener) {
  if (mend(opener)) return;
  const watch = new MutationObserver(() => mend(opener) && watch.disconnect());
  watch.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), WATCHED_MS);
}
