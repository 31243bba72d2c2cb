// A row of tabs of which one is chosen, and its pane is shown.

import { h, keepInSight, write } from "./dom.js";

/**
 * `pane` has an id. `data` names the tab to whoever looks for it.
 * @template {string} Name
 * @typedef {{name: Name, words: string, pane: HTMLElement, data?: Record<string, string>}} RowTab
 */

/** @template {string} Name */
export class TabRow {
  /**
   * Nothing is chosen until `show` is called.
   * @param {string} label of the row, read aloud
   * @param {RowTab<Name>[]} tabs
   * @param {(name: Name) => void} onChoose a tab was pressed, or reached by an arrow key: shows it
   * @param {{ids?: string, row?: string}} [options] `ids` come before the ids of the tabs, `row` is the
   *   class of the row
   */
  constructor(label, tabs, onChoose, { ids = "", row = "view-tabs" } = {}) {
    /** @type {Name | undefined} */
    this.shown = undefined;
    this.panes = new Map(tabs.map(({ name, pane }) => [name, pane]));
    this.buttons = new Map(tabs.map(({ name, words, pane, data = {} }) => {
      const id = `${ids}tab-${name}`;
      pane.setAttribute("role", "tabpanel");
      pane.setAttribute("aria-labelledby", id);
      return [name, h("button.view-tab", { type: "button", role: "tab", id, "aria-controls": pane.id, data,
        onclick: () => onChoose(name) }, h("span", {}, words), h("span.view-badge"))];
    }));
    this.root = h(`div.${row}`, { role: "tablist", "aria-label": label,
      onkeydown: (event) => this.#onKey(event, onChoose) }, [...this.buttons.values()]);
    this.sight = keepInSight(this.root, () =>
      (this.shown === undefined ? undefined : this.buttons.get(this.shown)));
  }

  /** @type {(event: KeyboardEvent, onChoose: (name: Name) => void) => void} */
  #onKey({ key }, onChoose) {
    const names = [...this.buttons.keys()];
    const by = Number(key === "ArrowRight") - Number(key === "ArrowLeft");
    if (!by || this.shown === undefined) return;
    const next = /** @type {Name} */ (
      names[(names.indexOf(this.shown) + by + names.length) % names.length]);
    onChoose(next);
    this.buttons.get(next)?.focus();
  }

  /** @param {Name} name */
  show(name) {
    this.shown = name;
    for (const [other, pane] of this.panes) pane.hidden = other !== name;
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
    this.sight.show();
  }

  /**
   * Write a number on a tab: what waits there. Nothing for 0.
   * @type {(name: Name, n: number) => void}
   */
  badge(name, n) {
    const badge = this.buttons.get(name)?.querySelector(".view-badge");
    if (badge) write(badge, n ? String(n) : "");
  }
}
