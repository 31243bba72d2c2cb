// Whether to come back to a room, and which way to take: the WebSocket, or HTTP where a network breaks
// WebSockets.
//
// A network does so in three forms: it refuses the upgrade, it swallows it, or it cuts the socket
// soon after. The first loses no time, the second OPEN_MS, the third CUTS_MAX short lives. While HTTP
// is in use, a WebSocket is tried beside it now and then, and takes over once it has joined.

/** From an attempt to open a socket until HTTP is tried beside it. */
export const OPEN_MS = 2500;
const EARLY_MS = 30_000; // a socket that breaks within this time was cut by the network
const CUTS_MAX = 2; // so many in a row, then HTTP
const CUTS_MAX_PROVEN = 3; // where a socket has lived for long: then it is the server that is away
const SEEK_MS_MIN = 60_000;
const SEEK_MS_MAX = 900_000;
/** These close codes, and all from the second on, say that coming back makes no sense. */
const FINAL_CLOSES = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010]);
const FINAL_CLOSES_MIN = 4400;

/**
 * Whether a client comes back after this close code; see docs/protocol.md, "Closes".
 * @param {number} code
 */
export const comesBack = (code) => !FINAL_CLOSES.has(code) && code < FINAL_CLOSES_MIN;

export class Ways {
  /** @type {"websocket" | "http"} */
  next = "websocket";
  #kept;
  #cuts = 0;
  #proven = false; // a socket has lived for long
  #seekMs = SEEK_MS_MIN;

  /** @param {string} origin of the server: what was found is kept for the next page of this tab */
  constructor(origin) {
    this.#kept = `liveroom-http ${origin}`;
    if (!globalThis.WebSocket || this.#read() !== null) this.next = "http";
  }

  /** How long to wait before a socket is tried beside the stream. */
  get seekMs() {
    return this.#seekMs * (0.75 + Math.random() / 2);
  }

  /** @param {"websocket" | "http"} kind the way by which a join was answered */
  joined(kind) {
    this.next = kind;
    this.#keep(kind === "http" ? "1" : null);
  }

  /** A socket that was tried beside a stream came to nothing. */
  soughtInVain() {
    this.#seekMs = Math.min(SEEK_MS_MAX, this.#seekMs * 2);
  }

  /**
   * A connection is over; whether another way is to be taken, at once.
   * @param {"websocket" | "http"} kind
   * @param {number} livedMs since its join was answered; -1: it never was
   * @param {boolean} wasTold whether the server said that it ends
   * @returns {boolean}
   */
  ended(kind, livedMs, wasTold) {
    if (kind === "http") {
      // Also refused or broken: the network may be well again, or the server is away.
      if (livedMs < 0 && globalThis.WebSocket) this.next = "websocket";
      return false;
    }
    if (wasTold) return false;
    if (livedMs > EARLY_MS) [this.#cuts, this.#proven, this.#seekMs] = [0, true, SEEK_MS_MIN];
    else this.#cuts += 1;
    const most = this.#proven ? CUTS_MAX_PROVEN : livedMs < 0 ? 1 : CUTS_MAX;
    if (this.#cuts < most) return false;
    this.next = "http";
    return true;
  }

  #read() {
    try {
      return globalThis.sessionStorage?.getItem(this.#kept) ?? null;
    } catch {
      return null; // a page without storage begins anew
    }
  }

  /** @param {string | null} value */
  #keep(value) {
    try {
      if (value === null) globalThis.sessionStorage?.removeItem(this.#kept);
      else globalThis.sessionStorage?.setItem(this.#kept, value);
    } catch {
      // Then the next page finds out by itself.
    }
  }
}
