// The middle of the console holds one view at a time.

import { h, keepInSight, write } from "../ui/dom.js";
import { t } from "../ui/strings.js";

/** @typedef {"now" | "engage" | "figures" | "sending" | "manage"} ViewName */

export class Views {
  /**
   * @param {[name: ViewName, parts: HTMLElement[]][]} views
   * @param {(name: ViewName) => void} onShow after a view was chosen
   */
  constructor(views, onShow) {
    this.onShow = onShow;
    this.panes = new Map(views.map(([name, parts]) =>
      [name, h("div.view", { id: `view-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`,
        data: { view: name } }, parts)]));
    /** @type {Map<ViewName, HTMLElement>} */
    this.badges = new Map();
    /** @type {ViewName} */
    this.shown = "now";
    this.buttons = new Map([...this.panes.keys()].map((name) => [name, this.#button(name)]));
    const list = h("div.view-tabs", { role: "tablist", "aria-label": t("view.label"),
      onkeydown: (event) => this.#onKey(event) }, [...this.buttons.values()]);
    this.root = h("div.views", {}, list, [...this.panes.values()]);
    this.sight = keepInSight(list, () => this.buttons.get(this.shown));
    this.#choose(this.shown);
  }

  /** @param {ViewName} name */
  #button(name) {
    const badge = h("span.view-badge");
    this.badges.set(name, badge);
    return h("button.view-tab", { type: "button", role: "tab", id: `tab-${name}`,
      "aria-controls": `view-${name}`, data: { view: name }, onclick: () => this.show(name) },
    t(`view.${name}`), badge);
  }

  /** @param {KeyboardEvent} event */
  #onKey({ key }) {
    const names = [...this.panes.keys()];
    const by = Number(key === "ArrowRight") - Number(key === "ArrowLeft");
    if (!by) return;
    const next = names[(names.indexOf(this.shown) + by + names.length) % names.length];
    this.show(next);
    this.buttons.get(next)?.focus();
  }

  /** @param {ViewName} name */
  #choose(name) {
    this.shown = name;
    for (const [other, pane] of this.panes) pane.hidden = other !== name;
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
  }

  /** @param {ViewName} name */
  show(name) {
    this.#choose(name);
    this.sight.show();
    this.onShow(name);
  }

  /**
   * A number on a tab: what waits there.
   * @param {ViewName} name
   * @param {number} n
   */
  badge(name, n) {
    const badge = this.badges.get(name);
    if (badge) write(badge, n ? String(n) : "");
  }
}
