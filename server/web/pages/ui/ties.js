// What a viewer follows and has reserved, on pages that are in no room: changed by HTTP.

import { rest, openSignIn } from "./session.js";
import { t } from "./strings.js";

/** @import { Me, Session } from "./answers.js" */

/** @type {(room: string, said: {op: string, on: boolean}) => Promise<unknown>} */
const command = (room, said) =>
  rest("POST", `/v1/rooms/${encodeURIComponent(room)}/commands`, { ref: 1, ...said });

export class Ties {
  /** @type {Set<string>} hosts */
  follows = new Set();
  /** @type {Set<string>} rooms */
  reserved = new Set();

  /** @param {Session} session */
  constructor({ you }) {
    this.you = you;
  }

  /** Read them; a guest has none, and without an answer what is known stays. */
  async read() {
    if (!this.you || this.you.role === "guest") return;
    try {
      /** @type {Me} */
      const me = await rest("GET", "/v1/me");
      this.follows = new Set(me.follows.map(({ host }) => host));
      this.reserved = new Set(me.reservations.map(({ room }) => room));
    } catch {
      // Then nothing stands first, and a place that is reserved twice is one place.
    }
  }

  /** Whether one has to sign in first, and is asked to. */
  needSignIn() {
    if (this.you && this.you.role !== "guest") return false;
    openSignIn({ why: t("signin.to_buy"), then: () => location.reload() });
    return true;
  }

  /**
   * Reserve a place in a room, or give it up. Rejects as `rest` does.
   * @type {(room: string, on: boolean) => Promise<void>}
   */
  async reserve(room, on) {
    await command(room, { op: "reserve", on });
    this.#note(this.reserved, room, on);
  }

  /**
   * Follow the host of a room, or no longer. Rejects as `rest` does.
   * @type {(room: string, host: string, on: boolean) => Promise<void>}
   */
  async follow(room, host, on) {
    await command(room, { op: "follow", on });
    this.#note(this.follows, host, on);
  }

  /** @type {(set: Set<string>, id: string, on: boolean) => void} */
  #note(set, id, on) {
    if (on) set.add(id);
    else set.delete(id);
  }
}
