// Language and appearance, chosen by the browser until somebody chooses otherwise.

import { h } from "./dom.js";
import { lang, t } from "./strings.js";

/** @type {(name: string, value: string | null) => void} */
function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Not kept, then; it still holds until the page is left.
  }
}

/** The other language; words are everywhere, so the page is loaded anew. */
export function switchLanguage() {
  keep("liveroom.lang", lang() === "zh" ? "en" : "zh");
  location.reload();
}

/** @param {string | null} theme */
function setTheme(theme) {
  keep("liveroom.theme", theme);
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** The settings every page offers. */
export function prefs() {
  const now = document.documentElement.dataset.theme ?? null;
  /** @type {(label: string, value: string | null) => HTMLElement} */
  const choice = (label, value) => h("label.chip", {},
    h("input", { type: "radio", name: "theme", checked: now === value,
      onchange: () => setTheme(value) }), h("span", {}, label));
  return h("div.prefs", {},
    h("fieldset.chips", {}, h("legend", {}, t("theme")),
      choice(t("theme.auto"), null), choice(t("theme.light"), "light"),
      choice(t("theme.dark"), "dark")),
    h("button.plain", { type: "button", lang: lang() === "zh" ? "en" : "zh-CN",
      onclick: switchLanguage, "aria-label": t("language.label") }, t("language")));
}
