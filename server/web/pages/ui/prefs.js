// Language and appearance, chosen by the browser until somebody chooses otherwise.

import { h } from "./dom.js";
import { LANGUAGES, lang, t } from "./strings.js";

/** @type {(name: string, value: string | null) => void} */
function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Not kept, then; it still holds until the page is left.
  }
}

/**
 * Words are everywhere, so the page is loaded anew.
 * @param {string} language
 */
function setLanguage(language) {
  keep("liveroom.lang", language);
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
  const languages = Object.entries(LANGUAGES).map(([code, name]) =>
    h("label.chip", { lang: code === "zh" ? "zh-CN" : code },
      h("input", { type: "radio", name: "language", value: code, checked: code === lang(),
        onchange: () => setLanguage(code) }), h("span", {}, name)));
  return h("div.prefs", {},
    h("fieldset.chips", {}, h("legend", {}, t("theme")),
      choice(t("theme.auto"), null), choice(t("theme.light"), "light"),
      choice(t("theme.dark"), "dark")),
    h("fieldset.chips", {}, h("legend", {}, t("language")), languages));
}
