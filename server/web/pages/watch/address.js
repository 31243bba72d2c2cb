// What the page's address says: the room, and what brought the viewer here.

/** @import { Source, SourceKind, You } from "../liveroom.js" */

/** @type {SourceKind[]} */
const SOURCES = ["note", "search", "group", "follow", "reservation", "feed", "share"];
const ID_MAX = 64;

export const roomId = decodeURIComponent(location.pathname.split("/")[2] ?? "");

/**
 * `?from=note:abc` (or `?from=note&id=abc`) in a shared link, as `{kind, id}`.
 * @returns {Source | undefined}
 */
export function source() {
  const from = new URLSearchParams(location.search);
  const [asked, ...rest] = (from.get("from") ?? "").split(":");
  const id = (rest.join(":") || from.get("id") || "").slice(0, ID_MAX);
  const kind = SOURCES.find((known) => known === asked);
  return kind && { kind, id };
}

/** `?at=754`: at which second of the replay a link leads in, in ms; null: at none. */
export function entranceMs() {
  const at = new URLSearchParams(location.search).get("at") ?? "";
  return /^\d{1,6}$/.test(at) ? Number(at) * 1000 : null;
}

/**
 * The page of a room, told to have come from `kind`.
 * @param {string} room
 * @param {SourceKind | ""} [kind]
 * @param {string} [id]
 */
export function watchPath(room, kind = "", id = "") {
  const path = `/watch/${encodeURIComponent(room)}`;
  return kind ? `${path}?from=${encodeURIComponent(id ? `${kind}:${id}` : kind)}` : path;
}

/**
 * What the share button copies: the orders it brings are told apart by who shared.
 * @param {You | null} you
 */
export const shareLink = (you) => new URL(
  watchPath(roomId, "share", you && you.role !== "guest" ? you.user : ""), location.href).href;
