// What stands in front of a page: the open dialog, and what is seen and heard before it.
//
// An open modal dialog makes all of the page outside of it inert: a button there takes no tap, so
// that the tap goes to what lies beneath, and a live region there says nothing. So whatever must be
// usable or heard at any time belongs to the dialog in front, and moves when another one is.

import { h, write } from "./dom.js";

const GATHER_MS = 60; // a live region must stand empty for a moment, or nothing is said
const SEPARATOR = " · ";

/** @type {HTMLDialogElement[]} the open ones; the last is in front */
const dialogs = [];
/** @type {Set<HTMLDialogElement>} still fading, and modal until they are gone */
const fading = new Set();
/** @type {Set<HTMLElement>} what stands in front now */
const shown = new Set();
/** @type {WeakMap<HTMLElement, HTMLElement>} by dialog or body: a live region must be there early */
const speakers = new WeakMap();
/** @type {string[]} */
const unsaid = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let saying = undefined;

const place = () => dialogs.at(-1) ?? document.body;

/** Whether keys and taps are for a dialog, and not for the page. */
export const isDialogOpen = () => dialogs.length > 0;

/** @param {HTMLElement} owner */
function speakerOf(owner) {
  let speaker = speakers.get(owner);
  if (!speaker) {
    speaker = h("div.only-aloud", { role: "status" });
    speakers.set(owner, speaker);
    owner.append(speaker);
  }
  return speaker;
}

speakerOf(document.body);

/**
 * Open a dialog in front of everything; focus stays in it until it is gone.
 * @param {HTMLDialogElement} dialog
 */
export function openInFront(dialog) {
  document.body.append(dialog);
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    gone(dialog);
    // Fetched when there is somebody to go back, not with the first view.
    if (opener && opener !== document.body && !isDialogOpen()) {
      import("./refocus.js").then(({ stayAt }) => stayAt(opener), () => {});
    }
  });
  dialog.showModal();
  dialogs.push(dialog);
  speakerOf(dialog);
  keepFocus(dialog);
  moveAll();
}

/**
 * Close it, after `fadeMs` in which it is no longer the one in front.
 * @param {HTMLDialogElement} dialog
 * @param {number} fadeMs
 */
export function closeInFront(dialog, fadeMs) {
  const at = dialogs.indexOf(dialog);
  if (at < 0) return;
  dialogs.splice(at, 1);
  fading.add(dialog);
  if (fadeMs) setTimeout(() => dialog.close(), fadeMs);
  else dialog.close();
}

/** @param {HTMLDialogElement} dialog */
function gone(dialog) {
  const at = dialogs.indexOf(dialog); // the browser itself may have closed it
  if (at >= 0) dialogs.splice(at, 1);
  fading.delete(dialog);
  moveAll();
  dialog.remove();
  // The browser gives focus back, but not to what has left the page meanwhile.
  if (document.activeElement === document.body) headOf(dialogs.at(-1))?.focus();
  if (unsaid.length) soon();
}

/** @param {HTMLDialogElement | undefined} dialog */
const headOf = (dialog) => /** @type {HTMLElement | null} */ (dialog?.querySelector("[autofocus]"));

/**
 * When the focused part of a dialog is drawn anew, focus goes to its head instead of the page.
 * @param {HTMLDialogElement} dialog
 */
function keepFocus(dialog) {
  /** @type {EventTarget | null} */
  let focused = document.activeElement;
  dialog.addEventListener("focusin", ({ target }) => { focused = target; });
  dialog.addEventListener("focusout", ({ target }) => queueMicrotask(() => {
    // Left by its person; what is taken out of the page loses focus just before that.
    if (target === focused && target instanceof Node && target.isConnected) focused = null;
  }));
  new MutationObserver(() => {
    const wasDrawnAnew = focused instanceof Node && !focused.isConnected;
    if (wasDrawnAnew && dialogs.at(-1) === dialog && document.activeElement === document.body) {
      headOf(dialog)?.focus({ preventScroll: true });
    }
  }).observe(dialog, { childList: true, subtree: true });
}

/**
 * Show an element in front of everything, until `takeAway`.
 * @param {HTMLElement} element
 */
export function showInFront(element) {
  element.popover = "manual";
  shown.add(element);
  put(element);
}

/** @param {HTMLElement} element */
export function takeAway(element) {
  shown.delete(element);
  element.remove();
}

/** @param {HTMLElement} element */
function put(element) {
  place().append(element);
  element.showPopover?.(); // to the top layer; without one it lies as its style says
}

function moveAll() {
  for (const element of shown) {
    if (element.parentElement === place()) continue;
    element.classList.add("moved"); // it does not come anew
    put(element);
  }
}

/**
 * Say something to screen readers only, e.g. that a sale opened. Politely; what is said at the same
 * time is said together.
 * @param {string} text
 */
export function say(text) {
  if (!text) return;
  if (!unsaid.includes(text)) unsaid.push(text);
  soon();
}

function soon() {
  speakerOf(place()).textContent = "";
  saying ??= setTimeout(speak, GATHER_MS);
}

function speak() {
  saying = undefined;
  if (fading.size) return; // all else is inert as long as it fades; `gone` goes on
  speakerOf(place()).textContent = unsaid.splice(0).join(SEPARATOR);
}

/**
 * Write what stands in the page and say it too, if it is new. For what would be a live region, had
 * the page no dialogs.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function writeAloud(element, text) {
  if (element.textContent !== text) say(text);
  write(element, text);
}
