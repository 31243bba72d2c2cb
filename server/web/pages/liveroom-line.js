// The line to a room: one link at a time, and the change from one way to the other.

import { SocketLink } from "./liveroom-socket.js";
import { StreamLink } from "./liveroom-stream.js";
import { OPEN_MS, Ways } from "./liveroom-ways.js";

/**
 * @import { RoomOptions } from "./liveroom.js"
 * @import { Command, Ear, Link, Message, Sending } from "./liveroom-socket.js"
 * @typedef {typeof import("./liveroom-msgpack.js")} Codec
 * @typedef {ReturnType<typeof setTimeout> | undefined} Timer
 * @import { Turns } from "./liveroom-stream.js"
 * @typedef {{epoch: string, seq: number}} Place
 * @typedef {{token?: string, last?: Place, source?: object}} Joining
 *
 * @typedef {object} More what the line asks the room, besides telling it what is heard
 * @property {() => Promise<Joining>} joining the fields of a join
 * @property {() => number} nextRef
 * @property {() => void} opening a link begins
 * @property {(reply: Message, last: Place | undefined, more: Message[]) => void} tookOver the link
 *   is another one now, which has joined
 */

const SEEK_MS_MAX = 10_000; // from opening a socket beside the stream to the reply to its join

/** @type {Ear} of a link that is not used yet */
const NOBODY = {
  opened() {}, alive() {}, heard() {}, answered() {}, unanswered() {}, ended() {},
};

export class Line {
  /** @type {Codec | null} */
  codec = null;
  #options; #room; #ways;
  #openedAt = 0;
  /** @type {Turns} of all streams: what waits goes out before what is said once another is open */
  #turns = { last: Promise.resolve() };
  #joinedAt = 0; // 0: this link has not joined
  /** @type {Link | null} */
  #link = null;
  /** @type {Link | null} a socket that is tried beside a stream */
  #sought = null;
  /** @type {Timer} until a socket is tried, or given up */
  #seekTimer = undefined;

  /**
   * @param {RoomOptions} options
   * @param {Ear & More} room
   */
  constructor(options, room) {
    this.#options = options;
    this.#room = room;
    this.#ways = new Ways(String(options.base));
  }

  get kind() {
    return this.#link?.kind ?? null;
  }

  get isOpen() {
    return this.#link?.isOpen ?? false;
  }

  get beatMs() {
    return this.#link?.beatMs ?? 0;
  }

  /** Whether the server is silent for now because a better way is being tried. */
  get isSeeking() {
    return this.#sought !== null;
  }

  open() {
    this.#link?.close();
    const isSocket = this.#ways.next === "websocket";
    if (isSocket) this.#giveUpSeeking();
    this.#use(isSocket ? this.#newSocket() : this.#newStream());
  }

  /** @type {(command: Command, sending: Sending) => void} */
  send(command, sending) {
    this.#link?.send(command, sending);
  }

  joined() {
    this.#joinedAt = Date.now();
    if (!this.#link) return;
    this.#ways.joined(this.#link.kind);
    this.#seekLater();
  }

  /** Go on without the link; the way it was, and how long it lived after its join, -1: never. */
  hangUp() {
    const link = this.#link;
    this.#link = null;
    link?.close();
    return { kind: link?.kind ?? null, livedMs: this.#joinedAt ? Date.now() - this.#joinedAt : -1 };
  }

  /**
   * A link is over by itself; whether another way is to be taken at once.
   * @type {(was: {kind: "websocket" | "http" | null, livedMs: number}, wasTold: boolean) => boolean}
   */
  isToChange({ kind, livedMs }, wasTold) {
    return kind !== null && this.#ways.ended(kind, livedMs, wasTold);
  }

  /** Whether a socket takes so long to open that the stream is to be opened beside it. */
  goesOnBeside() {
    const link = this.#link;
    const isLate = link?.kind === "websocket" && !link.isOpen
      && Date.now() - this.#openedAt > OPEN_MS;
    if (!isLate) return false;
    this.#ways.next = "http";
    this.#link = null;
    this.seek(link);
    return true;
  }

  close() {
    this.#giveUpSeeking();
    this.hangUp();
  }

  get #url() {
    const { base, room } = this.#options;
    return new URL(`/v1/rooms/${encodeURIComponent(room)}`, base);
  }

  #newSocket() {
    return new SocketLink(this.#url, this.codec, NOBODY);
  }

  #newStream() {
    const { token } = this.#options;
    const renew = typeof token === "function" ? async () => token({ ended: true }) : null;
    return new StreamLink(this.#url, renew, this.#turns, NOBODY);
  }

  /**
   * From now on this link is the line's.
   * @param {Link} link
   */
  #use(link) {
    const room = this.#room;
    this.#link = link;
    const isMine = () => this.#link === link;
    link.ear = {
      opened: () => { if (isMine()) room.opened(); },
      alive: () => { if (isMine()) room.alive(); },
      heard: (messages) => { if (isMine()) room.heard(messages); },
      answered: (reply) => room.answered(reply),
      unanswered: (ref) => room.unanswered(ref),
      ended: (code, reason) => { if (isMine()) room.ended(code, reason); },
    };
    this.#openedAt = Date.now();
    this.#joinedAt = 0;
    room.opening();
  }

  /**
   * Try a WebSocket beside the stream; it takes over once it has joined.
   * @param {Link} [link] one that opens already
   */
  seek(link) {
    this.#giveUpSeeking();
    if (!globalThis.WebSocket) return;
    const sought = link ?? this.#newSocket();
    this.#sought = sought;
    const ref = this.#room.nextRef();
    const fail = () => {
      if (this.#sought !== sought) return;
      this.#giveUpSeeking();
      this.#ways.soughtInVain();
      this.#seekLater();
    };
    this.#seekTimer = setTimeout(fail, SEEK_MS_MAX);
    /** @type {Place | undefined} */
    let last;
    sought.ear = {
      ...NOBODY,
      opened: async () => {
        const fields = await this.#room.joining();
        last = fields.last;
        if (this.#sought === sought && sought.isOpen) sought.send({ op: "join", ref, ...fields }, { gone: new AbortController(), wasSent: false });
      },
      heard: (messages) => {
        const reply = messages.find((message) => message.ref === ref);
        if (reply?.t !== "ok") return fail();
        this.#sought = null;
        clearTimeout(this.#seekTimer);
        const before = this.#link;
        this.#use(sought);
        before?.close();
        this.#room.tookOver(reply, last, messages.filter((message) => message !== reply));
      },
      ended: fail,
    };
  }

  #seekLater() {
    if (this.#sought || this.kind !== "http") return;
    clearTimeout(this.#seekTimer);
    this.#seekTimer = setTimeout(() => this.seek(), this.#ways.seekMs);
  }

  #giveUpSeeking() {
    clearTimeout(this.#seekTimer);
    const sought = this.#sought;
    this.#sought = null;
    sought?.close();
  }
}
