// Types of liveroom.js. Money is an integer in the currency's minor unit, times are Unix ms.

import type {
  Phase, Audience, Source, Product, Proof, Deal, Sale, Order, Card, Question, Coupon, Claim, Poll, Lucky,
  About, Auction, AuctionTerms, Standing, Mine, HeldComment, Desk, DeskReport, Comment, ReportKind,
  Prompt, RoomView, Value, WireProduct, You,
} from "./liveroom-nouns.js";

export type * from "./liveroom-nouns.js";

/** Must-events to the room carry `seq`, gapless within an epoch. */
interface Sequenced { seq?: number }

export interface Events {
  comment: Comment & { t: "comment" };
  sold: { t: "sold"; name: string; sku: string; qty: number };
  likes: { t: "likes"; total: number };
  online: { t: "online"; now: number; total: number };
  stock: { t: "stock"; sale: string; left: number; held: number; sold: number; ver: number };
  phase: Sequenced & {
    t: "phase"; phase: Phase; at: number; cancelled?: boolean; reason?: string;
  };
  shelf: Sequenced & { t: "shelf"; put?: Product; remove?: string; total?: number };
  /** Without `before`, or where that is not known, it stands at the end. */
  shelf_moved: Sequenced & { t: "shelf_moved"; sku: string; before?: string };
  pin: Sequenced & { t: "pin"; sku: string | null };
  sale: Sequenced & { t: "sale"; sale: Sale };
  draw: Sequenced & { t: "draw"; sale: string; seed: string; entries: number };
  /** Without `comment` none is pinned. */
  comment_pin: { t: "comment_pin"; ver: number; comment?: Comment };
  removed: Sequenced & { t: "removed"; id?: string; user?: string };
  notice: Sequenced & { t: "notice"; text: string };
  room: Sequenced & {
    t: "room"; slow_s: number; followers_only?: boolean; selling?: boolean; group?: string;
    /** Absent, like the next, from a server of the version before. */
    title?: string; scheduled?: number; stream_url?: string; embed_url?: string; cover?: string;
    draft?: boolean; time_zone?: string;
  };
  /** Somebody began to send the picture: it can be got now, or got anew. */
  picture: Sequenced & { t: "picture"; at: number };
  question: Sequenced & { t: "question"; question: Question };
  coupon: Sequenced & { t: "coupon"; coupon: Coupon };
  poll: Sequenced & { t: "poll"; poll: Poll };
  lucky: Sequenced & { t: "lucky"; lucky: Lucky };
  auction: Sequenced & { t: "auction"; auction: Auction };
  claims: { t: "claims"; coupon: string; claimed: number; used: number; ver: number };
  votes: { t: "votes"; poll: string; votes: number[]; ver: number };
  entries: { t: "entries"; lucky: string; entries: number };
  bids: {
    t: "bids"; auction: string; price: number; bids: number; bidders: number; ends: number;
    leader: string; paddle: number; reserve?: "unmet" | "met"; ver: number;
  };
  followers: { t: "followers"; total: number };
  reserved: { t: "reserved"; total: number };
  /** What the shop's own system tells: `data` is whatever it sent. */
  custom: Sequenced & { t: "custom"; name: string; data?: Value };
  /** The newest value of a name and item, in `custom_values`; without `data` it was taken away. */
  custom_latest: {
    t: "custom_latest"; name: string; item?: string; data?: Value; ver: number; at: number;
  };
  custom_sample: { t: "custom_sample"; name: string; data?: Value };
  /** To its owner alone. */
  claim: { t: "claim"; claim: Claim };
  /** To who reserved or follows, whatever room they are in: that room goes live. */
  announce: {
    t: "announce"; room: string; title: string; host: string; host_name: string;
    why: "reserved" | "follow";
  };
  /** To the same people: that room was cancelled. */
  called_off: {
    t: "called_off"; room: string; title: string; host: string; host_name: string;
    why: "reserved" | "follow"; reason?: string;
  };
  /** To the user alone whom the host made a moderator of this room, or a viewer again. */
  role: { t: "role"; role: "moderator" | "viewer" };
  /** To host and moderators alone, like the next five. */
  asks: { t: "asks"; counts: Record<string, number> };
  queue: { t: "queue"; questions: Question[] };
  review: { t: "review"; held: HeldComment[]; total: number };
  /** So many reported things wait; `reports()` reads them. */
  reports: { t: "reports"; total: number };
  /** What is planned changed; `send("rundown")` reads it. */
  rundown: { t: "rundown"; ver: number };
  /** The lines that the host's team puts on the host's screen. */
  prompts: { t: "prompts"; prompts: Prompt[] };
  /** To the buyer alone. */
  order: { t: "order"; order: Order };
  /** To the muted user alone; 0: lifted. */
  muted: { t: "muted"; until: number };
  /** So many comments were left out for this viewer since the last `gap`. */
  gap: { t: "gap"; comments: number };
}

export type Delivery = "must" | "latest" | "sample";
export type Status = "idle" | "connecting" | "joined" | "waiting" | "closed";
/** What a `change` was about; "all" after each join. */
export type Part =
  | "all" | "phase" | "picture" | "online" | "likes" | "settings" | "pin" | "notice" | "shelf" | "sales"
  | "comments" | "pinned_comment" | "orders" | "muted" | "questions" | "coupons" | "poll" | "lucky" | "auction"
  | "followers" | "reserved" | "mine" | "you" | "custom_values";

export interface StatusDetail {
  /** waiting: ms until the next attempt. */
  inMs?: number;
  attempt?: number;
  /** waiting: the WebSocket close code. closed: an error code, or "close_4xxx". */
  code?: number | string;
  reason?: string;
}

export interface Joined {
  /** Whether this was a return after a lost connection. */
  resumed: boolean;
  /** The missed must-events are no longer kept: the snapshot is all there is. */
  gap: boolean;
  /** Recent comments not heard before. */
  comments: Comment[];
  you: You;
}

export interface Listeners {
  status(status: Status, detail: StatusDetail): void;
  /** The server has become silent for longer than a network takes; false: it is heard again. */
  silence(silent: boolean): void;
  joined(detail: Joined): void;
  /** Once a frame, after the state has taken its events in: what to draw again. */
  change(parts: Set<Part>, state: RoomState): void;
  /** Every event, of every class. */
  event(event: Events[keyof Events], delivery: Delivery): void;
}

export interface RoomOptions {
  room: string;
  /** The server's base URL; the page's own if left out. */
  base?: string;
  /**
   * A JWT, or a function that gets one for each join; `ended` says that the last one was refused,
   * or is over, so that a kept one is no use. Left out, the session cookie of the
   * server's own pages counts; without that, one joins as a guest. It never goes into a URL.
   */
  token?: string | null | ((why: { ended: boolean }) => string | null | Promise<string | null>);
  encoding?: "json" | "msgpack";
  source?: Source;
  /**
   * Recent comments kept in the state, and never fewer than the snapshot brought; left out, 50, in a
   * fan group 200.
   */
  commentsMax?: number;
}

export class LiveroomError extends Error {
  /** A code of the protocol, or "disconnected", "timeout", "closed". */
  readonly code: string;
  readonly retryMs: number | null;
  /** The command was sent, so that its outcome is unknown. */
  readonly unanswered: boolean;
  constructor(code: string, message: string, retryMs?: number | null, unanswered?: boolean);
}

/** The reply to `join`; what is at its default is absent from `room` and `mine`. */
export interface Joining {
  room: Partial<RoomView> & Pick<
    RoomView, "room" | "title" | "host" | "host_name" | "phase" | "created">;
  orders?: Order[];
  mine?: Partial<Mine>;
  you: You;
  epoch: string;
  seq: number;
}

export class RoomState {
  room: RoomView | null;
  /** The viewer's own, newest first. */
  orders: Order[];
  mine: Mine;
  you: You | null;
  epoch: string | null;
  seq: number;
  mutedUntil: number;
  constructor(options?: { commentsMax?: number });
  reset(joined: Joining): void;
  /** The part that changed; null: none; "old": known already; "gap": must-events are missing. */
  apply(event: { t: string; seq?: number }): Part | null | "old" | "gap";
  /** All products of the shelf, read by REST; those of `gone` were removed meanwhile. */
  putShelf(products: WireProduct[], gone?: Set<string>): "shelf";
  putOrder(order: Order): "orders";
  putClaim(claim: Claim): "mine";
}

/** What was found for who asked; of a comment, only what applies. */
export interface Answer {
  /** The link that was asked for. */
  card?: Card;
  /** Questions like it that were answered before. */
  answers?: Question[];
  /** It joined the queue as this. */
  question?: Question;
  /** The comment waits for a moderator. */
  held?: boolean;
}

export interface BuyOptions {
  key?: string;
  claim?: string;
  /** The total that was shown, in minor units: an order that costs more is refused. */
  atMost?: number;
  withinMs?: number;
}

export interface RoomChanges {
  title?: string;
  scheduled?: number | null;
  stream_url?: string | null;
  embed_url?: string | null;
  cover?: string | null;
  /** A draft becomes public, for good. */
  draft?: false;
  /** An IANA name; it is never taken away. */
  time_zone?: string;
}

export interface CouponTerms {
  title: string;
  quota: number;
  currency: string;
  amount?: number;
  percent?: number;
  floor?: number;
  per_user?: number;
  audience?: Audience;
  starts_in_s?: number;
  lasts_s?: number;
  skus?: string[];
}

export class Room {
  readonly state: RoomState;
  readonly status: Status;
  /** How the room is reached just now: by HTTP where the network breaks WebSockets. */
  readonly transport: "websocket" | "http" | null;
  constructor(options: RoomOptions);

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void;
  on<K extends keyof Listeners>(name: K, listener: Listeners[K]): () => void;

  /** Connect and join. Later connections are made by themselves. */
  join(): Promise<{
    seq: number; epoch: string; you: You; room: object; orders: Order[]; mine?: Partial<Mine>;
  }>;
  /** Resolves once joined. */
  ready(): Promise<void>;
  close(): void;
  /** The server's clock, Unix ms. */
  now(): number;
  /** Fetch the rest of a long shelf into the state; then a `change` of "shelf". */
  readShelf(): Promise<void>;

  comment(text: string, options?: { replyTo?: string }): Promise<Answer & { id: string }>;
  report(about: About, kind: ReportKind, more?: { id?: string; text?: string }): Promise<object>;
  like(n?: number): Promise<object>;
  /** For the product's link, or with `text` a question about it. */
  ask(sku: string, text?: string): Promise<Answer>;
  /** Repeats itself under one key until the one true answer comes, or `withinMs` have passed. */
  buy(sale: string, qty?: number, options?: BuyOptions): Promise<Order>;
  buy(lines: { sale: string; qty: number }[], qty?: undefined,
      options?: BuyOptions): Promise<Order>;
  /** `where` it goes: an address of the own book, or where the shop's reference says. */
  pay(order: string, where?: { address?: string; deliver?: string }): Promise<Order>;
  cancel(order: string): Promise<Order>;
  orders(): Promise<Order[]>;
  /** The place in line, 1 is next; 0: something was offered at once, or the place was given up. */
  waitlist(sale: string, options?: { qty?: number; leave?: boolean }): Promise<number | null>;
  /** Repeats itself as `buy` does. */
  couponClaim(coupon: string, options?: { key?: string; withinMs?: number }): Promise<Claim>;
  vote(poll: string, option: number): Promise<void>;
  luckyEnter(lucky: string): Promise<void>;
  /** Bid up to `max`, never more than it takes; repeats itself as `buy` does. */
  bid(auction: string, max: number, options?: { key?: string; withinMs?: number }): Promise<Standing>;
  /** How many follow now. */
  follow(on?: boolean): Promise<number>;
  /** How many reserved. */
  reserve(on?: boolean): Promise<number>;
  /** The id of the group's room. */
  groupJoin(): Promise<string>;
  groupLeave(): Promise<string>;

  // The host's and the moderators'
  liveStart(): Promise<object>;
  liveEnd(options?: { selling?: boolean }): Promise<object>;
  /** Before the start. */
  liveCancel(reason?: string): Promise<object>;
  /** What is absent stays as it is, null clears it. */
  roomChange(changes: RoomChanges): Promise<object>;
  selling(on: boolean): Promise<object>;
  questionTake(question: string): Promise<Question>;
  questionAnswer(question: string, text: string): Promise<Question>;
  questionDrop(question: string): Promise<Question>;
  couponOpen(terms: CouponTerms): Promise<Coupon>;
  couponClose(coupon: string): Promise<Coupon>;
  pollOpen(question: string, options: string[], more?: { lasts_s?: number }): Promise<Poll>;
  pollClose(poll: string): Promise<Poll>;
  luckyOpen(title: string, prizes: number,
            more?: { audience?: Audience; lasts_s?: number }): Promise<Lucky>;
  luckyDraw(lucky: string): Promise<Lucky>;
  auctionOpen(terms: AuctionTerms): Promise<Auction>;
  /** It falls in `counter_bid_s` seconds, unless somebody bids. */
  auctionHammer(auction: string): Promise<Auction>;
  auctionCancel(auction: string, reason: string): Promise<Auction>;
  mute(user: string, seconds: number, options?: { shadow?: boolean }): Promise<object>;
  commentRemove(id: string): Promise<object>;
  commentKeep(id: string): Promise<object>;
  commentPin(id: string): Promise<object>;
  commentUnpin(): Promise<object>;
  wordsPut(words: string[], action: "block" | "hold"): Promise<object>;
  wordsRemove(words: string[]): Promise<object>;
  rules(change: { followers_only?: boolean; review?: "off" | "new" | "all" }): Promise<object>;
  reviewPass(id: string): Promise<object>;
  reviewDrop(id: string): Promise<object>;
  reports(): Promise<DeskReport[]>;
  reportSettle(thing: string, outcome: "dismissed" | "removed" | "muted",
               seconds?: number): Promise<object>;
  moderatorAdd(user: string): Promise<object>;
  moderatorRemove(user: string): Promise<object>;
  desk(): Promise<Desk>;

  ping(): Promise<number>;
  /** Any command of the protocol. */
  send(op: string, fields?: object): Promise<any>;
}

/** A new idempotency key. */
export function newKey(): string;
export const DELIVERY: Readonly<Record<string, Delivery>>;
