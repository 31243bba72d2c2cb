// Types of liveroom.js. Money is an integer in the currency's minor unit, times are Unix ms.

export type Phase = "scheduled" | "live" | "ended";
export type SaleStatus = "scheduled" | "open" | "sold_out" | "closed";
export type OrderStatus =
  | "held" | "paid" | "cancelled" | "expired" | "returned" | "refund_due" | "refunded";
export type RoleName = "guest" | "viewer" | "moderator" | "host" | "admin";
export type SourceKind =
  | "note" | "search" | "group" | "follow" | "reservation" | "feed" | "share";

export interface Product {
  sku: string;
  title: string;
  price: number;
  currency: string;
  /** "" if there is none. */
  image: string;
  url: string;
  /** Why to want it. */
  points: string[];
  /** What to know before buying. */
  flaws: string[];
}

/** `left + held + sold === allocated`, always. A smaller `ver` is older. */
export interface Sale {
  sale: string;
  sku: string;
  title: string;
  price: number;
  currency: string;
  status: SaleStatus;
  per_user: number;
  hold_s: number;
  starts: number;
  /** 0: open end. */
  ends: number;
  allocated: number;
  left: number;
  held: number;
  sold: number;
  ver: number;
  /** Until then buys are gathered and drawn; absent: first come, first served. */
  fair_until?: number;
  draw_hash?: string;
}

export interface Order {
  order: string;
  room: string;
  user: string;
  name: string;
  status: OrderStatus;
  lines: { sale: string; sku: string; title: string; qty: number; price: number }[];
  total: number;
  currency: string;
  created: number;
  updated: number;
  hold_until: number;
  /** Made for somebody on the waiting list when units came back. */
  offer?: boolean;
}

export interface Comment {
  id: string;
  user: string;
  name: string;
  role: RoleName;
  text: string;
  ts: number;
}

export interface RoomView {
  room: string;
  title: string;
  host: string;
  host_name: string;
  phase: Phase;
  created: number;
  scheduled: number;
  started: number;
  ended: number;
  stream_url: string;
  embed_url: string;
  online: number;
  viewers: number;
  likes: number;
  slow_s: number;
  pin: string | null;
  notice: string;
  shelf: Product[];
  sales: Sale[];
  comments: Comment[];
}

export interface You {
  user: string;
  name: string;
  role: RoleName;
}

/** Must-events to the room carry `seq`, gapless within an epoch. */
interface Sequenced { seq?: number }

export interface Events {
  comment: Comment & { t: "comment" };
  sold: { t: "sold"; name: string; sku: string; qty: number };
  likes: { t: "likes"; total: number };
  online: { t: "online"; now: number; total: number };
  stock: { t: "stock"; sale: string; left: number; held: number; sold: number; ver: number };
  phase: Sequenced & { t: "phase"; phase: Phase; at: number };
  shelf: Sequenced & { t: "shelf"; put?: Product; remove?: string };
  pin: Sequenced & { t: "pin"; sku: string | null };
  sale: Sequenced & { t: "sale"; sale: Sale };
  draw: Sequenced & { t: "draw"; sale: string; seed: string; entries: number };
  removed: Sequenced & { t: "removed"; id?: string; user?: string };
  notice: Sequenced & { t: "notice"; text: string };
  room: Sequenced & { t: "room"; slow_s: number };
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
  | "all" | "phase" | "online" | "likes" | "slow_s" | "pin" | "notice" | "shelf" | "sales"
  | "comments" | "orders" | "muted";

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
   * A JWT, or a function that gets one for each join. Left out, the session cookie of the
   * server's own pages counts; without that, one joins as a guest. It never goes into a URL.
   */
  token?: string | null | (() => string | null | Promise<string | null>);
  encoding?: "json" | "msgpack";
  source?: { kind: SourceKind; id?: string };
  /** Recent comments kept in the state; 50 if left out, as many as a snapshot has. */
  commentsMax?: number;
}

export class LiveroomError extends Error {
  /** A code of the protocol, or "disconnected", "timeout", "closed". */
  readonly code: string;
  readonly retryMs: number | null;
  constructor(code: string, message: string, retryMs?: number | null);
}

export class RoomState {
  room: RoomView | null;
  /** The viewer's own, newest first. */
  orders: Order[];
  you: You | null;
  epoch: string | null;
  seq: number;
  mutedUntil: number;
  constructor(options?: { commentsMax?: number });
  reset(joined: { room: object; orders: Order[]; you: You; epoch: string; seq: number }): void;
  /** The part that changed; null: none; "old": known already; "gap": must-events are missing. */
  apply(event: { t: string; seq?: number }): Part | null | "old" | "gap";
  putOrder(order: Order): "orders";
}

export class Room {
  readonly state: RoomState;
  readonly status: Status;
  constructor(options: RoomOptions);

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void;
  on<K extends keyof Listeners>(name: K, listener: Listeners[K]): () => void;

  /** Connect and join. Later connections are made by themselves. */
  join(): Promise<{ seq: number; epoch: string; you: You; room: object; orders: Order[] }>;
  /** Resolves once joined. */
  ready(): Promise<void>;
  close(): void;
  /** The server's clock, Unix ms. */
  now(): number;

  comment(text: string): Promise<string>;
  like(n?: number): Promise<object>;
  /** Repeats itself under one key until the one true answer comes, or `withinMs` have passed. */
  buy(sale: string, qty?: number, options?: { key?: string; withinMs?: number }): Promise<Order>;
  buy(lines: { sale: string; qty: number }[], qty?: undefined,
      options?: { key?: string; withinMs?: number }): Promise<Order>;
  pay(order: string): Promise<Order>;
  cancel(order: string): Promise<Order>;
  orders(): Promise<Order[]>;
  ping(): Promise<number>;
  /** Any command of the protocol. */
  send(op: string, fields?: object): Promise<any>;
}

/** A new idempotency key. */
export function newKey(): string;
export const DELIVERY: Readonly<Record<string, Delivery>>;
