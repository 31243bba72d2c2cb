// Checks a lucky draw: was it the seed that was promised, are these all who entered, and did those
// win whose SHA-1 of seed and user id is lowest?

import "./later-words.js";
import { t } from "./strings.js";

const PLACES_MAX = 20;
/**
 * @import { Lucky } from "../liveroom.js"
 * @typedef {Pick<Lucky, "seed" | "seed_hash" | "entrants_hash" | "prizes" | "winners">} Drawn
 */

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

/** @param {string} text */
async function sha1(text) {
  // Browsers have it only where a page is served over TLS, or from the machine itself.
  if (!globalThis.crypto?.subtle) throw new Error(t("lucky.no_crypto"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * By their UTF-8 bytes, which is by code points: JavaScript's own order is by UTF-16 units.
 * @type {(a: string, b: string) => number}
 */
function byBytes(a, b) {
  const [x, y] = [bytes(a), bytes(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) if (x[i] !== y[i]) return x[i] - y[i];
  return x.length - y.length;
}

/**
 * @param {Drawn} lucky
 * @param {string[]} entrants the user ids of all who entered
 * @returns {Promise<{steps: {step: "seed" | "entrants" | "winners", holds: boolean}[],
 *   places: {user: string, hash: string}[]}>} the lowest hashes first
 */
export async function checkLucky({ seed, seed_hash, entrants_hash, prizes, winners = [] }, entrants) {
  const users = [...entrants].sort(byBytes);
  const hashed = await Promise.all(users.map(async (user) =>
    ({ user, hash: await sha1(`${seed} ${user}`) })));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const first = hashed.slice(0, prizes).map(({ user }) => user);
  return {
    steps: [
      { step: "seed", holds: await sha1(String(seed)) === seed_hash },
      { step: "entrants", holds: await sha1(users.join("\n")) === entrants_hash },
      { step: "winners", holds: JSON.stringify(first)
        === JSON.stringify(winners.map(({ user }) => user)) },
    ],
    places: hashed.slice(0, PLACES_MAX),
  };
}
