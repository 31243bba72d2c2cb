// A room's state, folded from a snapshot and the events after it. Pure: no socket, no page.
//
// After any sequence of events it equals the snapshot a client would get by joining now, except
// for comments the server left out for this viewer (it says so in `gap`).

/**
 * @import { Auction, Claim, Coupon, Events, Joining, Lucky, Mine, Order, Part, Poll, Product, Question,
 *   RoomView, Sale, WireProduct, You } from "./liveroom.js"
 */

/**
 * Values of a RoomView's fields that the server leaves out.
 * @type {Omit<RoomView, "room" | "title" | "host" | "host_name" | "phase" | "created" | "shelf"
 *   | "shelf_total" | "sales" | "comments" | "coupons" | "answers" | "custom_values">}
 */
const ROOM_DEFAULTS = {
  scheduled: 0, started: 0, ended: 0, stream_url: "", embed_url: "", cover: "", draft: false,
  practice: false, time_zone: "", cancelled: false, cancel_reason: "", picture: 0, online: 0, viewers: 0,
  likes: 0, slow_s: 0, pin: null, notice: "", kind: "stream", group: "", followers: 0, reserved: 0,
  followers_only: false, selling: false, question: null, poll: null, lucky: null,
  auction: null, pinned_comment: null,
};

/** @type {Mine} */
const MINE_DEFAULTS = {
  following: false, reserved: false, member: false, claims: [], vote: null, lucky: false,
  auction: null,
};

/**
 * Comments that snapshots of these kinds of room show, unless the operator chose otherwise.
 * @type {Record<string, number>}
 */
const COMMENTS_MAX = { stream: 50, group: 200 };
const ANSWERS_MAX = 100; // as many as a snapshot shows

const PRODUCT_DEFAULTS = { image: "", url: "", points: [], flaws: [], replaces: "", proofs: [],
  merchant: "", goods: "", options: {} };

/** @param {WireProduct} wire */
const product = (wire) => ({ ...PRODUCT_DEFAULTS, ...wire });

/** @typedef {Part | "old" | null} Folded what an event changed */
/**
 * How a kind of event changes the state.
 * @template {keyof Events} K
 * @typedef {(state: RoomState, room: RoomView, event: Events[K]) => Folded} Fold
 */

export class RoomState {
  #commentsWanted;

  /** @param {{commentsMax?: number}} [options] how many recent comments are kept at least */
  constructor({ commentsMax } = {}) {
    this.#commentsWanted = commentsMax;
    this.commentsMax = 0; // since the join
    /** @type {RoomView | null} */
    this.room = null;
    /** @type {Order[]} */
    this.orders = [];
    /** @type {Mine} */
    this.mine = { ...MINE_DEFAULTS };
    /** @type {You | null} */
    this.you = null;
    /** @type {string | null} */
    this.epoch = null;
    this.seq = 0;
    this.mutedUntil = 0;
    this.commentPinVer = -1; // of the newest event since the join
    /** @type {Map<string, number>} */
    this.saleVers = new Map(); // sale -> ver of the newest `sale` event; `stock` may be ahead of it
    /** @type {Map<string, number>} */
    this.valueVers = new Map(); // name/item -> ver, also of values that were taken away
  }

  /**
   * Start over from the reply to `join`.
   * @param {Joining} joined
   */
  reset({ room, orders, mine, you, epoch, seq }) {
    const shelf = (room.shelf ?? []).map(product);
    const view = {
      ...ROOM_DEFAULTS,
      shelf_total: shelf.length,
      ...room,
      shelf,
      sales: (room.sales ?? []).map((sale) => ({ ...sale })),
      comments: [...(room.comments ?? [])],
      coupons: (room.coupons ?? []).map((coupon) => ({ ...coupon })),
      answers: [...(room.answers ?? [])],
      custom_values: [...(room.custom_values ?? [])],
    };
    this.commentsMax = Math.max(view.comments.length,
      this.#commentsWanted ?? COMMENTS_MAX[view.kind] ?? COMMENTS_MAX.stream);
    this.room = view;
    this.orders = [...(orders ?? [])];
    this.mine = { ...MINE_DEFAULTS, ...mine };
    this.you = you;
    this.epoch = epoch;
    this.seq = seq;
    this.commentPinVer = -1;
    this.saleVers = new Map(view.sales.map((sale) => [sale.sale, sale.ver]));
    this.valueVers = new Map(view.custom_values.map((value) => [whichValue(value), value.ver]));
  }

  /**
   * Take one event in.
   * @param {{t: string, seq?: number}} event
   * @returns {Part | null | "old" | "gap"} the part that changed (a field of the room, "orders", "muted"), null
   *   if nothing did, "old" if it was known already, "gap" if must-events before it are missing.
   */
  apply(event) {
    if (event.seq != null) {
      if (event.seq <= this.seq) return "old";
      if (event.seq > this.seq + 1) return "gap";
      this.seq = event.seq;
    }
    if (!this.room) return null; // nothing was joined yet
    return fold(this, this.room, event);
  }

  /**
   * Take in all products of the shelf, in their order, as `GET /v1/rooms/{room}/shelf` pages gave
   * them. What is known already is kept, for events may be newer than what was read; products of
   * `gone` were removed meanwhile.
   * @param {WireProduct[]} products
   * @param {Set<string>} [gone]
   * @returns {"shelf"}
   */
  putShelf(products, gone = new Set()) {
    const { room } = this;
    if (!room) return "shelf";
    const known = new Map(room.shelf.map((each) => [each.sku, each]));
    const read = new Map(products.filter(({ sku }) => !gone.has(sku)).map((wire) =>
      [wire.sku, known.get(wire.sku) ?? product(wire)]));
    room.shelf = [...read.values(), ...room.shelf.filter(({ sku }) => !read.has(sku))];
    return "shelf";
  }

  /**
   * Take an order in, from an event or a reply; an older state of it changes nothing.
   * @param {Order} order
   * @returns {"orders"}
   */
  putOrder(order) {
    const at = this.orders.findIndex((known) => known.order === order.order);
    if (at < 0) this.orders.unshift(order);
    else if (order.updated >= this.orders[at].updated) this.orders[at] = order;
    return "orders";
  }

  /**
   * Take one of the viewer's own claimed coupons in, from an event or a reply.
   * @param {Claim} claim
   * @returns {"mine"}
   */
  putClaim(claim) {
    const others = this.mine.claims.filter((known) => known.claim !== claim.claim);
    this.mine = { ...this.mine, claims: [...others, claim] };
    return "mine";
  }
}

/** @type {(state: RoomState, room: RoomView, wire: Sale) => Folded} */
function putSale(state, room, wire) {
  const at = room.sales.findIndex((sale) => sale.sale === wire.sale);
  if (at < 0) room.sales.push({ ...wire });
  else if (wire.ver > (state.saleVers.get(wire.sale) ?? -1)) {
    const known = room.sales[at];
    // Counters may already be newer than this event: `stock` overtakes it.
    const { left, held, sold, ver } = known.ver > wire.ver ? known : wire;
    room.sales[at] = { ...wire, left, held, sold, ver };
  } else return null;
  state.saleVers.set(wire.sale, wire.ver);
  return "sales";
}

/** @type {Fold<"stock">} */
function putStock(state, room, { sale: id, left, held, sold, ver }) {
  const sale = room.sales.find((known) => known.sale === id);
  if (!sale || ver <= sale.ver) return "old";
  Object.assign(sale, { left, held, sold, ver });
  return "sales";
}

/** @type {(room: RoomView, question: Question) => Folded} */
function putQuestion(room, question) {
  /** @param {Question | null} other */
  const isIt = (other) => other?.question === question.question;
  if (question.status === "answering") room.question = question;
  else if (isIt(room.question)) room.question = null;
  room.answers = room.answers.filter((known) => !isIt(known));
  if (question.status === "answered") {
    room.answers = [...room.answers, question].slice(-ANSWERS_MAX);
  }
  return "questions";
}

/** @type {(room: RoomView, wire: Coupon) => Folded} */
function putCoupon(room, wire) {
  const at = room.coupons.findIndex((known) => known.coupon === wire.coupon);
  if (at < 0) room.coupons.push({ ...wire });
  else {
    const { claimed, used, ver } = room.coupons[at].ver > wire.ver ? room.coupons[at] : wire;
    room.coupons[at] = { ...wire, claimed, used, ver };
  }
  return "coupons";
}

/** @type {(room: RoomView, event: Events["claims"]) => Folded} */
function putClaims(room, { coupon: id, claimed, used, ver }) {
  const coupon = room.coupons.find((known) => known.coupon === id);
  if (!coupon || ver <= coupon.ver) return "old";
  Object.assign(coupon, { claimed, used, ver });
  return "coupons";
}

/** @type {(state: RoomState, room: RoomView, wire: Poll) => Folded} */
function putPoll(state, room, wire) {
  const known = room.poll?.poll === wire.poll ? room.poll : null;
  // A new poll has no vote of ours yet; counts may be ahead of the must-event.
  if (!known) state.mine = { ...state.mine, vote: null };
  room.poll = known && known.ver > wire.ver ? { ...wire, votes: known.votes, ver: known.ver } : wire;
  return "poll";
}

/** @type {(room: RoomView, event: Events["votes"]) => Folded} */
function putVotes(room, { poll, votes, ver }) {
  if (room.poll?.poll !== poll || ver <= room.poll.ver) return "old";
  room.poll = { ...room.poll, votes, ver };
  return "poll";
}

/** @type {(state: RoomState, room: RoomView, wire: Lucky) => Folded} */
function putLucky(state, room, wire) {
  const known = room.lucky?.lucky === wire.lucky ? room.lucky : null;
  if (!known) state.mine = { ...state.mine, lucky: false };
  const entries = Math.max(known?.entries ?? 0, wire.entries ?? 0);
  room.lucky = entries ? { ...wire, entries } : wire;
  return "lucky";
}

/** @type {(room: RoomView, event: Events["entries"]) => Folded} */
function putEntries(room, { lucky, entries }) {
  if (room.lucky?.lucky !== lucky || entries <= (room.lucky.entries ?? 0)) return "old";
  room.lucky = { ...room.lucky, entries };
  return "lucky";
}

/** @type {(value: {name: string, item?: string}) => string} */
const whichValue = ({ name, item = "" }) => `${name}/${item}`;

/** @type {Fold<"custom_latest">} */
function putValue(state, room, { name, item, data = null, ver, at }) {
  const which = whichValue({ name, item });
  if (ver <= (state.valueVers.get(which) ?? 0)) return "old";
  state.valueVers.set(which, ver);
  const others = room.custom_values.filter((known) => whichValue(known) !== which);
  const value = { name, ...item && { item }, data, ver, at };
  room.custom_values = data === null ? others : [...others, value]; // null: it was taken away
  return "custom_values";
}

/** @type {(state: RoomState, room: RoomView, wire: Auction) => Folded} */
function putAuction(state, room, wire) {
  const known = room.auction?.auction === wire.auction ? room.auction : null;
  if (!known) state.mine = { ...state.mine, auction: null };
  room.auction = wire;
  if (known && known.ver > wire.ver) { // bids overtook it
    const { price, bids, bidders, ends, leader, paddle, reserve, ver } = known;
    room.auction = { ...wire, price, bids, bidders, ends, leader, paddle, ver,
      ...reserve && { reserve } };
  }
  return "auction";
}

/** @type {(room: RoomView, event: Events["bids"]) => Folded} */
function putBids(room, { auction, ver, ...moved }) {
  if (room.auction?.auction !== auction || ver <= room.auction.ver) return "old";
  const { t, ...rest } = moved;
  room.auction = { ...room.auction, ...rest, ver };
  return "auction";
}

/** @type {(room: RoomView, wire: Product) => void} */
function putProduct(room, wire) {
  const at = room.shelf.findIndex((known) => known.sku === wire.sku);
  if (at < 0) room.shelf.push(product(wire));
  else room.shelf[at] = product(wire);
}

/** @type {Fold<"phase">} */
function phase(state, room, { phase: now, at, cancelled = false, reason = "" }) {
  room.phase = now;
  if (now === "live") room.started = at;
  if (now === "ended") room.ended = at;
  if (cancelled) {
    Object.assign(room, { cancelled, cancel_reason: reason });
    state.mine = { ...state.mine, reserved: false }; // the places are free
  }
  return "phase";
}

/** @type {{[K in keyof Events]?: Fold<K>}} */
const FOLDS = {
  comment(state, room, { id, user, name, role, text, ts, badges, reply }) {
    if (room.comments.some((known) => known.id === id)) return "old";
    room.comments.push({ id, user, name, role, text, ts, ...badges?.length && { badges },
      ...reply && { reply } });
    if (room.comments.length > state.commentsMax) room.comments.shift();
    return "comments";
  },
  removed(state, room, { id, user }) {
    room.comments = room.comments.filter((c) => (id ? c.id !== id : c.user !== user));
    return "comments";
  },
  comment_pin(state, room, { comment = null, ver }) {
    if (ver <= state.commentPinVer) return "old";
    state.commentPinVer = ver;
    room.pinned_comment = comment;
    return "pinned_comment";
  },
  likes(state, room, { total }) {
    if (total <= room.likes) return "old";
    room.likes = total;
    return "likes";
  },
  online(state, room, { now, total }) {
    room.online = now;
    room.viewers = total;
    return "online";
  },
  phase,
  shelf(state, room, { put, remove, total }) {
    if (put) putProduct(room, put);
    if (remove) room.shelf = room.shelf.filter((known) => known.sku !== remove);
    room.shelf_total = total ?? room.shelf.length;
    return "shelf";
  },
  shelf_moved(state, room, { sku, before }) {
    const moved = room.shelf.filter((known) => known.sku === sku);
    const rest = room.shelf.filter((known) => known.sku !== sku);
    const at = rest.findIndex((known) => known.sku === before);
    rest.splice(at < 0 ? rest.length : at, 0, ...moved);
    room.shelf = rest;
    return "shelf";
  },
  pin(state, room, { sku }) {
    room.pin = sku ?? null;
    return "pin";
  },
  sale: (state, room, { sale }) => putSale(state, room, sale),
  stock: putStock,
  order: (state, room, { order }) => state.putOrder(order),
  notice(state, room, { text }) {
    room.notice = text ?? "";
    return "notice";
  },
  room(state, room, { slow_s, followers_only = false, selling = false, group = "", ...own }) {
    Object.assign(room, { slow_s, followers_only, selling, group });
    if (own.title) { // a server of the version before tells none of these
      const { title, scheduled = 0, stream_url = "", embed_url = "", cover = "", draft = false } = own;
      Object.assign(room, { title, scheduled, stream_url, embed_url, cover, draft });
    }
    if (own.time_zone) room.time_zone = own.time_zone; // none is ever taken away
    return "settings";
  },
  picture(state, room, { at }) {
    room.picture = at;
    return "picture";
  },
  question: (state, room, { question }) => putQuestion(room, question),
  coupon: (state, room, { coupon }) => putCoupon(room, coupon),
  claims: (state, room, event) => putClaims(room, event),
  claim: (state, room, { claim }) => state.putClaim(claim),
  poll: (state, room, { poll }) => putPoll(state, room, poll),
  votes: (state, room, event) => putVotes(room, event),
  custom_latest: putValue,
  lucky: (state, room, { lucky }) => putLucky(state, room, lucky),
  entries: (state, room, event) => putEntries(room, event),
  auction: (state, room, { auction }) => putAuction(state, room, auction),
  bids: (state, room, event) => putBids(room, event),
  followers(state, room, { total }) {
    room.followers = total;
    return "followers";
  },
  reserved(state, room, { total }) {
    room.reserved = total;
    return "reserved";
  },
  muted(state, room, { until }) {
    state.mutedUntil = until;
    return "muted";
  },
  role(state, room, { role }) {
    if (state.you) state.you = { ...state.you, role };
    return "you";
  },
};

/**
 * @param {RoomState} state
 * @param {RoomView} room
 * @param {{t: string}} event
 * @returns {Folded}
 */
function fold(state, room, event) {
  const known = /** @type {Record<string, ((...args: unknown[]) => Folded) | undefined>} */ (FOLDS);
  return known[event.t]?.(state, room, event) ?? null;
}

// Events that change nothing here. Every event of the server stands here or in FOLDS.
const IGNORED = ["announce", "asks", "bye", "called_off", "custom", "custom_sample", "draw", "gap", "prompts",
  "queue", "reports", "review", "rundown", "sold"];

/** The names of all events that a RoomState knows, whether or not they change it. */
export const EVENTS = [...Object.keys(FOLDS), ...IGNORED];
