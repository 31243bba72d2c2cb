// The commands of the protocol as methods. Room adds the connection below them.
//
// A command is sent once, but for `buy`, `bid` and `couponClaim`: without an answer their outcome is
// *unknown*, so they are sent again with the same key, through reconnects, until it is known.

/**
 * @import { About, Answer, Auction, AuctionTerms, Audience, BuyOptions, Claim, Coupon, CouponTerms, Desk,
 *   DeskReport, LiveroomError, Lucky, Mine, Order, Part, Poll, Question, ReportKind, RoomChanges, Standing } from "./liveroom.js"
 * @import { RoomState } from "./liveroom-state.js"
 */

/**
 * What stands in a reply, each field in those of its commands alone.
 * @typedef {Omit<Answer, "question"> & {id: string, order: Order, orders?: Order[], place?: number,
 *   claim: Claim, total?: number, group: string, question: Question, coupon: Coupon, poll: Poll,
 *   lucky: Lucky, auction: Auction, standing: Standing, desk?: Desk, reports?: DeskReport[],
 *   now: number}} Reply
 */

const BUY_MS_MAX = 60_000; // how long such a command is repeated before its outcome is called unknown

/** Errors after which the same key may be sent again. */
const AGAIN = new Set(["unavailable", "rate_limited", "disconnected", "timeout"]);

/** @param {number} ms */
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A new idempotency key. (crypto.randomUUID is missing where a page is not served over TLS.) */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What can be said to a room; the class that has the connection fills in the first three. */
export class Commands {
  /** @param {RoomState} state */
  constructor(state) {
    this.state = state;
  }

  /**
   * Send a command and wait for its reply.
   * @param {string} op
   * @param {object} [fields]
   * @returns {Promise<Reply>}
   */
  send(op, fields) {
    return Promise.reject(new Error(`No connection takes ${op} ${JSON.stringify(fields)}.`));
  }

  /**
   * Resolve once joined.
   * @returns {Promise<void>}
   */
  ready() { return Promise.resolve(); }

  /**
   * A part of the state changed by what a reply told.
   * @param {Part} part
   */
  took(part) { throw new Error(`Nothing draws ${part}.`); }

  /**
   * @param {string} op
   * @param {object} body
   * @param {number} withinMs
   */
  async #untilAnswered(op, body, withinMs) {
    const until = Date.now() + withinMs;
    let unanswered = false; // any of the attempts: the last one may only have found no connection
    for (;;) {
      try {
        return await this.send(op, body);
      } catch (thrown) {
        const error = /** @type {LiveroomError} */ (thrown);
        const { code, retryMs } = error;
        unanswered ||= error.unanswered;
        if (!AGAIN.has(code)) throw error;
        if (Date.now() >= until) throw Object.assign(error, { unanswered });
        await sleep(retryMs ?? 200 + Math.random() * 300);
        await Promise.race([this.ready(), sleep(Math.max(0, until - Date.now()))]);
      }
    }
  }

  /** @param {Partial<Mine>} change */
  #mine(change) {
    this.state.mine = { ...this.state.mine, ...change };
    this.took("mine");
  }

  // ---- everybody's

  /**
   * The whole reply: `{id}`, with `held`, `card`, `answers` or `question` where it has them.
   * @param {string} text
   * @param {{replyTo?: string}} [options] the comment that this one answers
   */
  comment(text, { replyTo } = {}) {
    return this.send("comment", replyTo ? { text, reply_to: replyTo } : { text });
  }
  /**
   * Report a comment, user, product or review by its `id`, or the room itself.
   * @param {About} about
   * @param {ReportKind} kind
   * @param {{id?: string, text?: string}} [more]
   */
  report(about, kind, more) { return this.send("report", { about, kind, ...more }); }
  /** @param {number} [n] */
  like(n = 1) { return this.send("like", { n }); }

  /**
   * Ask for a product's link (`{card}`), or a question about it (`{question}` or `{answers}`).
   * @param {string} sku
   * @param {string} [text]
   */
  ask(sku, text = "") { return this.send("ask", text ? { sku, text } : { sku }); }

  /**
   * Hold units of a sale, or of several by `[{sale, qty}]`; `claim` is the coupon to use, `atMost`
   * the total that was shown: an order that costs more is refused. Sent again with the same key
   * until the one true answer comes.
   * @param {string | {sale: string, qty: number}[]} what
   * @param {number} [qty]
   * @param {BuyOptions} [options]
   */
  async buy(what, qty = 1, { key = newKey(), claim, atMost, withinMs = BUY_MS_MAX } = {}) {
    const lines = Array.isArray(what) ? { key, lines: what } : { key, sale: what, qty };
    const body = { ...lines, ...(claim ? { claim } : {}),
      ...(atMost === undefined ? {} : { at_most: atMost }) };
    return (await this.#untilAnswered("buy", body, withinMs)).order;
  }

  /**
   * @param {string} order
   * @param {{address?: string, deliver?: string}} [where] where it goes: an address of the own book,
   *   or where the shop's reference says
   */
  async pay(order, where = {}) { return (await this.send("pay", { order, ...where })).order; }
  /** @param {string} order */
  async cancel(order) { return (await this.send("cancel", { order })).order; }

  /** The viewer's own orders, newest first, read afresh. */
  async orders() {
    const { orders = [] } = await this.send("orders");
    for (const order of orders) this.state.putOrder(order);
    this.took("orders");
    return orders;
  }

  /**
   * Queue for units that may come back; the place, 0 if some were offered at once. Sent again with
   * the same key it queues once.
   * @param {string} sale
   * @param {{qty?: number, leave?: boolean, key?: string}} [options]
   */
  async waitlist(sale, { qty = 1, leave = false, key } = {}) {
    const body = key ? { sale, qty, leave, key } : { sale, qty, leave };
    return (await this.send("waitlist", body)).place ?? null;
  }

  /**
   * Take one coupon: a claim, the same one however often it has to be asked for.
   * @param {string} coupon
   * @param {{key?: string, withinMs?: number}} [options]
   */
  async couponClaim(coupon, { key = newKey(), withinMs = BUY_MS_MAX } = {}) {
    return (await this.#untilAnswered("coupon.claim", { coupon, key }, withinMs)).claim;
  }

  /**
   * Choose an option, counted from 0.
   * @param {string} poll
   * @param {number} option
   */
  async vote(poll, option) {
    await this.send("vote", { poll, option });
    if (this.state.room?.poll?.poll === poll) this.#mine({ vote: option });
  }

  /** @param {string} lucky */
  async luckyEnter(lucky) {
    await this.send("lucky.enter", { lucky });
    if (this.state.room?.lucky?.lucky === lucky) this.#mine({ lucky: true });
  }

  /**
   * Bid up to `max`, never more than it takes to lead; where the bidder stands. Repeated as `buy` is.
   * @param {string} auction
   * @param {number} max
   * @param {{key?: string, withinMs?: number}} [options]
   */
  async bid(auction, max, { key = newKey(), withinMs = BUY_MS_MAX } = {}) {
    const { standing } = await this.#untilAnswered("bid", { auction, max, key }, withinMs);
    const known = this.state.mine.auction;
    if (this.state.room?.auction?.auction === auction && !(known && known.max > standing.max)) {
      this.#mine({ auction: { paddle: standing.paddle, max: standing.max } });
    }
    return standing;
  }

  /**
   * Follow the host, or no longer; how many do now.
   * @param {boolean} [on]
   */
  async follow(on = true) {
    const { total = 0 } = await this.send("follow", { on });
    this.#mine({ following: on });
    return total;
  }

  /**
   * Ask to be told when this scheduled room goes live; how many asked.
   * @param {boolean} [on]
   */
  async reserve(on = true) {
    const { total = 0 } = await this.send("reserve", { on });
    this.#mine({ reserved: on });
    return total;
  }

  /** Become a member of the host's fan group; the id of its room. */
  async groupJoin() {
    const { group } = await this.send("group.join");
    this.#mine({ member: true });
    return group;
  }

  async groupLeave() {
    const { group } = await this.send("group.leave");
    this.#mine({ member: false });
    return group;
  }

  // ---- the host's and the moderators'

  liveStart() { return this.send("live.start"); }
  /**
   * `selling`: what is on sale stays so for who watches the replay.
   * @param {{selling?: boolean}} [options]
   */
  liveEnd({ selling = false } = {}) { return this.send("live.end", { selling }); }
  /** Before the start. `reason` is for everybody to read. */
  liveCancel(reason = "") { return this.send("live.cancel", { reason }); }
  /** @param {RoomChanges} changes what is absent stays as it is, null clears it */
  roomChange(changes) { return this.send("room.change", { ...changes }); }
  /** @param {boolean} on */
  selling(on) { return this.send("selling", { on }); }

  /** @param {string} question */
  async questionTake(question) {
    return (await this.send("question.take", { question })).question;
  }

  /**
   * @param {string} question
   * @param {string} text
   */
  async questionAnswer(question, text) {
    return (await this.send("question.answer", { question, text })).question;
  }

  /** @param {string} question */
  async questionDrop(question) {
    return (await this.send("question.drop", { question })).question;
  }

  /**
   * `{title, quota, currency, amount?, percent?, floor?, per_user?, audience?, …}`
   * @param {CouponTerms} terms
   */
  async couponOpen(terms) { return (await this.send("coupon.open", terms)).coupon; }
  /** @param {string} coupon */
  async couponClose(coupon) { return (await this.send("coupon.close", { coupon })).coupon; }

  /**
   * @param {string} question
   * @param {string[]} options
   * @param {{lasts_s?: number}} [options]
   */
  async pollOpen(question, options, { lasts_s = 0 } = {}) {
    return (await this.send("poll.open", { question, options, lasts_s })).poll;
  }

  /** @param {string} poll */
  async pollClose(poll) { return (await this.send("poll.close", { poll })).poll; }

  /**
   * @param {string} title
   * @param {number} prizes
   * @param {{audience?: Audience, lasts_s?: number}} [options]
   */
  async luckyOpen(title, prizes, { audience = "all", lasts_s = 0 } = {}) {
    return (await this.send("lucky.open", { title, prizes, audience, lasts_s })).lucky;
  }

  /** @param {string} lucky */
  async luckyDraw(lucky) { return (await this.send("lucky.draw", { lucky })).lucky; }

  /** @param {AuctionTerms} terms */
  async auctionOpen(terms) { return (await this.send("auction.open", terms)).auction; }
  /** @param {string} auction */
  async auctionHammer(auction) { return (await this.send("auction.hammer", { auction })).auction; }
  /**
   * @param {string} auction
   * @param {string} reason for everybody to read
   */
  async auctionCancel(auction, reason) {
    return (await this.send("auction.cancel", { auction, reason })).auction;
  }

  /**
   * With `shadow` the user is not told, and only they still see what they say.
   * @param {string} user
   * @param {number} seconds
   * @param {{shadow?: boolean}} [options]
   */
  mute(user, seconds, { shadow = false } = {}) {
    return this.send("mute", shadow ? { user, seconds, shadow } : { user, seconds });
  }

  /** @param {string} id */
  commentRemove(id) { return this.send("comment.remove", { id }); }
  /** @param {string} id */
  commentKeep(id) { return this.send("comment.keep", { id }); }
  /** @param {string} id of a recent comment */
  commentPin(id) { return this.send("comment.pin", { id }); }
  commentUnpin() { return this.send("comment.unpin", {}); }
  /**
   * `action` is "block" or "hold".
   * @param {string[]} words
   * @param {"block" | "hold"} action
   */
  wordsPut(words, action) { return this.send("words.put", { words, action }); }
  /** @param {string[]} words */
  wordsRemove(words) { return this.send("words.remove", { words }); }
  /**
   * `{followers_only?, review?}`; what is absent stays as it is.
   * @param {{followers_only?: boolean, review?: "off" | "new" | "all"}} change
   */
  rules(change) { return this.send("rules", change); }
  /** @param {string} id */
  reviewPass(id) { return this.send("review.pass", { id }); }
  /** @param {string} id */
  reviewDrop(id) { return this.send("review.drop", { id }); }
  /** Reported here, for host and moderators; the event `reports` says when to read again. */
  async reports() { return (await this.send("reports")).reports ?? []; }
  /**
   * @param {string} thing
   * @param {"dismissed" | "removed" | "muted"} outcome
   * @param {number} [seconds]
   */
  reportSettle(thing, outcome, seconds) {
    return this.send("report.settle", { thing, outcome, seconds });
  }
  /** @param {string} user */
  moderatorAdd(user) { return this.send("moderator.add", { user }); }
  /** @param {string} user */
  moderatorRemove(user) { return this.send("moderator.remove", { user }); }

  /** What only host and moderators see; the events `asks`, `queue` and `review` keep it true. */
  async desk() { return (await this.send("desk")).desk ?? {}; }
}
