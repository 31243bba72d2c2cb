// One WebSocket to a room, from its opening to its end. What the two ways to a room have in common.

/**
 * @import { Claim, Joining, Order } from "./liveroom.js"
 * @import { Reply } from "./liveroom-commands.js"
 * @typedef {Reply & Joining & {missed?: {t: string}[], gap?: boolean}} AnyReply
 * @typedef {AnyReply & {t: string, ref: number, code: string, msg: string,
 *   retry_ms?: number, reconnect_ms?: number, order?: Order, claim?: Claim}} Message of any kind
 * @typedef {{op: string, ref: number, [field: string]: unknown}} Command
 * @typedef {{gone: AbortController, wasSent: boolean}} Sending of a command: `gone` is aborted when
 *   nobody waits for its reply any more
 *
 * @typedef {object} Ear who hears of a link
 * @property {() => void} opened commands may be sent, `join` first
 * @property {(messages: Message[]) => void} heard a frame of the server
 * @property {() => void} alive the server was heard, though it may have said nothing
 * @property {(reply: Message) => void} answered a reply that came by itself
 * @property {(ref: number) => void} unanswered nobody will answer this command
 * @property {(code: number, reason: string) => void} ended by a close code; 1006 if it broke
 *
 * @typedef {object} Link one connection to a room
 * @property {"websocket" | "http"} kind
 * @property {number} beatMs what is heard at least so often while it lives; 0: only if it is asked
 * @property {boolean} isOpen
 * @property {Ear} ear
 * @property {(command: Command, sending: Sending) => void} send
 * @property {() => void} close
 */

/** @implements {Link} */
export class SocketLink {
  /** @type {"websocket"} */
  kind = "websocket";
  beatMs = 0;
  #socket;
  #codec;

  /**
   * @param {URL} url of the room
   * @param {typeof import("./liveroom-msgpack.js") | null} codec
   * @param {Ear} ear
   */
  constructor(url, codec, ear) {
    this.ear = ear;
    this.#codec = codec;
    const address = new URL(`${url}/ws`);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = new WebSocket(address, [`liveroom.v1.${codec ? "msgpack" : "json"}`]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.ear.opened();
    this.#socket.onmessage = ({ data }) => { this.ear.alive(); this.ear.heard(this.#read(data)); };
    this.#socket.onclose = ({ code, reason }) => this.ear.ended(code, reason);
  }

  get isOpen() {
    return this.#socket.readyState === 1;
  }

  /** @type {(command: Command, sending: Sending) => void} */
  send(command, sending) {
    sending.wasSent = true;
    this.#socket.send(this.#codec ? this.#codec.encode(command) : JSON.stringify(command));
  }

  close() {
    this.#socket.close();
  }

  /**
   * @param {string | ArrayBuffer} data one frame
   * @returns {Message[]}
   */
  #read(data) {
    const all = typeof data === "string" ? JSON.parse(data) : this.#codec?.decode(data);
    return /** @type {Message[]} */ (all);
  }
}
