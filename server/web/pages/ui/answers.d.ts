// What the REST routes answer, as far as the pages read it.

import type { Joining, Order, Phase, Product, Question, RoleName, You } from "../liveroom.js";

/** `GET /v1/session`. */
export interface Session {
  you: You | null;
  /** Development mode: anybody may sign in as anybody. */
  dev: boolean;
}

/** `GET /v1/rooms` has these; fields at their defaults are absent. */
export type RoomRow = Joining["room"];

/** Of `GET /v1/search`; matches are [from, to) in code points. */
export interface SearchResult {
  kind: "room" | "goods" | "host" | "answer" | "moment";
  id: string;
  room: string;
  title: string;
  matches?: [number, number][];
  text?: string;
  text_matches?: [number, number][];
  host: string;
  host_name: string;
  room_title: string;
  phase: Phase;
  scheduled?: number;
  price?: number | null;
  currency?: string;
  /** Where it is in the replay. */
  second?: number | null;
  link: string;
}

/** `GET /v1/search`; without `next` it is the last. */
export interface SearchPage { results: SearchResult[]; next?: string | null }

/** `GET /v1/rooms` with `phase` or `cursor`. */
export interface RoomsPage {
  rooms: RoomRow[];
  /** The cursor of the next page; null at the end. */
  next: string | null;
}

/** A room in a list of its host's; times are 0 while not known. */
export interface RoomSummary {
  room: string;
  title: string;
  scheduled: number;
  reserved: number;
  cover?: string;
  cancelled?: boolean;
}

/** A room of the host that is in no public list. */
export interface HiddenRoom {
  room: string;
  title: string;
  phase: Phase;
  scheduled: number;
  draft: boolean;
  practice: boolean;
  cover: string;
}

export interface Group {
  id: string;
  title: string;
  admits: "all" | "followers" | "buyers";
  members: number;
}

/** `GET /v1/hosts/{host}`. */
export interface HostView {
  host: string;
  name: string;
  followers: number;
  group: Group | null;
  rooms: Record<Phase, RoomSummary[]>;
  /** For the host and admins alone. */
  hidden?: HiddenRoom[];
}

/** `GET /v1/rooms/{room}/orders`: what changed after a place in the ledger. */
export interface OrdersPage {
  orders: Order[];
  at: number;
  /** Where more is; null at the end. */
  next: number | null;
}

/** An order with the room it was made in; `paid` in ms, 0 before. */
export interface Purchase {
  order: Order;
  host: string;
  title: string;
  kind: string;
  phase: Phase | "";
  paid: number;
  practice: boolean;
}

/** `GET /v1/me/orders` and `GET /v1/hosts/{host}/orders`. */
export interface PurchasesPage { orders: Purchase[]; next: string | null }

/** A host one follows, with the newest room; empty texts if there is none. */
export interface Followed {
  host: string; name: string; at: number; room: string; title: string; phase: Phase | "";
}

export interface Reserved {
  room: string; title: string; host: string; host_name: string; scheduled: number; at: number;
}

export interface Membership {
  room: string; title: string; host: string; host_name: string; at: number;
}

export interface ClaimedCoupon {
  claim: string; coupon: string; at: number; room: string; host: string; room_title: string;
  terms: {
    title: string; currency: string; amount: number; percent: number; floor: number; ends: number;
  };
  /** The order that uses it, or empty. */
  order: string;
}

/** `GET /v1/me`. */
export interface Me {
  user: string; name: string; role: RoleName; orders: number; addresses: number;
  follows: Followed[]; reservations: Reserved[]; groups: Membership[]; coupons: ClaimedCoupon[];
}

export interface Address {
  address: string; name: string; country: string; city: string; lines: string[]; region: string;
  postcode: string; phone: string;
}

/** `GET /v1/me/addresses`. */
export interface AddressList { addresses: Address[] }

/** One fact of docs/timeline.md: what was done, by whom, and what it was about. */
export interface Fact { k: string; by: string; at: number; [about: string]: unknown }

/** `GET /v1/rooms/{room}/actions`. */
export interface ActionsPage { actions: Fact[] }

export interface ReplayEntry { id: string; at: number; t: string; sku?: string; title?: string }

/** `GET /v1/rooms/{room}/replay`. */
export interface ReplayPage { entries?: ReplayEntry[]; next?: string | null }

/** A product whose fields may be at their defaults, and absent. */
export type WireProduct =
  Partial<Product> & Pick<Product, "sku" | "title" | "price" | "currency">;

/** `GET /v1/rooms/{room}/replay/at`. */
export interface Moment {
  pin?: { product: WireProduct };
  notice?: string;
  question?: Question;
  comments?: { name: string; text: string }[];
}

/** `GET /v1/rooms/{room}/luckies/{lucky}/entrants`. */
export interface Entrants { entrants: string[] }

/** A number, a share (null: nothing to divide by), or one by currency. */
export type Figure = number | null | Record<string, number | null>;
export type Amounts = Record<string, number>;

export interface Finding { code: string; params: Record<string, string | number>; text: string }

export interface FirstOrders { from_ms: number; below_ms: number | null; buyers: number }

export interface SourceRow {
  kind: string; orders: number; gmv: Amounts; viewers: number; buyers: number;
  conversion: number | null;
}

export interface ProductRow {
  sku: string; title: string; asks: number; asks_unpinned: number; asker_conversion: number | null;
  pinned_ms: number; units: number; units_pinned: number; gmv: Amounts; return_rate: number | null;
}

export interface PinRow {
  sku: string; title: string; from_ms: number; ms: number; units: number; gmv: Amounts;
  other_units: number; viewers: number; asks: number;
}

export interface CouponRow {
  coupon: string; title: string; quota: number; claimed: number; used: number; cost: Amounts;
}

/** `GET /v1/rooms/{room}/figures`; every number is defined in docs/metrics.md. */
export interface Figures {
  at_ms: number;
  /** null until it starts, or ends. */
  started_ms: number | null;
  ended_ms: number | null;
  numbers: Record<string, Figure> & { viewers: number; first_order_count: number };
  first_orders: FirstOrders[];
  sources: SourceRow[];
  products: ProductRow[];
  pins: PinRow[];
  coupons: CouponRow[];
  compared?: Record<string, { median: number | null; streams: number; change: number | null }>;
  findings: Finding[];
}

/** `GET /v1/hosts/{host}/figures`. */
export interface HostFigures {
  customers: number; repeat_customers: number; repurchase_rate: number | null;
  orders: number; units: number; return_rate: number | null;
  gmv_gross: Amounts; gmv_net: Amounts;
  average_order: Record<string, number | null>; lifetime_value: Record<string, number | null>;
  member_orders: number;
}

export interface GoodsRow {
  sku: string; title: string; streams: number; asks: number; asker_conversion: number | null;
  questions: number; units: number; gmv: Amounts; return_rate: number | null;
}

/** `GET /v1/hosts/{host}/goods`; `missing` streams are not in yet. */
export interface GoodsView { goods: GoodsRow[]; streams: number; missing: number }

export interface Customer {
  user: string; name: string; orders: number; spent: Amounts; first: number; last: number;
  follows: boolean; fan: boolean; member: boolean;
}

/** `GET /v1/hosts/{host}/customers`. */
export interface CustomersPage { customers: Customer[]; next: string | null }

/** `GET /v1/revenue`: sold orders placed on one day (UTC). */
export interface RevenueRow {
  day_ms: number; host?: string; currency: string; orders: number; units: number; gross: number;
  off: number; returned_orders: number; returned: number; net: number;
}

/** A payment that a person must look into: one of `GET /v1/cases`. */
export interface PaymentCase {
  case: string; what: "unasked_refund" | "disputed" | "failed"; at: number; order: string;
  payment: string; amount: number; currency: string; reason?: string; room: string; host: string;
}

/** One worker's figures of `GET /v1/ops`; lags in seconds. */
export interface WorkerReport {
  worker: string; at: number; started: number; connections: number; event_streams?: number; rooms: number;
  delivered: number; gap_fills: number; loop_lag_s: number; bus_lag_s: number;
}

/** A cause of errors that browsers reported; `at`: places in our own files, the innermost first. */
export interface PageErrorCount {
  page: string; kind: string; name: string; at: string[]; count: number; last: number;
}

/** `GET /v1/ops`. `redis` is null while it does not answer. */
export interface Operations {
  now: number;
  ready: boolean;
  why: string;
  workers: WorkerReport[];
  records: { at: string; ready: boolean; why: string; behind_s: number; archived: number } | null;
  redis: {
    program: string; version: string; ping_s: number; memory_bytes: number; clients: number;
    commands_per_s: number; durability: string;
  } | null;
  errors: { at: number; worker: string; logger: string; msg: string }[];
  page_errors: PageErrorCount[];
}

/** Whom to be in development mode. */
export interface DevSignIn { role: RoleName; user?: string; name: string }
