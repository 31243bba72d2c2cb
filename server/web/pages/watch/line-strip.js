// One line over the picture, cut where the screen ends: touched, it shows all of its text.

import { h, icon } from "../ui/dom.js";

/** @import { Child } from "../ui/elements.js" */
/** @import { IconName } from "../ui/dom.js" */

/**
 * `draw()` without words hides it.
 * @param {string} kind
 * @param {IconName} name
 */
export function lineStrip(kind, name) {
  const text = h("span.strip-text");
  const root = h("button.strip", { type: "button", class: kind, hidden: true,
    "aria-expanded": "false", onclick: () => {
      root.setAttribute("aria-expanded", String(root.classList.toggle("open")));
    } }, icon(name), text);
  return {
    root,
    /** @param {Child[]} words */
    draw(...words) {
      const shown = words.flatMap((word) => word || []);
      root.hidden = shown.length === 0;
      text.replaceChildren(...shown);
    },
  };
}
