// Why a row of the feed is there, in words, and whose it is.

import "../ui/feed-words.js";
import { t } from "../ui/strings.js";

/**
 * @import { FeedRow } from "../ui/answers.js"
 * @import { Key } from "../ui/strings.js"
 */

/** @param {FeedRow} row */
export function why({ reason }) {
  const { code, name = "", title = "", tag = "" } = reason;
  return t(/** @type {Key} */ (`feed.by_${code}`), { name, title, tag });
}

/** @type {(row: FeedRow) => {by: string, name: string}} */
export const ownerOf = (row) => (row.kind === "room" ? { by: row.host, name: row.host_name }
  : { by: row.author, name: row.author_name });
