// The tabs of the page: one part at a time, named in the address, so that a link leads to it.

import { h, keepInSight } from "../ui/dom.js";
import { t } from "../ui/strings.js";

/** @import { Tab } from "./answers.js" */

export class Tabs {
  /**
   * @param {Tab[]} tabs
   * @param {string} [label] of all of them
   */
  constructor(tabs, label = t("merchant.title")) {
    this.tabs = new Map(tabs.map((tab) => [tab.name, tab]));
    this.buttons = new Map(tabs.map((tab) => [tab.name, this.#button(tab)]));
    const panes = tabs.map(({ name, root }) => h("div.merchant-pane", { id: `pane-${name}`,
      role: "tabpanel", "aria-labelledby": `tab-${name}`, data: { pane: name } }, root));
    this.panes = new Map(tabs.map(({ name }, nth) => [name, panes[nth]]));
    const list = h("div.merchant-tablist", { role: "tablist", "aria-label": label,
      onkeydown: (event) => this.#onKey(event) }, [...this.buttons.values()]);
    this.root = h("div.merchant-tabs", {}, list, panes);
    this.shown = "";
    this.sight = keepInSight(list, () => this.buttons.get(this.shown));
    addEventListener("hashchange", () => this.show(this.#named()));
    this.show(this.#named());
  }

  #named() {
    const name = decodeURIComponent(location.hash.slice(1));
    return this.tabs.has(name) ? name : [...this.tabs.keys()][0] ?? "";
  }

  /** @param {Tab} tab */
  #button({ name, words }) {
    return h("button.view-tab", { type: "button", role: "tab", id: `tab-${name}`,
      "aria-controls": `pane-${name}`, data: { tab: name },
      onclick: () => { location.hash = name; } }, words);
  }

  /** @param {KeyboardEvent} event */
  #onKey({ key }) {
    const names = [...this.tabs.keys()];
    const by = Number(key === "ArrowRight") - Number(key === "ArrowLeft");
    if (!by) return;
    const next = names[(names.indexOf(this.shown) + by + names.length) % names.length];
    location.hash = next;
    this.buttons.get(next)?.focus();
  }

  /** @param {string} name */
  show(name) {
    if (name === this.shown) return;
    this.shown = name;
    for (const [other, pane] of this.panes) {
      if (pane) pane.hidden = other !== name;
    }
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
    this.sight.show();
    void this.tabs.get(name)?.read();
  }
}
