// The line that tells of the connection: of the browser's network, the room's, and of requests.

import { h, write } from "./dom.js";
import { say, showInFront, takeAway } from "./front.js";
import { toast } from "./sheet.js";
import { hasWords, lang, t } from "./strings.js";

/** @import { Room } from "../liveroom.js" */

const LATE_MS = 3000; // then a request without an answer is told of
const BACK_MS = 1600;

/** @type {Record<string, string>} close codes, as the errors that say the same */
const CLOSES = { close_4401: "bad_token", close_4403: "forbidden", close_4429: "rate_limited" };

const line = h("div.banner");
let offline = false;
let silent = false; // the room
let lost = false; // the room's connection, since it was last joined
let late = 0; // requests that wait for an answer
let closed = "";
let ended = false;

/**
 * Why the room is closed to this person: the server's reason is English.
 * @param {string} code
 * @param {string} reason
 */
export function whyClosed(code, reason) {
  if (code === "closed") return "";
  if (code === "not_found" || code === "close_4404") return t("conn.no_room");
  const key = `err.${CLOSES[code] ?? code}`;
  const why = hasWords(key) ? t(key) : lang() === "en" && reason;
  return why ? `${t("conn.closed")} · ${why}` : t("conn.closed");
}

function words() {
  if (closed) return closed;
  if (offline) return t("conn.offline");
  if (lost) return t("conn.waiting");
  return silent || late ? t("conn.silent") : "";
}

function draw() {
  const text = ended ? "" : words();
  const before = line.isConnected;
  if (!text) {
    takeAway(line);
    if (before && !ended) toast(t("conn.back"), { forMs: BACK_MS });
  } else if (!before || line.textContent !== text) {
    write(line, text);
    if (!before) showInFront(line);
    say(text);
  }
}

/**
 * Tell of the connection from now on; each page does this once. `room`: if the page is in one.
 * @param {Room} [room]
 * @returns {() => void} ends it, where the page itself says what happened
 */
export function tellOfConnection(room) {
  /** @param {boolean} is */
  const setOffline = (is) => () => { offline = is; draw(); };
  addEventListener("offline", setOffline(true));
  addEventListener("online", setOffline(false));
  setOffline(!navigator.onLine)();
  room?.on("silence", (is) => { silent = is; draw(); });
  room?.on("status", (status, { code, reason }) => {
    if (status === "waiting") lost = true;
    else if (status === "joined") lost = false;
    else if (status === "closed") {
      closed = whyClosed(String(code), reason ?? "");
      lost = false;
      ended ||= !closed; // the page left by itself
    }
    draw();
  });
  return () => { ended = true; draw(); };
}

/**
 * Wait for a request; if its answer is late, the line says so.
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T>}
 */
export async function inTime(answer) {
  let counted = 0;
  const timer = setTimeout(() => { counted = 1; late += 1; draw(); }, LATE_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    late -= counted;
    if (counted) draw();
  }
}
