// The tabs of the page: one part at a time, named in the address, so that a link leads to it.

import { h } from "../ui/dom.js";
import { t } from "../ui/strings.js";
import { TabRow } from "../ui/tab-row.js";

/** @import { Tab } from "./answers.js" */

export class Tabs {
  /**
   * @param {Tab[]} tabs
   * @param {string} [label] of all of them
   */
  constructor(tabs, label = t("merchant.title")) {
    this.tabs = new Map(tabs.map((tab) => [tab.name, tab]));
    const rows = tabs.map(({ name, words, root }) => ({ name, words, data: { tab: name },
      pane: h("div.merchant-pane", { id: `pane-${name}`, data: { pane: name } }, root) }));
    this.row = new TabRow(label, rows, (name) => { location.hash = name; }, { row: "merchant-tablist" });
    this.root = h("div.merchant-tabs", {}, this.row.root, rows.map(({ pane }) => pane));
    addEventListener("hashchange", () => this.show(this.#named()));
    this.show(this.#named());
  }

  #named() {
    const name = decodeURIComponent(location.hash.slice(1));
    return this.tabs.has(name) ? name : [...this.tabs.keys()][0] ?? "";
  }

  /** @param {string} name */
  show(name) {
    if (name === this.row.shown) return;
    this.row.show(name);
    void this.tabs.get(name)?.read();
  }
}
