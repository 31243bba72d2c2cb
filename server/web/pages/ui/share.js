// Sharing a link: by the system's own sheet, where the browser has one; else to copy or to scan.

import "./later-words.js";
import { h, icon, s } from "./dom.js";
import { qrCode } from "./qr.js";
import { openSheet, toast } from "./sheet.js";
import { failureOf, t } from "./strings.js";

const QUIET = 4; // modules around a code that stay light, as readers ask for

/**
 * A code as a picture: dark on light in every theme, since not every reader takes the other way round.
 * @param {string} text
 */
function picture(text) {
  const rows = qrCode(text);
  const size = rows.length + 2 * QUIET;
  const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) =>
    (isDark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : []))).join("");
  return s("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img",
    "aria-label": t("share.qr") }, s("path", { d: dark }));
}

/**
 * @param {string} title
 * @param {string} url
 */
export async function share(title, url) {
  if (navigator.share) {
    try {
      return await navigator.share({ title, url });
    } catch (error) {
      if (failureOf(error).name === "AbortError") return undefined; // the person thought better of it
    }
  }
  return openShare(title, url);
}

/** @type {(title: string, url: string) => void} */
function openShare(title, url) {
  const field = h("input", { type: "url", readonly: true, value: url, "aria-label": t("share.link"),
    onclick: ({ currentTarget }) => currentTarget.select() });
  openSheet(t("watch.share"), (leave) => h("div.stack.share", {},
    h("p.fine", {}, h("bdi", {}, title)), picture(url), h("p.fine.share-scan", {}, t("share.qr")), field,
    h("button.primary.wide", { type: "button", data: { do: "copy" }, onclick: async () => {
      try {
        await navigator.clipboard.writeText(url);
        leave();
        toast(t("watch.copied"));
      } catch {
        field.select();
        toast(t("share.select"));
      }
    } }, icon("link"), t("share.copy"))));
}
