// What is planned for a room: read when the room says that it changed, and where the stream stands in it.

import { attempt } from "./shelf.js";

/** @import { Room, RundownItem } from "../liveroom.js" */

export class Planned {
  /**
   * @param {Room} room
   * @param {() => void} onChange
   */
  constructor(room, onChange) {
    this.room = room;
    this.onChange = onChange;
    /** @type {RundownItem[]} */
    this.items = [];
    this.reading = false;
    this.stale = false;
  }

  listen() {
    this.room.on("joined", () => this.read());
    this.room.on("rundown", () => this.read());
    this.room.on("phase", () => this.read()); // the times count from the start
    this.room.on("room", () => this.read());
  }

  /** One reading at a time; what is asked for meanwhile is read after it. */
  async read() {
    this.stale = this.reading;
    if (this.reading) return;
    this.reading = true;
    const found = await this.room.send("rundown").catch(() => null); // again at the next event
    this.reading = false;
    if (found) {
      this.items = found.rundown;
      this.onChange();
    }
    if (this.stale) await this.read();
  }

  /** The first that is not done; null if all are. */
  get next() {
    return this.items.find(({ done }) => !done) ?? null;
  }

  /**
   * How late the next one is, in ms; below zero, so much time there is. Null if nothing says.
   * @param {number} now
   */
  behind(now) {
    const { planned } = this.next ?? {};
    return planned ? now - planned : null;
  }

  /** @param {string} item */
  do(item) { return attempt(this.room.send("rundown.do", { item })); }
  /** @type {(item: string, done: boolean) => Promise<unknown>} */
  mark(item, done) { return attempt(this.room.send("rundown.mark", { item, done })); }
  /** @param {string} item */
  remove(item) { return attempt(this.room.send("rundown.remove", { item })); }
  /** @type {(item: string, before: string) => Promise<unknown>} */
  move(item, before) { return attempt(this.room.send("rundown.move", { item, before })); }
}
