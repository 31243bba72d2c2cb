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
  const wanted = [kept["liveroom.lang"], ...navigator.languages].map((tag) => tag?.slice(0, 2));
  const lang = wanted.find((two) => two === "zh" || two === "en" || two === "fr") ?? "en";
  root.lang = lang === "zh" ? "zh-CN" : lang;
  if (lang === "fr" && document.currentScript instanceof HTMLScriptElement) {
    const words = document.createElement("link"); // else only found when strings.js runs
    words.rel = "modulepreload";
    words.href = new URL("french.js", document.currentScript.src).href;
    document.head.append(words);
  }
  if (kept["liveroom.theme"]) root.dataset.theme = kept["liveroom.theme"];
})();
