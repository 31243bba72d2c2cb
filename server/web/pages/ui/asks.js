// Who asks for the link, and of what: counted on the host's own page from the comments it sees.

import { h, write } from "./dom.js";
import { t } from "./strings.js";

const ASKS = /链接|連結|怎么买|怎麼買|哪里买|哪裡買|在哪买|多少钱|多少錢|几号|上车|想要|link\b|how much|where.{0,12}buy|price\?|où.{0,12}acheter|combien|le lien/i;
const NUMBERED = /(?:^|[^\d])(\d{1,3})\s*(?:号|號)|(?:no\.?|number|n°|#)\s*(\d{1,3})/i;

/** The words of a title that name the thing; of Chinese, every pair of signs. */
function words(title) {
  const latin = title.toLowerCase().match(/[\p{Script=Latin}]{4,}/gu) ?? [];
  const han = (title.match(/\p{Script=Han}{2,}/gu) ?? []).flatMap((run) =>
    [...run].slice(1).map((sign, i) => [...run][i] + sign));
  return new Set([...latin, ...han]);
}

/** The sku a comment asks for, "" if it asks but not of what, null if it does not ask. */
export function askedFor(text, { shelf, pin }) {
  if (!ASKS.test(text)) return null;
  const number = text.match(NUMBERED);
  const named = number && shelf[Number(number[1] ?? number[2]) - 1];
  if (named) return named.sku;
  const said = text.toLowerCase();
  const score = (product) => [...words(product.title)].filter((word) => said.includes(word)).length;
  const best = shelf.map((product) => [score(product), product.sku])
    .sort(([a], [b]) => b - a)[0];
  return best?.[0] > 0 ? best[1] : (pin ?? "");
}

/** The list beside the shelf: what is asked for most, on top. */
export class Asks {
  constructor() {
    this.counts = new Map();
    this.list = h("ol.asks");
    this.root = h("section.panel-box.asks-box", {}, h("h2", {}, t("host.asks")), this.list);
    this.draw({ shelf: [] });
  }

  hear(comment, room) {
    const sku = askedFor(comment.text, room);
    if (sku === null) return false;
    this.counts.set(sku, (this.counts.get(sku) ?? 0) + 1);
    return true;
  }

  draw({ shelf }) {
    const rows = [...this.counts].sort(([, a], [, b]) => b - a).slice(0, 6);
    const most = rows[0]?.[1] ?? 1;
    this.list.replaceChildren(...(rows.length ? rows : [null]).map((row) => row
      ? h("li.ask", { data: { sku: row[0] }, vars: { "--part": String(row[1] / most) } },
        h("span", {}, shelf.find(({ sku }) => sku === row[0])?.title ?? (row[0]
          || t("host.asks_unknown"))),
        h("b", {}, t("host.asks_times", { n: row[1] })))
      : h("li.fine", {}, t("host.asks_none"))));
    write(this.root.firstChild, t("host.asks"));
  }
}
