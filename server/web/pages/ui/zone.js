// Moments typed in a time zone that need not be the browser's.

import "./later-words.js";
import { t } from "./strings.js";

const DAY_MS = 86_400_000;
/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

/** The browser's own zone; UTC where it knows none. */
export function ownZone() {
  const { timeZone: zone } = new Intl.DateTimeFormat().resolvedOptions();
  return zone && zone !== "Etc/Unknown" ? zone : "UTC";
}

/**
 * The zone in which a room's times are meant: its own if this browser knows it.
 * @param {{time_zone?: string}} room
 */
export function zoneOf({ time_zone: zone }) {
  if (!zone) return ownZone();
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return ownZone();
  }
}

/** The zones that this browser knows, to choose from. */
export const knownZones = () => Intl.supportedValuesOf?.("timeZone") ?? [];

/**
 * What a clock in the zone shows, read as if it were UTC.
 * @param {number} ms
 * @param {string} zone
 */
function wallOf(ms, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
    second: "numeric" }).formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
}

/**
 * What a datetime-local field takes: this moment by a clock in the zone; "" for none.
 * @param {number} ms
 * @param {string} zone
 */
export function fieldTime(ms, zone) {
  if (!ms) return "";
  const at = new Date(wallOf(ms, zone));
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}T${
    two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/**
 * The moments at which a clock in the zone shows what was typed: one; none while clocks are put
 * forward; two when they are put back, the earlier one first.
 * @param {string} text of a datetime-local field
 * @param {string} zone
 */
export function momentsIn(text, zone) {
  const wall = new Date(`${text}Z`).getTime();
  const offsets = [-DAY_MS, DAY_MS].map((by) => wallOf(wall + by, zone) - (wall + by));
  const moments = [...new Set(offsets.map((offset) => wall - offset))];
  return moments.filter((ms) => wallOf(ms, zone) === wall).sort((a, b) => a - b);
}

/**
 * The moment that was typed; null for none. Throws a sentence for a time that the zone's clocks skip.
 * Of a time that comes twice the first is meant, which `tell` is told in a sentence.
 * @param {string} text
 * @param {string} zone
 * @param {(sentence: string) => void} tell
 */
export function momentIn(text, zone, tell) {
  if (!text) return null;
  const [first, second] = momentsIn(text, zone);
  const time = text.slice(11, 16);
  if (first === undefined) throw new Error(t("zone.gap", { time, zone }));
  if (second !== undefined) tell(t("zone.fold", { time, zone }));
  return first;
}
