// Focus that a dialog gave back stays there, also when what it went to is drawn anew a moment later:
// who sets a price by the keyboard goes on at that price, not at the head of the page.

const WATCHED_MS = 5000; // the answer to what a form sent is long there

/** @type {(element: Element) => string} */
const wordsOf = (element) => [element.localName, element.getAttribute("data-do"),
  element.getAttribute("aria-label") ?? element.textContent].join(" ");

/** @type {(element: Element) => string} the first value of its data is the row's id */
const rowOf = (element) => Object.values(element.closest("li")?.dataset ?? {})[0] ?? "";

/**
 * The element that has taken its place, with the same words in a row of the same id; null if none has.
 * @type {(opener: Element) => HTMLElement | null}
 */
function twinOf(opener) {
  const found = [...document.querySelectorAll(opener.localName)].find((each) =>
    wordsOf(each) === wordsOf(opener) && rowOf(each) === rowOf(opener) && each.checkVisibility());
  return found instanceof HTMLElement ? found : null;
}

/** @param {Element} opener */
function mend(opener) {
  if (opener.isConnected || document.activeElement !== document.body) return false;
  twinOf(opener)?.focus({ preventScroll: true });
  return true;
}

/**
 * Keep focus at what opened a dialog that is closed now, or at its twin.
 * @param {Element} opener
 */
export function stayAt(opener) {
  if (mend(opener)) return;
  const watch = new MutationObserver(() => mend(opener) && watch.disconnect());
  watch.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), WATCHED_MS);
}
