// The middle of the console holds one view at a time.

import { h } from "../ui/dom.js";
import { t } from "../ui/strings.js";
import { TabRow } from "../ui/tab-row.js";

/** @typedef {"now" | "engage" | "figures" | "sending" | "manage"} ViewName */

export class Views {
  /**
   * @param {[name: ViewName, parts: HTMLElement[]][]} views
   * @param {(name: ViewName) => void} onShow after a view was chosen
   */
  constructor(views, onShow) {
    this.onShow = onShow;
    const tabs = views.map(([name, parts]) => ({ name, words: t(`view.${name}`), data: { view: name },
      pane: h("div.view", { id: `view-${name}`, data: { view: name } }, parts) }));
    /** @type {TabRow<ViewName>} */
    this.row = new TabRow(t("view.label"), tabs, (name) => this.show(name));
    this.root = h("div.views", {}, this.row.root, tabs.map(({ pane }) => pane));
    this.row.show("now");
  }

  /** @param {ViewName} name */
  show(name) {
    this.row.show(name);
    this.onShow(name);
  }

  /**
   * A number on a tab: what waits there.
   * @param {ViewName} name
   * @param {number} n
   */
  badge(name, n) {
    this.row.badge(name, n);
  }
}
