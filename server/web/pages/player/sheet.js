// The player's own style sheet, fetched with it.

import { h } from "../ui/dom.js";

/** Resolves once the style is there, or can't be had: the picture is shown all the same. */
export const styled = new Promise((resolve) => {
  const link = h("link", { rel: "stylesheet", href: new URL("../css/player.css", import.meta.url).pathname });
  link.addEventListener("load", resolve);
  link.addEventListener("error", resolve);
  document.head.append(link);
});
