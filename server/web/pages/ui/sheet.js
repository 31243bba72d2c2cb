// Sheets (from below on a phone, in the middle on a desktop), toasts, and what is said aloud.

import { calm, h, iconButton } from "./dom.js";
import { t } from "./strings.js";

/** @import { Room } from "../liveroom.js" */

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
    if (calm()) return dialog.close();
    dialog.classList.add("leaving");
    setTimeout(() => dialog.close(), 160);
  };
  body.append(...[fill(leave)].flat());
  dialog.addEventListener("click", (event) => event.target === dialog && leave());
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
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

/**
 * A line that comes and goes by itself. An open sheet must not cover it: it joins the top layer.
 * `high`: at the top, for one that stays long.
 * @param {string} text
 * @param {{action?: {label: string, run: () => unknown}, forMs?: number, high?: boolean}} [options]
 */
export function toast(text, { action, forMs = 2600, high = false } = {}) {
  document.querySelector(".toast")?.remove();
  const box = h("div.toast", { role: "status", popover: "manual",
    class: high ? "high" : "" }, h("span", {}, text),
    action && h("button.quiet", { type: "button",
      onclick: () => { box.remove(); action.run(); } }, action.label));
  document.body.append(box);
  box.showPopover?.();
  setTimeout(() => box.remove(), forMs);
}

const speaker = h("div.only-aloud", { role: "status", "aria-live": "polite" });

/**
 * Say something to screen readers only, e.g. that a sale opened. Politely, one at a time.
 * @param {string} text
 */
export function say(text) {
  if (!speaker.isConnected) document.body.append(speaker);
  speaker.textContent = "";
  setTimeout(() => { speaker.textContent = text; }, 60);
}

/**
 * The line above the page that tells of the connection.
 * @param {Room} room
 */
export function connectionBanner(room) {
  const banner = h("div.banner", { role: "status", hidden: true });
  let lost = false;
  room.on("status", (status, { code, reason }) => {
    if (status === "waiting") lost = true;
    /** @type {Record<string, string>} */
    const texts = {
      waiting: t("conn.waiting"),
      connecting: lost ? t("conn.waiting") : "",
      closed: code === "not_found" || code === "close_4404" ? t("conn.no_room")
        : code === "closed" ? "" : `${t("conn.closed")} · ${reason}`,
    };
    const text = texts[status] ?? "";
    banner.textContent = text;
    banner.hidden = !text;
    if (status === "joined" && lost) {
      lost = false;
      toast(t("conn.back"), { forMs: 1600 });
    }
  });
  return banner;
}
