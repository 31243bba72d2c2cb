// Sheets (from below on a phone, in the middle on a desktop), toasts, and what is said aloud.

import { calm, h, iconButton } from "./dom.js";
import { t } from "./strings.js";

/**
 * Open a modal sheet; the <dialog> keeps focus inside and gives it back.
 * @param {string} title @param {(close: () => void) => Node|Node[]} fill
 * @returns {HTMLDialogElement} with `close()`; fires "close"
 */
export function openSheet(title, fill, { kind = "" } = {}) {
  const id = `sheet-${(openSheet.n = (openSheet.n ?? 0) + 1)}`;
  const body = h("div.sheet-body");
  const dialog = h("dialog.sheet", { "aria-labelledby": id, class: kind },
    h("header.sheet-head", {},
      h("h2", { id, tabindex: "-1", autofocus: true }, title),
      iconButton("close", t("close"), () => leave())),
    body);
  const leave = () => {
    document.activeElement?.blur(); // keys pressed while it fades are for the page again
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

/** Ask yes or no. */
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
 */
export function toast(text, { action = null, forMs = 2600, high = false } = {}) {
  document.querySelector(".toast")?.remove();
  const box = h("div.toast", { role: "status", popover: "manual",
    class: high ? "high" : "" }, h("span", {}, text),
    action && h("button.quiet", { type: "button",
      onclick: () => { box.remove(); action.run(); } }, action.label));
  document.body.append(box);
  box.showPopover?.();
  setTimeout(() => box.remove(), forMs);
}

let speaker = null;

/** Say something to screen readers only, e.g. that a sale opened. Politely, one at a time. */
export function say(text) {
  if (!speaker) {
    speaker = h("div.only-aloud", { role: "status", "aria-live": "polite" });
    document.body.append(speaker);
  }
  speaker.textContent = "";
  setTimeout(() => { speaker.textContent = text; }, 60);
}

/** The line above the page that tells of the connection. */
export function connectionBanner(room) {
  const banner = h("div.banner", { role: "status", hidden: true });
  let lost = false;
  room.on("status", (status, { code, reason } = {}) => {
    if (status === "waiting") lost = true;
    const text = {
      waiting: t("conn.waiting"),
      connecting: lost ? t("conn.waiting") : "",
      closed: code === "not_found" || code === "close_4404" ? t("conn.no_room")
        : code === "closed" ? "" : `${t("conn.closed")} · ${reason}`,
    }[status] ?? "";
    banner.textContent = text;
    banner.hidden = !text;
    if (status === "joined" && lost) {
      lost = false;
      toast(t("conn.back"), { forMs: 1600 });
    }
  });
  return banner;
}
