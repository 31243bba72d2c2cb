// Which ways there are to a picture in this browser, the best first.

import { openHls, openNative, playsHls } from "./hls.js";
import { openWhep } from "./whep.js";

/** @import { Open, Source } from "./picture.js" */

/**
 * WHEP, then the browser's own HLS, then hls.js; what this browser lacks is left out.
 * @param {Source[]} sources
 * @returns {[source: Source, open: Open][]}
 */
export function waysTo(sources) {
  return sources.flatMap((source) => opensOf(source).map((open) =>
    /** @type {[Source, Open]} */ ([source, open])));
}

/**
 * @param {Source} source
 * @returns {Open[]}
 */
function opensOf({ kind }) {
  if (kind === "whep") return "RTCPeerConnection" in globalThis ? [openWhep] : [];
  if (kind !== "hls") return [openNative];
  return playsHls() ? [openNative, openHls] : [openHls];
}

/**
 * A room's own stream address, as a source.
 * @param {string} url
 * @returns {Source}
 */
export const ownSource = (url) =>
  ({ kind: /\.m3u8(?:[?#]|$)/i.test(url) ? "hls" : "file", url });
