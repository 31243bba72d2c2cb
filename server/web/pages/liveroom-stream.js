// A room by HTTP, for networks that let no WebSocket through: the events come as a stream, each
// command goes by a POST of its own. To the room it looks like a socket.

/**
 * @import { Command, Ear, Link, Message } from "./liveroom-socket.js"
 * @typedef {{kind: string, id?: string}} Source
 * @typedef {Command & {token?: string, last?: {epoch: string, seq: number}, source?: Source}} Join
 * @typedef {{t?: string, error?: {code: string, msg: string}}} Body
 */

const BEAT = /^: heartbeat every ([0-9.]+) s/;
const READS_ONLY = ["viewer", "guest"]; // whose commands need no order

/** @implements {Link} */
export class StreamLink {
  /** @type {"http"} */
  kind = "http";
  beatMs = 25_000;
  isOpen = true;
  #url; #renew;
  #gone = new AbortController();
  /** @type {string | undefined} */
  #token;
  /** @type {Source | undefined} */
  #source;
  /** @type {number | null} the join that is to be answered */
  #joining = null;
  #code = 1006; // what the end means, if the server says no more
  #inTurn = false;
  #turn = Promise.resolve();

  /**
   * @param {URL} url of the room
   * @param {(() => Promise<string | null | undefined>) | null} renew gets a new token
   * @param {Ear} ear
   */
  constructor(url, renew, ear) {
    this.ear = ear;
    this.#url = url;
    this.#renew = renew;
    queueMicrotask(() => this.ear.opened());
  }

  /** @param {Command} command */
  send(command) {
    if (command.op === "join") this.#listen(command);
    else if (!this.#inTurn) this.#post(command);
    else this.#turn = this.#turn.then(() => this.#post(command));
  }

  /** The stream ends; commands that are under way still get their answers. */
  close() {
    this.isOpen = false;
    this.#gone.abort();
  }

  /** @type {(what: string) => URL} */
  #address(what) {
    const url = new URL(`${this.#url}/${what}`);
    const { kind, id } = this.#source ?? {};
    if (kind) url.searchParams.set("source", id ? `${kind}:${id}` : kind);
    return url;
  }

  get #authorization() {
    return /** @type {Record<string, string>} */ (
      this.#token ? { Authorization: `Bearer ${this.#token}` } : {});
  }

  /** @param {Join} join */
  async #listen({ ref, token, last, source }) {
    [this.#joining, this.#token, this.#source] = [ref, token, source];
    try {
      const response = await fetch(this.#address("stream"), {
        headers: {
          Accept: "text/event-stream",
          ...this.#authorization,
          ...(last ? { "Last-Event-ID": `${last.epoch}:${last.seq}` } : {}),
        },
        cache: "no-store",
        signal: this.#gone.signal,
      });
      const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
      if (response.ok && isStream && response.body) await this.#read(response.body);
      else await this.#hearRefusal(response, ref);
    } catch {
      // The network broke it, or `close` did: nothing is to be heard any more.
    }
    if (this.isOpen) {
      this.isOpen = false;
      this.ear.ended(this.#code, "");
    }
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let text = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.ear.alive();
      const events = (text + decoder.decode(value, { stream: true })).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) this.#hear(event);
    }
  }

  /** @param {string} event the lines of one */
  #hear(event) {
    for (const line of event.split("\n")) {
      const beat = BEAT.exec(line);
      if (beat) this.beatMs = Number(beat[1]) * 1000;
      if (!line.startsWith("data: ") || !this.isOpen) continue;
      const messages = /** @type {Message[]} */ (JSON.parse(line.slice(6)));
      for (const message of messages) {
        if (message.t === "ok" && this.#joining !== null) {
          message.ref = this.#joining;
          this.#joining = null;
          this.#inTurn = !READS_ONLY.includes(message.you.role);
        } else if (message.t === "role") this.#inTurn = true;
        else if (message.t === "bye") this.#code = Number(message.code);
      }
      this.#pass(() => this.ear.heard(messages));
    }
  }

  /**
   * What fails in hearing must not end the stream.
   * @param {() => void} tell
   */
  #pass(tell) {
    try {
      tell();
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  /** @type {(response: Response, ref: number) => Promise<void>} */
  async #hearRefusal(response, ref) {
    const refusal = asReply(await response.json(), response, ref);
    if (refusal) this.#pass(() => this.ear.answered(refusal));
  }

  /** @type {(command: Command, isRepeated?: boolean) => Promise<void>} */
  async #post(command, isRepeated = false) {
    try {
      const response = await fetch(this.#address("commands"), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.#authorization },
        body: JSON.stringify(command),
        cache: "no-store",
      });
      const reply = asReply(await response.json(), response, command.ref);
      if (reply?.code === "bad_token" && this.#renew && !isRepeated) {
        this.#token = (await this.#renew()) ?? undefined; // it was not looked at: nothing was done
        return await this.#post(command, true);
      }
      if (reply) this.#pass(() => this.ear.answered(reply));
      else this.ear.unanswered(command.ref);
    } catch {
      this.ear.unanswered(command.ref); // the network broke it, or a proxy answered
    }
  }
}

/**
 * What an answer says, as a socket would say it; null if it is none of the server's.
 * @type {(body: Body, response: Response, ref: number) => Message | null}
 */
function asReply(body, response, ref) {
  if (body.t) return /** @type {Message} */ ({ ...body, ref });
  if (!body.error) return null;
  const retryS = Number(response.headers.get("Retry-After"));
  const { code, msg } = body.error;
  const said = { t: "err", ref, code, msg, retry_ms: retryS ? retryS * 1000 : undefined };
  return /** @type {Message} */ (/** @type {unknown} */ (said));
}
