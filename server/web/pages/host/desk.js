// What only the host and moderators see: read at every join, kept true by `asks`, `queue` and
// `review`, read again after what changes the rest.

import { attempt } from "./shelf.js";

/**
 * @import { Desk as Told, Room } from "../liveroom.js"
 * @import { DeskState } from "./console.js"
 */

/** @type {Required<Told>} */
const EMPTY = { asks: {}, queue: [], held: [], blocked_words: [], held_words: [],
  followers_only: false, review: "off", moderators: [], muted: [] };

export class Desk {
  /**
   * @param {Room} room
   * @param {() => void} onChange called after every change of `state`
   */
  constructor(room, onChange) {
    this.room = room;
    /** @type {DeskState} */
    this.state = { ...EMPTY, held_total: 0 };
    this.onChange = onChange;
  }

  listen() {
    this.room.on("joined", () => this.read());
    this.room.on("asks", ({ counts }) => this.#put({ asks: counts }));
    this.room.on("queue", ({ questions }) => this.#put({ queue: questions }));
    this.room.on("review", ({ held, total }) => this.#put({ held, held_total: total }));
    this.room.on("room", () => this.read());
  }

  /** @param {Partial<DeskState>} change */
  #put(change) {
    this.state = { ...this.state, ...change };
    this.onChange();
  }

  async read() {
    const now = await this.room.desk().catch(() => null); // read again when joined again
    if (now) this.#put({ ...EMPTY, ...now, held_total: now.held?.length ?? 0 });
  }

  /**
   * Run a command that changes what no event tells of.
   * @template T
   * @param {Promise<T>} command
   */
  async change(command) {
    const done = await attempt(command);
    await this.read();
    return done;
  }
}
