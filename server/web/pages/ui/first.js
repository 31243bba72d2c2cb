// What must run before all else, in one file: each further one delays the page on a slow network.

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
  const wanted = [kept["liveroom.lang"], ...navigator.languages ?? []].map((tag) => tag?.split("-")[0]);
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

// Tells the operator when something goes wrong in a page: which page, which kind, the type of the
// error and where in our own files. No message, no address, nothing that somebody wrote.
(() => {
  const REPORTS_MAX = 10; // of one page, while it is open
  const PLACES_MAX = 3;
  const OURS = `${location.origin}/static/`;
  const PLACE = /^[0-9a-f]+\/([\w./-]+?)(?:\?[^:]*)?:(\d+):(\d+)/;
  const page = location.pathname.split("/")[1] || "home";
  /** @type {Set<string>} */
  const told = new Set();

  /** @type {(kind: string, name: string, at?: string[]) => void} */
  function tell(kind, name, at = []) {
    const report = JSON.stringify({ page, kind, name: name.slice(0, 40), at: at.slice(0, PLACES_MAX) });
    if (told.has(report) || told.size >= REPORTS_MAX) return;
    told.add(report);
    navigator.sendBeacon("/v1/page-errors", new Blob([report], { type: "application/json" }));
  }

  /**
   * Places in our files, in any browser's form of a stack.
   * @param {string} stack
   */
  function placesIn(stack) {
    return stack.split(OURS).slice(1).flatMap((rest) => {
      const [, file, line, column] = PLACE.exec(rest) ?? [];
      return file ? [`${file}:${line}:${column}`] : [];
    });
  }

  /**
   * An error that names only files of others (an extension's) is not ours.
   * @type {(kind: string, thrown: unknown, where?: string) => void}
   */
  function tellOf(kind, thrown, where = "") {
    const stack = thrown instanceof Error || thrown instanceof DOMException ? thrown.stack ?? "" : "";
    const at = placesIn(stack || where);
    if (!at.length && /:\/\//.test(stack || where)) return;
    tell(kind, thrown instanceof Error || thrown instanceof DOMException ? thrown.name : "", at);
  }

  addEventListener("error", (event) => {
    const { target } = event;
    if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) {
      const url = target instanceof HTMLScriptElement ? target.src : target.href;
      const [file] = placesIn(`${url}:0:0`);
      if (file) tell("load", "", [file.replace(/:0:0$/, "")]);
    } else if (event instanceof ErrorEvent) {
      tellOf("error", event.error, `${event.filename}:${event.lineno}:${event.colno}`);
    }
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => tellOf("rejection", reason));
  addEventListener("securitypolicyviolation", ({ effectiveDirective, sourceFile, lineNumber,
    columnNumber }) => {
    tell("policy", effectiveDirective, placesIn(`${sourceFile}:${lineNumber}:${columnNumber}`));
  });
})();
