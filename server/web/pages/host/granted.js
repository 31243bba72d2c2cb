// How many of a merchant's units the host can put on sale here, said where a sale is opened.

import { h, write } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { everyPage } from "../ui/paged-list.js";
import { rest } from "../ui/session.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { AllotmentsPage } from "../ui/answers.js"
 */

/**
 * A line that says it once it is known; null for the host's own goods, which need no grant.
 * @param {Room} room
 * @param {string} sku as on the shelf
 * @param {string} [merchant] who owns the units
 */
export function grantedLine(room, sku, merchant) {
  if (!merchant || viewOf(room).practice) return null;
  const line = h("p.fine", { data: { granted: sku } });
  grantedUnits(room, sku).then(
    (n) => write(line, t("host.granted", { n: number(n), merchant })),
    () => line.remove(), // the server has the last word
  );
  return line;
}

/**
 * The free units of all allotments that count in this room.
 * @param {Room} room
 * @param {string} sku
 */
async function grantedUnits(room, sku) {
  const view = viewOf(room);
  const path = `/v1/hosts/${encodeURIComponent(view.host)}/allotments?limit=100&cursor=`;
  /** @type {AsyncGenerator<AllotmentsPage>} */
  const pages = everyPage((from) => rest("GET", path + encodeURIComponent(from ?? "")));
  let free = 0;
  for await (const { allotments } of pages) {
    for (const each of allotments) {
      if (each.product === sku && (!each.room || each.room === view.room)) free += each.free;
    }
  }
  return free;
}
