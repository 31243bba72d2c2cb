// Liveroom's browser client: one room over one WebSocket. No dependencies; types in liveroom.d.ts.
//
//   import { Room } from "/static/liveroom.js";
//   const room = new Room({ room: "demo" });
//   room.on("comment", (event) => console.log(event.name, event.text));
//   room.on("change", (parts, state) => draw(state.room));
//   await room.join();
//   const order = await room.buy(state.room.sales[0].sale, 1);

import { Commands, newKey } from "./liveroom-commands.js";
import { RoomState } from "./liveroom-state.js";

export { newKey, RoomState };

/** How the server may treat an event under pressure; see docs/protocol.md. */
export const DELIVERY = {
  comment: "sample", sold: "sample",
  likes: "latest", online: "latest", stock: "latest", claims: "latest", votes: "latest",
  entries: "latest", followers: "latest", reserved: "latest",
  asks: "latest", queue: "latest", review: "latest",
};

const JOIN_MS_MAX = 10_000; // from opening the socket to the reply to `join`
const REPLY_MS_MAX = 12_000; // longer than the server's own time-out on its store
const SILENCE_MS_MAX = 20_000; // then ask `ping`
const DEAD_MS = 32_000; // then give the connection up
const BACKOFF_MS_MIN = 400;
const BACKOFF_MS_MAX = 12_000;

/** Close codes after which coming back is no use; 4400-4499 are the server's "not like this". */
const FINAL_CLOSES = new Set([1002, 1003, 1009]);

export class LiveroomError extends Error {
  /** `code` is one of the protocol's error codes, or "disconnected", "timeout", "closed". */
  constructor(code, message, retryMs = null) {
    super(message);
    this.name = "LiveroomError";
    this.code = code;
    this.retryMs = retryMs;
  }
}

export class Room extends Commands {
  #options; #codec = null; #socket = null; #listeners = new Map(); #pending = new Map();
  #ref = 0; #attempt = 0; #slotMs = null; #timer = null; #watch = null; #heardAt = 0;
  #pinged = false; #clock = { offset: 0, rtt: Infinity }; #joined = null; #wake; #stopped = false;

  constructor(options) {
    super();
    this.#options = { base: globalThis.location?.origin, encoding: "json", ...options };
    this.state = new RoomState(options);
    /** "idle", "connecting", "joined", "waiting" (for the next attempt) or "closed". */
    this.status = "idle";
    this.#wake = () => this.status === "waiting" && this.#slotMs === null && this.#open();
  }

  /** The server's time in Unix ms: countdowns must run on this, not on the phone's clock. */
  now() {
    return Date.now() + this.#clock.offset;
  }

  /** Call `listener` for every `name`; returns the function that stops it. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  #tell(name, ...args) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(...args);
      } catch (error) {
        // One bad listener must not keep the others, or the state, from the event.
        setTimeout(() => { throw error; });
      }
    }
  }

  #become(status, detail = {}) {
    this.status = status;
    this.#tell("status", status, detail);
  }

  /** Connect and join; resolves with the first reply. Later connections are made by themselves. */
  async join() {
    if (this.#options.encoding === "msgpack") {
      this.#codec ??= await import("./liveroom-msgpack.js");
    }
    globalThis.addEventListener?.("online", this.#wake);
    return new Promise((resolve, reject) => {
      this.#joined = { resolve, reject };
      this.#open();
    });
  }

  /** Leave for good; what is in flight fails with code "closed". */
  close() {
    this.#end("closed", "The room was left.", 1000);
  }

  #end(code, reason, closeCode) {
    if (this.#stopped) return;
    this.#stopped = true;
    const error = new LiveroomError(code, reason);
    const socket = this.#socket;
    this.#forget(error);
    socket?.close();
    globalThis.removeEventListener?.("online", this.#wake);
    this.#joined?.reject(error);
    this.#joined = null;
    this.#become("closed", { code, reason, closeCode });
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#become("connecting", { attempt: this.#attempt });
    this.#slotMs = null;
    const { base, room, encoding } = this.#options;
    const url = new URL(`/v1/rooms/${encodeURIComponent(room)}/ws`, base);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, [`liveroom.v1.${encoding}`]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    const mine = (run) => (event) => this.#socket === socket && run(event);
    socket.onopen = mine(() => this.#sayJoin());
    socket.onmessage = mine(({ data }) => this.#hear(data));
    socket.onclose = mine(({ code, reason }) => this.#lost(code, reason));
    this.#heardAt = Date.now();
    this.#pinged = false;
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.#listenForSilence(), 1000);
  }

  async #sayJoin() {
    const { token, source } = this.#options;
    const { epoch, seq } = this.state;
    const last = epoch === null ? undefined : { epoch, seq };
    const sentAt = Date.now();
    try {
      const asked = typeof token === "function" ? await token() : token;
      const reply = await this.#send("join", { token: asked ?? undefined, last, source },
        JOIN_MS_MAX);
      this.#readClock(reply.now, sentAt);
      this.#enter(reply, last);
    } catch (error) {
      if (error.code === "timeout") this.#drop();
      else if (["bad_token", "forbidden", "not_found"].includes(error.code)) {
        this.#end(error.code, error.message);
      } else if (error.code !== "disconnected") this.#drop(error.retryMs);
    }
  }

  #enter(reply, last) {
    const known = new Set(this.state.room?.comments.map((comment) => comment.id));
    this.state.reset(reply);
    this.#attempt = 0;
    this.#become("joined");
    const resumed = last !== undefined;
    // The snapshot already holds what the missed events did; listeners are told all the same.
    for (const event of reply.missed ?? []) this.#announce(event);
    const comments = this.state.room.comments.filter((comment) => !known.has(comment.id));
    this.#tell("joined", { resumed, gap: reply.gap ?? false, comments, you: reply.you });
    this.#tell("change", new Set(["all"]), this.state);
    this.#joined?.resolve(reply);
    this.#joined = null;
  }

  #readClock(now, sentAt) {
    if (now == null) return;
    const rtt = Date.now() - sentAt;
    // The shortest round trip bounds the error best; an old one is given up slowly, clocks drift.
    if (rtt <= this.#clock.rtt * 1.2) {
      this.#clock = { offset: Math.round(now - (sentAt + rtt / 2)), rtt };
    }
  }

  #listenForSilence() {
    const silent = Date.now() - this.#heardAt;
    if (this.#pinged && silent > DEAD_MS) this.#drop();
    else if (this.status === "joined" && silent > SILENCE_MS_MAX && !this.#pinged) {
      this.#pinged = true;
      this.ping().catch(() => {});
    }
  }

  /** Give this connection up without waiting for the other side to agree. */
  #drop(slotMs = null) {
    const socket = this.#socket;
    this.#slotMs ??= slotMs;
    this.#lost(1006, "");
    socket?.close();
  }

  #forget(error) {
    this.#socket = null;
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
  }

  #lost(code, reason) {
    this.#forget(new LiveroomError("disconnected", "The connection to the room was lost."));
    if (FINAL_CLOSES.has(code) || (code >= 4400 && code < 4500)) {
      this.#end(`close_${code}`, reason || `The server closed the room (${code}).`, code);
      return;
    }
    // The server's slot spreads a whole room's return; without one, back off, also spread.
    const backoff = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#attempt);
    const inMs = this.#slotMs === null
      ? backoff * (0.5 + Math.random() / 2)
      : this.#slotMs + Math.random() * Math.min(1000, this.#slotMs / 4);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#open(), inMs);
    this.#become("waiting", { inMs, code, attempt: this.#attempt });
  }

  #hear(data) {
    this.#heardAt = Date.now();
    this.#pinged = false;
    const changed = new Set();
    for (const message of this.#codec ? this.#codec.decode(data) : JSON.parse(data)) {
      if (message.t === "ok" || message.t === "err") this.#answer(message, changed);
      else if (message.t === "bye") this.#slotMs = message.reconnect_ms ?? null;
      else if (message.t === "gap") this.#tell("gap", message);
      else if (this.state.room) {
        const part = this.state.apply(message);
        if (part === "gap") return this.#drop();
        if (part === "old") continue;
        if (part) changed.add(part);
        this.#announce(message);
      }
    }
    if (changed.size) this.#tell("change", changed, this.state);
  }

  #announce(event) {
    this.#tell(event.t, event);
    this.#tell("event", event, DELIVERY[event.t] ?? "must");
  }

  #answer(message, changed) {
    const waiting = this.#pending.get(message.ref);
    if (!waiting) return;
    this.#pending.delete(message.ref);
    clearTimeout(waiting.timer);
    if (message.t === "err") {
      waiting.reject(new LiveroomError(message.code, message.msg, message.retry_ms ?? null));
      return;
    }
    if (message.order) changed.add(this.state.putOrder(message.order));
    if (message.claim) changed.add(this.state.putClaim(message.claim));
    waiting.resolve(message);
  }

  #send(op, fields, ms = REPLY_MS_MAX) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== 1) {
        reject(new LiveroomError("disconnected", "There is no connection to the room just now."));
        return;
      }
      const ref = (this.#ref += 1);
      const timer = setTimeout(() => {
        this.#pending.delete(ref);
        reject(new LiveroomError("timeout", "The server did not answer in time."));
      }, ms);
      this.#pending.set(ref, { resolve, reject, timer });
      const command = { op, ref, ...fields };
      this.#socket.send(this.#codec ? this.#codec.encode(command) : JSON.stringify(command));
    });
  }

  /** Any command of the protocol, e.g. `send("pin", {sku})`; resolves with `ok`, rejects on `err`. */
  send(op, fields = {}) {
    if (this.status !== "joined") {
      return Promise.reject(
        new LiveroomError("disconnected", "There is no connection to the room just now."));
    }
    return this.#send(op, fields);
  }

  /** Read the server's clock again. */
  async ping() {
    const sentAt = Date.now();
    const { now } = await this.send("ping");
    this.#readClock(now, sentAt);
    return now;
  }

  /** Resolves once joined, at once if so already; rejects when the room is closed for good. */
  ready() {
    if (this.status === "joined") return Promise.resolve();
    if (this.status === "closed") {
      return Promise.reject(new LiveroomError("closed", "The room was left."));
    }
    return new Promise((resolve, reject) => {
      const off = this.on("status", (status, { code, reason }) => {
        if (status === "joined") { off(); resolve(); }
        if (status === "closed") { off(); reject(new LiveroomError(code, reason)); }
      });
    });
  }

  /** A part of the state changed by what a reply told: let it be drawn. */
  took(part) {
    this.#tell("change", new Set([part]), this.state);
  }
}
