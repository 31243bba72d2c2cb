// A room by HTTP, for networks that let no WebSocket through: the events come as a stream, each
// command goes by a POST of its own. To the room it looks like a socket.

/**
 * @import { Command, Ear, Link, Message, Sending } from "./liveroom-socket.js"
 * @typedef {{last: Promise<void>}} Turns when the last command that keeps the order is done
 * @typedef {{kind: string, id?: string}} Source
 * @typedef {Command & {token?: string, last?: {epoch: string, seq: number}, source?: Source}} Join
 * @typedef {{t?: string, code?: unknown, detail?: string, retry_ms?: number}} Body
 */

const BEAT = /^: heartbeat every ([0-9.]+) s/;
const NEXT_MS = 300; // after a command without an answer: those that have waited as long are given up first
const READS_ONLY = ["viewer", "guest"]; // whose commands need no order

/** @implements {Link} */
export class StreamLink {
  /** @type {"http"} */
  kind = "http";
  beatMs = 25_000;
  isOpen = true;
  #url; #renew; #turns;
  #gone = new AbortController();
  /** @type {string | undefined} */
  #token;
  /** @type {Source | undefined} */
  #source;
  /** @type {number | null} the join that is to be answered */
  #joining = null;
  #code = 1006; // what the end means, if the server says no more
  #inTurn = false;

  /**
   * @param {URL} url of the room
   * @param {(() => Promise<string | null | undefined>) | null} renew gets a new token
   * @param {Turns} turns
   * @param {Ear} ear
   */
  constructor(url, renew, turns, ear) {
    this.ear = ear;
    this.#url = url;
    this.#renew = renew;
    this.#turns = turns;
    queueMicrotask(() => this.ear.opened());
  }

  /** @type {(command: Command, sending: Sending) => void} */
  send(command, sending) {
    if (command.op === "join") {
      sending.wasSent = true;
      this.#listen(command);
    } else if (!this.#inTurn || command.op === "ping") this.#post(command, sending);
    else {
      this.#turns.last = this.#turns.last.then(
        () => orGone(this.#post(command, sending), sending.gone.signal));
    }
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
    const refusal = asReply(await response.json(), ref);
    if (refusal) this.#pass(() => this.ear.answered(refusal));
  }

  /** @type {(command: Command, sending: Sending, isRepeated?: boolean) => Promise<void>} */
  async #post(command, sending, isRepeated = false) {
    const { signal } = sending.gone;
    if (signal.aborted) return; // it was told as given up while it waited for its turn
    sending.wasSent = true;
    try {
      const response = await fetch(this.#address("commands"), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.#authorization },
        body: JSON.stringify(command),
        cache: "no-store",
        signal,
      });
      const reply = asReply(await response.json(), command.ref);
      if (reply?.t === "err" && reply.code === "bad_token" && this.#renew && !isRepeated) {
        sending.wasSent = false; // it was not looked at: nothing was done
        this.#token = (await this.#renew()) ?? undefined;
        return await this.#post(command, sending, true);
      }
      if (reply) this.#pass(() => this.ear.answered(reply));
      else this.ear.unanswered(command.ref);
    } catch {
      this.ear.unanswered(command.ref); // the network broke it, or a proxy answered
    }
  }
}

/**
 * Once this is done, or nobody waits for it any more: then the next one has its turn.
 * @type {(done: Promise<void>, gone: AbortSignal) => Promise<void>}
 */
function orGone(done, gone) {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    gone.addEventListener("abort", () => setTimeout(resolve, NEXT_MS), { once: true });
    done.then(() => { if (!gone.aborted) resolve(); });
  });
}

/**
 * What an answer says, as a socket would say it; null if it is none of the server's.
 * @type {(body: Body, ref: number) => Message | null}
 */
function asReply(body, ref) {
  if (body.t) return /** @type {Message} */ ({ ...body, ref });
  if (typeof body.code !== "string") return null;
  const { code, detail, retry_ms } = body; // a problem of RFC 9457
  const said = { t: "err", ref, code, msg: detail ?? "", retry_ms };
  return /** @type {Message} */ (/** @type {unknown} */ (said));
}
