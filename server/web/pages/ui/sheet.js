// Sheets (from below on a phone, in the middle on a desktop) and toasts.

import { calm, h, iconButton } from "./dom.js";
import { closeInFront, openInFront, say, showInFront, takeAway } from "./front.js";
import { t } from "./strings.js";

const FADE_MS = 160;

let sheets = 0; // opened so far, for their ids

/**
 * Open a modal sheet; the <dialog> keeps focus inside and gives it back.
 * @param {string} title
 * @param {(leave: () => void) => Node | Node[]} fill
 * @param {{kind?: string}} [options]
 * @returns {HTMLDialogElement} with `close()`; fires "close"
 */
export function openSheet(title, fill, { kind = "" } = {}) {
  const id = `sheet-${(sheets += 1)}`;
  const body = h("div.sheet-body");
  const dialog = h("dialog.sheet", { "aria-labelledby": id, class: kind },
    h("header.sheet-head", {},
      h("h2", { id, tabindex: "-1", autofocus: true }, title),
      iconButton("close", t("close"), () => leave())),
    body);
  /** @type {() => void} */
  const leave = () => {
    const focused = document.activeElement;
    // Keys pressed while it fades are for the page again.
    if (focused instanceof HTMLElement) focused.blur();
    if (!calm()) dialog.classList.add("leaving");
    closeInFront(dialog, calm() ? 0 : FADE_MS);
  };
  body.append(...[fill(leave)].flat());
  dialog.addEventListener("click", (event) => event.target === dialog && leave());
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  openInFront(dialog);
  return dialog;
}

/**
 * Ask yes or no.
 * @param {string} question
 * @param {string} [yes]
 * @returns {Promise<boolean>}
 */
export function sure(question, yes = t("ok")) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openSheet(question, (leave) => h("div.actions", {},
      h("button.plain", { type: "button", onclick: leave }, t("cancel")),
      h("button.primary", { type: "button", onclick: () => { answer = true; leave(); } }, yes)),
    { kind: "sure-sheet" });
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/** @type {HTMLElement | undefined} */
let toasted;

/** Take away the line that stands, because what it offers has come about. */
export function hush() {
  if (toasted) takeAway(toasted);
}

/**
 * A line that comes and goes by itself, in front of whatever is open, and is said aloud.
 * `high`: at the top, for one that stays long.
 * @param {string} text
 * @param {{action?: {label: string, run: () => unknown}, forMs?: number, high?: boolean}} [options]
 */
export function toast(text, { action, forMs = 2600, high = false } = {}) {
  hush();
  const box = h("div.toast", { class: `${high ? "high" : ""} ${action ? "asks" : ""}` },
    h("span", {}, text),
    action && h("button.quiet", { type: "button",
      onclick: () => { takeAway(box); action.run(); } }, action.label));
  toasted = box;
  showInFront(box);
  say(text);
  setTimeout(() => takeAway(box), forMs);
}
