// Who asked for the link, by product, as the server counts it.

import { h } from "../ui/dom.js";
import { t } from "../ui/strings.js";

/**
 * @import { RoomView } from "../liveroom.js"
 * @import { DeskState } from "./console.js"
 */

const SHOWN_MAX = 6;

export class Asks {
  constructor() {
    this.list = h("ol.asks");
    this.root = h("section.panel-box.asks-box", {}, h("h2", {}, t("host.asks")), this.list);
  }

  /** @type {(desk: DeskState, room: RoomView) => void} */
  draw({ asks }, { shelf }) {
    const rows = Object.entries(asks).sort(([, a], [, b]) => b - a).slice(0, SHOWN_MAX);
    const most = rows[0]?.[1] ?? 1;
    /** @param {string} sku */
    const title = (sku) => shelf.find((product) => product.sku === sku)?.title
      ?? (sku || t("host.asks_unknown"));
    this.list.replaceChildren(...(rows.length ? rows.map(([sku, n]) =>
      h("li.ask", { data: { sku }, vars: { "--part": String(n / most) } },
        h("span", {}, title(sku)), h("b", {}, t("host.asks_times", { n }))))
      : [h("li.fine", {}, t("host.asks_none"))]));
  }
}
