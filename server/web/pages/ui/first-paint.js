// Before the first paint: the theme and language somebody chose earlier, so that nothing flashes.
(() => {
  const root = document.documentElement;
  /** @type {Record<string, string>} */
  let kept = {};
  try {
    kept = { ...localStorage };
  } catch {
    // Storage may be forbidden; then the browser's own wishes hold.
  }
  const lang = kept["liveroom.lang"] ?? (navigator.language ?? "zh").slice(0, 2);
  root.lang = lang === "zh" ? "zh-CN" : "en";
  if (kept["liveroom.theme"]) root.dataset.theme = kept["liveroom.theme"];
})();
