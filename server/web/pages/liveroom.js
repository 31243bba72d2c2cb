// Liveroom's browser client: one room over one WebSocket, or by HTTP where a network breaks those.
// No dependencies; types in liveroom.d.ts.
//
//   import { Room } from "/static/liveroom.js";
//   const room = new Room({ room: "demo" });
//   room.on("comment", (event) => console.log(event.name, event.text));
//   room.on("change", (parts, state) => draw(state.room));
//   await room.join();
//   const order = await room.buy(state.room.sales[0].sale, 1);

import { Commands, newKey } from "./liveroom-commands.js";
import { Line } from "./liveroom-line.js";
import { readShelf } from "./liveroom-shelf.js";
import { RoomState } from "./liveroom-state.js";
import { comesBack } from "./liveroom-ways.js";

export { newKey, RoomState };

/**
 * @import { Part, RoomOptions, Status, StatusDetail } from "./liveroom.js"
 * @import { Reply } from "./liveroom-commands.js"
 * @import { AnyReply, Message, Sending } from "./liveroom-socket.js"
 * @import { Timer } from "./liveroom-line.js"
 * @typedef {{resolve: (reply: AnyReply) => void, reject: (error: unknown) => void}} Waiting
 */

/** How the server may treat an event under pressure; see docs/protocol.md. */
/** @type {Readonly<Record<string, "sample" | "latest">>} */
export const DELIVERY = {
  comment: "sample", sold: "sample",
  likes: "latest", online: "latest", stock: "latest", claims: "latest", votes: "latest",
  entries: "latest", bids: "latest", followers: "latest", reserved: "latest", comment_pin: "latest",
  custom_latest: "latest", custom_sample: "sample",
  asks: "latest", queue: "latest", review: "latest", reports: "latest", rundown: "latest", prompts: "latest",
};

const JOIN_MS_MAX = 10_000; // from opening the socket to the reply to `join`
const REPLY_MS_MAX = 12_000; // longer than the server's own time-out on its store
const QUIET_MS_MAX = 2000; // then ask `ping`, as long as somebody looks at the page
const QUIET_MS_MAX_HIDDEN = 20_000;
const LATE_MS = 3000; // then tell of the silence
const PONG_MS_MIN = 900; // a slow network may take so long for an answer
const DEAD_MS = 12_000; // without an answer, then give the connection up
const BACK_MS_MAX = 3000; // the same once the browser says that it is back online
const WATCH_MS = 500;
const BEATS_MAX = 2.5; // so many heartbeats of a stream without a byte, then give it up
const BACKOFF_MS_MIN = 400;
const BACKOFF_MS_MAX = 12_000;

const TOKEN_ENDED = 4005; // come back, with a new token

export class LiveroomError extends Error {
  /**
   * `code` is one of the protocol's error codes, or "disconnected", "timeout", "closed".
   * `unanswered`: the command was sent, so that its outcome is unknown.
   * @param {string} code
   * @param {string} message
   * @param {number | null} [retryMs]
   * @param {boolean} [unanswered]
   */
  constructor(code, message, retryMs = null, unanswered = false) {
    super(message);
    this.name = "LiveroomError";
    this.code = code;
    this.retryMs = retryMs;
    this.unanswered = unanswered;
  }
}

export class Room extends Commands {
  #options; #ref = 0; #attempt = 0; #heardAt = 0; #stopped = false;
  #pingedAt = 0; // 0: no ping waits for its answer
  #deadAt = 0; // without a byte until then the connection is given up
  #silent = false; // as it was last told
  #wake; #sleep;
  #clock = { offset: 0, rtt: Infinity };
  #line;
  /** @type {Map<string, Set<(...args: unknown[]) => void>>} */
  #listeners = new Map();
  /** @type {Map<number, Waiting & {op: string, timer: Timer, sending: Sending}>} no reply yet, by `ref` */
  #pending = new Map();
  /** Whether the token we had is over: the page is to get another, not one it has kept. */
  #tokenEnded = false;
  #said = ""; // the sentence of the server's `bye`
  /** @type {number | null} when the server wants us back */
  #slotMs = null;
  /** @type {Timer} */
  #timer = undefined;
  /** @type {Timer} */
  #watch = undefined;
  /** @type {Waiting | null} */
  #joined = null;

  /** @param {RoomOptions} options */
  constructor(options) {
    super(new RoomState(options));
    this.#options = { base: globalThis.location?.origin, ...options };
    this.#line = new Line(this.#options, {
      opening: () => { this.#heardAt = Date.now(); this.#pingedAt = 0; },
      opened: () => this.#sayJoin(),
      alive: () => this.#live(),
      heard: (messages) => this.#hear(messages),
      answered: (reply) => this.#hearReply(reply),
      unanswered: (ref) => this.#giveUp(ref),
      ended: (code, reason) => this.#lost(code, reason),
      joining: () => this.#joining(),
      nextRef: () => (this.#ref += 1),
      tookOver: (reply, last, more) => {
        clearTimeout(this.#timer);
        this.#enter(reply, last);
        this.#hear(more);
      },
    });
    /** "idle", "connecting", "joined", "waiting" (for the next attempt) or "closed". */
    this.status = /** @type {Status} */ ("idle");
    this.#wake = () => {
      if (this.status === "waiting" && this.#slotMs === null) this.#open();
      else if (this.status === "joined" && this.transport === "http") {
        this.#open(); // a stream can't be asked whether it lives
        this.#line.seek(); // another network may let sockets through
      } else if (this.status === "joined") this.#probe(BACK_MS_MAX);
    };
    this.#sleep = () => this.#tellSilence(true);
  }

  /** How the room is reached just now. */
  get transport() {
    return this.#line.kind;
  }

  /** The server's time in Unix ms: countdowns must run on this, not on the phone's clock. */
  now() {
    return Date.now() + this.#clock.offset;
  }

  /** Fetch the rest of a long shelf into the state, and tell of it as a change. */
  async readShelf() {
    const { base, room } = this.#options;
    const { products, gone } = await readShelf(`${base}/v1/rooms/${encodeURIComponent(room)}/shelf`,
      (ended) => this.#tokenOf(ended), (listener) => this.on("shelf", listener));
    this.#tell("change", new Set([this.state.putShelf(products, gone)]), this.state);
  }

  /**
   * Call `listener` for every `name`; returns the function that stops it.
   * @param {string} name
   * @param {(...args: never[]) => void} listener
   * @returns {() => void}
   */
  on(name, listener) {
    const called = /** @type {(...args: unknown[]) => void} */ (listener);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(called));
    return () => { listeners.delete(called); };
  }

  /** @type {(name: string, ...args: unknown[]) => void} */
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

  /** @type {(status: Status, detail?: StatusDetail & {closeCode?: number}) => void} */
  #become(status, detail = {}) {
    this.status = status;
    this.#tell("status", status, detail);
  }

  /** Connect and join; resolves with the first reply. Later connections are made by themselves. */
  async join() {
    if (this.#options.encoding === "msgpack") {
      this.#line.codec ??= await import("./liveroom-msgpack.js");
    }
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#sleep);
    return new Promise((resolve, reject) => {
      this.#joined = { resolve, reject };
      this.#open();
    });
  }

  /** Leave for good; what is in flight fails with code "closed". */
  close() {
    this.#end("closed", "The room was left.", 1000);
  }

  /** @type {(code: string, reason: string, closeCode?: number) => void} */
  #end(code, reason, closeCode) {
    if (this.#stopped) return;
    this.#stopped = true;
    const error = new LiveroomError(code, reason);
    this.#forget(code, reason);
    this.#line.close();
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#sleep);
    this.#joined?.reject(error);
    this.#joined = null;
    this.#become("closed", { code, reason, closeCode });
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#become("connecting", { attempt: this.#attempt });
    this.#slotMs = null;
    this.#said = "";
    this.#line.open();
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.#listenForSilence(), WATCH_MS);
  }

  /** The fields of a join, and where it goes on. */
  async #joining() {
    const { source } = this.#options;
    const { epoch, seq } = this.state;
    const last = epoch === null ? undefined : { epoch, seq };
    return { token: (await this.#tokenOf(this.#tokenEnded)) ?? undefined, last, source };
  }

  /** @param {boolean} ended whether the last one was refused, or is over */
  async #tokenOf(ended) {
    const { token } = this.#options;
    return typeof token === "function" ? token({ ended }) : token;
  }

  async #sayJoin() {
    try {
      const fields = await this.#joining();
      const sentAt = Date.now();
      const reply = await this.#send("join", fields, JOIN_MS_MAX);
      this.#readClock(reply.now, sentAt);
      this.#enter(reply, fields.last);
    } catch (failed) {
      const error = /** @type {LiveroomError} */ (failed);
      if (error.code === "timeout") this.#drop();
      else if (error.code === "bad_token" && this.#mayRenew()) this.#drop();
      else if (["bad_token", "forbidden", "not_found"].includes(error.code)) {
        this.#end(error.code, error.message);
      } else if (error.code !== "disconnected") this.#drop(error.retryMs);
    }
  }

  /** Whether to ask the page for a token in place of one that was refused: once a join. */
  #mayRenew() {
    const may = typeof this.#options.token === "function" && !this.#tokenEnded;
    this.#tokenEnded = true;
    return may;
  }

  /** @type {(reply: AnyReply, last: {epoch: string, seq: number} | undefined) => void} */
  #enter(reply, last) {
    const known = new Set(this.state.room?.comments.map((comment) => comment.id));
    this.state.reset(reply);
    this.#attempt = 0;
    this.#tokenEnded = false;
    this.#line.joined();
    this.#become("joined");
    const resumed = last !== undefined;
    // The snapshot already holds what the missed events did; listeners are told all the same.
    for (const event of reply.missed ?? []) this.#announce(event);
    const comments = (this.state.room?.comments ?? []).filter((comment) => !known.has(comment.id));
    this.#tell("joined", { resumed, gap: reply.gap ?? false, comments, you: reply.you });
    this.#tell("change", new Set(["all"]), this.state);
    this.#joined?.resolve(reply);
    this.#joined = null;
  }

  /** @type {(now: number | null | undefined, sentAt: number) => void} */
  #readClock(now, sentAt) {
    if (now == null) return;
    const rtt = Date.now() - sentAt;
    // The shortest round trip bounds the error best; an old one is given up slowly, clocks drift.
    if (rtt <= this.#clock.rtt * 1.2) {
      this.#clock = { offset: Math.round(now - (sentAt + rtt / 2)), rtt };
    }
  }

  #listenForSilence() {
    const now = Date.now();
    const silent = now - this.#heardAt;
    if (this.#pingedAt && now > this.#deadAt) return this.#drop();
    const { beatMs } = this.#line;
    if (beatMs && this.status === "joined" && silent > beatMs * BEATS_MAX) return this.#drop();
    if (this.status === "joined" && !this.#pingedAt) {
      const quiet = globalThis.document?.hidden ? QUIET_MS_MAX_HIDDEN : QUIET_MS_MAX;
      if (silent > quiet + beatMs) this.#probe(DEAD_MS);
    }
    if (this.#line.goesOnBeside()) return this.#open();
    const waitsMs = this.#pingedAt ? now - this.#pingedAt : 0;
    const isLate = (this.status === "connecting" && !this.#line.isSeeking)
      || waitsMs > Math.max(PONG_MS_MIN, 2 * this.#clock.rtt);
    if (silent > LATE_MS && isLate) this.#tellSilence(true);
  }

  /**
   * Ask whether the connection is alive.
   * @param {number} withinMs
   */
  #probe(withinMs) {
    this.#pingedAt = Date.now();
    this.#deadAt = this.#pingedAt + withinMs;
    this.ping().catch(() => {});
  }

  /** @param {boolean} silent */
  #tellSilence(silent) {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.#tell("silence", silent);
  }

  /**
   * Give this connection up without waiting for the other side to agree.
   * @param {number | null} [slotMs]
   */
  #drop(slotMs = null) {
    this.#slotMs ??= slotMs;
    this.#lost(1006, "");
  }

  /**
   * Forget the connection, and what waits for its replies; what the connection was.
   * @type {(code: string, reason: string) => ReturnType<Line["hangUp"]>}
   */
  #forget(code, reason) {
    const was = this.#line.hangUp();
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    for (const [ref, { op }] of this.#pending) {
      const isOnItsWay = was.kind === "http" && op !== "join" && !this.#stopped;
      if (!isOnItsWay) this.#giveUp(ref, code, reason);
    }
    return was;
  }

  /** @type {(ref: number, code?: string, reason?: string) => void} */
  #giveUp(ref, code = "disconnected", reason = "The connection to the room was lost.") {
    const waiting = this.#pending.get(ref);
    if (!waiting) return;
    this.#pending.delete(ref);
    clearTimeout(waiting.timer);
    // What waits for its turn is told as given up, so it must never be sent.
    const { wasSent } = waiting.sending;
    if (!wasSent || code === "timeout") waiting.sending.gone.abort();
    waiting.reject(new LiveroomError(code, reason, null, wasSent));
  }

  /** @type {(code: number, reason: string) => void} */
  #lost(code, reason) {
    const was = this.#forget("disconnected", "The connection to the room was lost.");
    if (!comesBack(code)) {
      this.#end(`close_${code}`, this.#said || reason || `The server closed the room (${code}).`, code);
      return;
    }
    if (code === TOKEN_ENDED) this.#tokenEnded = true;
    const wasTold = this.#slotMs !== null || code >= 4000;
    if (this.#line.isToChange(was, wasTold)) return this.#open();
    // The server's slot spreads a whole room's return; without one, back off, also spread.
    const backoff = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#attempt);
    const inMs = this.#slotMs === null
      ? backoff * (0.5 + Math.random() / 2)
      : this.#slotMs + Math.random() * Math.min(1000, this.#slotMs / 4);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#open(), inMs);
    this.#become("waiting", { inMs, code, attempt: this.#attempt });
  }

  #live() {
    this.#heardAt = Date.now();
    this.#pingedAt = 0;
    this.#tellSilence(false);
  }

  /** @param {Message} reply one that came by itself, not on the way of the events */
  #hearReply(reply) {
    this.#pingedAt = 0;
    this.#tellSilence(false);
    /** @type {Set<Part>} */
    const changed = new Set();
    this.#answer(reply, changed);
    if (changed.size) this.#tell("change", changed, this.state);
  }

  /** @param {Message[]} messages one frame */
  #hear(messages) {
    /** @type {Set<Part>} */
    const changed = new Set();
    for (const message of messages) {
      if (message.t === "ok" || message.t === "err") this.#answer(message, changed);
      else if (message.t === "bye") {
        this.#slotMs = message.reconnect_ms ?? null;
        this.#said = message.msg ?? "";
      }
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

  /** @param {{t: string}} event */
  #announce(event) {
    this.#tell(event.t, event);
    this.#tell("event", event, DELIVERY[event.t] ?? "must");
  }

  /** @type {(message: Message, changed: Set<Part>) => void} */
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

  /** @type {(op: string, fields: object, ms?: number) => Promise<AnyReply>} */
  #send(op, fields, ms = REPLY_MS_MAX) {
    return new Promise((resolve, reject) => {
      if (!this.#line.isOpen) {
        reject(new LiveroomError("disconnected", "There is no connection to the room just now."));
        return;
      }
      const ref = (this.#ref += 1);
      const timer = setTimeout(
        () => this.#giveUp(ref, "timeout", "The server did not answer in time."), ms);
      const sending = { gone: new AbortController(), wasSent: false };
      this.#pending.set(ref, { op, resolve, reject, timer, sending });
      this.#line.send({ op, ref, ...fields }, sending);
    });
  }

  /**
   * Any command of the protocol, e.g. `send("pin", {sku})`; resolves with `ok`, rejects on `err`.
   * @param {string} op
   * @param {object} [fields]
   * @returns {Promise<Reply>}
   */
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
    return new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
      /** @type {(status: Status, detail: StatusDetail) => void} */
      const watch = (status, { code, reason }) => {
        if (status === "joined") { off(); resolve(); }
        if (status === "closed") { off(); reject(new LiveroomError(String(code), reason ?? "")); }
      };
      const off = this.on("status", watch);
    });
  }

  /**
   * A part of the state changed by what a reply told: let it be drawn.
   * @param {Part} part
   */
  took(part) {
    this.#tell("change", new Set([part]), this.state);
  }
}
