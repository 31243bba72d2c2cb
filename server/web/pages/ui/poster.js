// What is shown where there is no video: the cover that the host chose, else a quiet gradient with
// nothing from outside; and the room's title.

import { h } from "./dom.js";

/** @import { RoomView } from "../liveroom.js" */
/** @import { Child } from "./elements.js" */

/**
 * A hue and two angles that belong to a text, the same every time.
 * @param {string} text
 */
function fingerprint(text) {
  let hash = 2166136261;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash;
}

/** @param {string} text */
export function posterVars(text) {
  const hash = fingerprint(text);
  return {
    "--hue": String(hash % 360),
    "--x": `${20 + ((hash >>> 9) % 60)}%`,
    "--y": `${10 + ((hash >>> 15) % 40)}%`,
  };
}

/**
 * The picture that the host chose for a room; null if there is none. One that can't be shown is gone.
 * @param {{cover?: string}} room
 */
export function cover({ cover: src }) {
  if (!src) return null;
  const image = h("img.cover", { src, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.remove());
  return image;
}

/**
 * @type {(room: Pick<RoomView, "room" | "title" | "host_name" | "cover">, ...more: Child[])
 *   => HTMLElement}
 */
export function poster(room, ...more) {
  return h("div.poster", { vars: posterVars(room.room + room.title) }, cover(room),
    h("div.poster-words", {}, h("p.poster-title", {}, room.title),
      h("p.poster-host", {}, room.host_name), ...more));
}

/**
 * The player of another site, in a frame.
 * @param {Pick<RoomView, "embed_url" | "title">} room
 */
export const embed = ({ embed_url: src, title }) => h("iframe.stage-video", { src, title,
  allow: "autoplay; fullscreen; picture-in-picture", referrerpolicy: "strict-origin",
  // It may play and open links beside us, but not lead our page away.
  sandbox: "allow-scripts allow-same-origin allow-presentation allow-popups" });
