// What the REST routes answer, as far as the pages read it.

import type {
  Auction, DeskReport, Joining, Order, Parcel, Phase, Product, Question, ReportKind, RoleName,
  WireProduct, You,
} from "../liveroom.js";

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
  kind: "room" | "goods" | "host" | "answer" | "moment" | "note";
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

/** Why a row of the feed is there: `code`, with what its words need. */
export interface FeedReason {
  code: string; name?: string; title?: string; tag?: string;
}

export interface FeedRoom {
  kind: "room"; id: string; reason: FeedReason; link: string; title: string;
  host: string; host_name: string; started: number; online: number; cover?: string;
}

export interface FeedNote {
  kind: "note"; id: string; reason: FeedReason; link: string; title: string;
  author: string; author_name: string; published: number; likes: number; tags?: string[];
  picture?: { link: string; w: number; h: number }; room?: string;
}

export type FeedRow = FeedRoom | FeedNote;

/** `GET /v1/feed`; `page` names its rows when they are reported as seen. */
export interface FeedPage { rows: FeedRow[]; page: string; next: string | null }

/** What one wants to see less of. */
export interface Less { kind: "host" | "tag" | "note"; id: string; name: string; at: number }

/** `GET /v1/me/less`. */
export interface LessList { less: Less[] }

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
  started: number;
  ended: number;
  online: number;
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
  /** The path of what the buyer was shown. */
  moment: string;
}

/** Where an order goes: to an address, or where the shop's reference says. */
export interface Delivery {
  room: string; order: string; at: number; address?: Address; deliver?: string;
}

/** `GET /v1/me/deliveries`. */
export interface DeliveryList { deliveries: Delivery[] }

/** `GET …/to-send`: what one sender sends of an order. */
export interface Consignment {
  room: string; title: string; order: string; name: string; paid: number; moment: string;
  lines: { sale: string; sku: string; title: string; qty: number }[];
  delivery?: Delivery; parcels?: Parcel[]; asked_back?: boolean;
}

export interface ConsignmentsPage { orders: Consignment[]; next: string | null }

/** `POST …/parcels/import`. */
export interface TakenParcels {
  rows: number; sent: number; delivered: number; refused: number;
  errors: { row: number; code: string; msg: string }[];
}

/** `GET …/moment`: what the buyer of an order was shown. */
export interface OrderMoment {
  room: string; order: string; at: number; currency: string; phase: Phase;
  lines: { sale: string; sku: string; title: string; qty: number; price: number;
    product?: WireProduct; pinned?: boolean }[];
  pin?: WireProduct; second?: number; replay?: string;
}

/** What a buyer says of a product; `earlier` is the sku it is about, if that was replaced. */
export interface Review {
  review: string; sku: string; title: string; name: string; stars: number; at: number;
  text?: string; pictures?: string[]; changed?: number; answer?: string; answered?: number;
  earlier?: string;
}

/** `GET …/reviews` of a product. */
export interface ReviewsPage {
  count: number; average: number; by_stars: number[]; hidden: number; reviews: Review[];
  next: string | null;
}

/** The same for its author and the owner of the goods; `hidden` is why nobody else sees it. */
export interface OwnReview extends Review {
  room: string; order: string; sale: string; host: string; hidden?: string;
}

export interface OwnReviewsPage { reviews: OwnReview[]; next: string | null }

/** One of `GET /v1/reports`: who answers for it, and what was decided. */
export interface ReportedThing extends DeskReport {
  room: string; host: string; said: number; open: boolean;
  outcome?: string; note?: string; by?: string; decided?: number;
}

export interface ReportsPage { things: ReportedThing[]; open: number; next: string | null }

/** `GET /v1/reports/{thing}`. */
export interface ThingView {
  thing: ReportedThing;
  reports: { user: string; kind: ReportKind; text: string; at: number }[];
}

/** One of `GET /v1/words`. */
export interface ServerWord {
  id: string; word: string; form: "word" | "pattern"; action: "block" | "hold"; why: string;
  by: string; at: number;
}

export interface ServerWordsPage { words: ServerWord[]; total: number; next: string | null }

/** One of `GET /v1/actions`. */
export interface LoggedAction {
  at: number; by: string; what: string; room: string; user: string; ref: string;
  details: Record<string, unknown>;
}

export interface LogPage { actions: LoggedAction[]; next: string | null }

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

/** `GET /v1/rooms/{room}/replay/at`. */
export interface Moment {
  pin?: { product: WireProduct };
  notice?: string;
  question?: Question;
  auction?: Auction;
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
  /** How many wanted more than there was. */
  unmet: number;
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
  case: string; what: "unasked_refund" | "disputed" | "dispute_won" | "dispute_lost" | "failed";
  at: number; order: string; payment: string; amount: number; currency: string; reason?: string; room: string; host: string;
}

/** Where events are told: one of `GET /v1/webhooks`. `behind.since` in Unix ms, 0: nothing waits. */
export interface WebhookEndpoint {
  id: string; url: string; kinds: string[]; note: string; state: "active" | "paused" | "disabled";
  reason: string; ok_at: number;
  behind: { rooms: number; lines: number; failing: number; since: number };
}

/** What an owner is owed, in minor units. */
export interface Balance { pending: number; held: number; available: number; paying: number }

/** One of `GET /v1/hosts/{host}/statements`, and of merchants: one currency over a span. */
export interface Statement {
  owner: string; currency: string; from_ms: number; to_ms: number; opening: Balance;
  closing: Balance; debt: number;
  sums: { event: string; what: string; entries: number; amount: number }[];
}

/** An entry of an owner's accounts; `base` is the sum of which `amount` is a share. */
export interface StatementEntry {
  at: number; event: string; stage: keyof Balance; currency: string; amount: number; what?: string;
  room?: string; order?: string; sku?: string; base?: number; about?: string; reason?: string;
}

/** `GET /v1/hosts/{host}/statements/entries`, the newest first. */
export interface StatementEntries { entries: StatementEntry[]; next: string | null }

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

/** Units that a merchant grants a host. `product` is the sku on the shelf; `room` "": in all. */
export interface Allotment {
  allotment: string; merchant: string; sku: string; product: string; host: string; room: string;
  units: number; free: number; until: number; created: number; changed: number;
}

/** `GET /v1/hosts/{host}/allotments`. */
export interface AllotmentsPage { allotments: Allotment[]; next: string | null }

/** Whom to be in development mode. */
export interface DevSignIn { role: RoleName; user?: string; name: string }

/** A room or a note that everybody may see; its times in Unix ms. */
export interface ThingCard {
  kind: "room" | "note"; id: string; title: string; host: string; host_name: string; link: string;
  image?: string; phase?: Phase; scheduled?: number; started?: number; ended?: number;
}

/** A theme and its dates; 0: without. */
export interface TopicHead { topic: string; title: string; text: string; starts: number; ends: number }

/** `GET /v1/topics/{topic}`. */
export interface TopicView extends TopicHead { cards: ThingCard[] }

/** Of `GET /v1/ops/topics`. */
export interface OwnTopic extends TopicHead {
  things: { kind: "room" | "note"; id: string }[]; shown: boolean; made: number; changed: number;
  by: string;
}

/** `GET /v1/ops/topics`. */
export interface TopicsPage { topics: OwnTopic[]; next: string | null }

/** What an operator put in front; `topic` "": in the feed. */
export interface FeaturedSlot {
  slot: string; kind: "room" | "note"; id: string; host: string; topic: string; starts: number;
  ends: number;
}

/** Of `GET /v1/ops/featured`; `dropped` 0: it was not taken back. */
export interface OwnSlot extends FeaturedSlot { made: number; by: string; dropped: number }

/** `GET /v1/ops/featured`. */
export interface SlotsPage { slots: OwnSlot[]; next: string | null }

/** Of `GET /v1/featured`. */
export interface FeaturedCard { slot: FeaturedSlot; card: ThingCard }

/** What a source brought in a time; money by currency. */
export interface WeekNumbers {
  opened: number; people: number; guests: number; buyers: number; orders: number;
  paid: Record<string, number>; back: Record<string, number>;
}

/** The week that is on, the one before by then, and whole earlier weeks. */
export interface WeeksCompared { now: WeekNumbers; by_then: WeekNumbers; before: WeekNumbers[] }

/** A note or a search, and what it brought. */
export interface BroughtBy extends WeeksCompared {
  ref: string; title: string; author: string;
  bought: { sku: string; title: string; units: number; returned: number }[];
  buyers: { user: string; name: string; orders: number }[];
}

/** What people sought and did not find. */
export interface SoughtSearch {
  text: string; now: number; before: number[]; people: number;
  days: { starts: number; searches: number; empty: number }[];
}

/** `GET /v1/hosts/{host}/insights`. */
export interface InsightsView {
  zone: string; people_min: number; notes: BroughtBy[]; searches: BroughtBy[]; few: WeeksCompared;
  sought: SoughtSearch[];
}

/** Of `GET /v1/hosts/{host}/advice`. */
export interface AdviceLine {
  code: "best_hour" | "goods_asked" | "write_note" | "tell"; days: number; people: number;
  of?: number; hour?: number | null; sku?: string; title?: string; text?: string; bought?: number;
  streams?: number;
}

/** `GET /v1/hosts/{host}/advice`. */
export interface AdviceView { zone: string; followers: number; advice: AdviceLine[] }

/** Of `GET /v1/ops/searches`. */
export interface DaySearch {
  text: string; searches: number; empty: number; searches_before: number; empty_before: number;
  people: number;
}

/** `GET /v1/ops/searches`. */
export interface DaySearches {
  zone: string; starts: number; searches: DaySearch[]; next: string | null;
}
