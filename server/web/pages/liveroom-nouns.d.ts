// The nouns of liveroom.d.ts: what stands in commands, replies and events.

export type Phase = "scheduled" | "live" | "ended";
export type SaleStatus = "scheduled" | "open" | "sold_out" | "closed";
export type OrderStatus =
  | "held" | "paid" | "cancelled" | "expired" | "returned" | "refund_due" | "refunded";
export type RoleName = "guest" | "viewer" | "merchant" | "moderator" | "host" | "admin";
export type SourceKind =
  | "note" | "search" | "group" | "follow" | "reservation" | "feed" | "share";

/** A stream, or a host's fan group. */
export type Kind = "stream" | "group";
/** Whom something is for. */
export type Audience = "all" | "followers" | "group" | "reserved";
export type QuestionStatus = "open" | "answering" | "answered" | "dropped";

/** What JSON and MessagePack can say. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** The newest value of a name and item that the shop's own system told. */
export interface CustomValue { name: string; item?: string; data: Value; ver: number; at: number }

export interface Source { kind: SourceKind; id?: string }

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
  /** The sku of the host's earlier product of which this is the newer version; "": none. */
  replaces: string;
  /** What shows that it is genuine. */
  proofs: Proof[];
  /** Who owns the goods, if it is not the host, and which goods they are; "": nobody else. */
  merchant: string;
  goods: string;
  /** Of which variant it is, such as size: M. */
  options: Record<string, string>;
}

/** A product as the server sends it: what is at its default is absent. */
export type WireProduct = Partial<Product> & Pick<Product, "sku" | "title" | "price" | "currency">;

/** `GET /v1/rooms/{room}/shelf` with `q`, `cursor` or `limit`. */
export interface ShelfPage { products: WireProduct[]; total: number; next: string | null }

export interface Proof {
  label: string;
  number?: string;
  /** Where it can be looked up. */
  url?: string;
}

/** What a product costs now, in minor units. */
export interface Deal {
  price: number;
  currency: string;
  /** The lowest price of 30 days, if the sale is below it. */
  was?: number;
  /** What two units cost, if one buyer may have two. */
  two?: number;
  /** Those that can be claimed now. */
  coupons?: Coupon[];
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
  /** Who owns the units; absent: the host. */
  merchant?: string;
  /** The ordinary sale of a product; absent: a flash sale. */
  kind?: "standing";
  /** The standing sale that the units came from, and go back to. */
  base?: string;
  /** What may stand struck through: the lowest price of 30 days, if it was higher. */
  was?: number;
}

export interface Order {
  order: string;
  room: string;
  user: string;
  name: string;
  status: OrderStatus;
  /** `returned` of the `qty` units have come back. */
  lines: { sale: string; sku: string; title: string; qty: number; price: number; returned?: number }[];
  total: number;
  currency: string;
  created: number;
  updated: number;
  hold_until: number;
  /** Made for somebody on the waiting list when units came back. */
  offer?: boolean;
  source?: Source;
  /** The claim that is used, what it is a claim of, and what `total` is less than the lines. */
  claim?: string;
  coupon?: string;
  off?: number;
  /** Bought in the host's fan group. */
  group?: boolean;
  /** Bought after the stream had ended. */
  replay?: boolean;
  /** It is void: nobody pays in a practice. */
  practice?: boolean;
  /** The part of `total` that is due back or was given back. */
  back?: number;
  /** When it was paid (Unix ms). */
  paid?: number;
  /** The newest request to give units back. */
  request?: ReturnRequest;
  /** On their way, or there. */
  parcels?: Parcel[];
  /** Won in this auction; with `offer` because those who bid more did not pay. */
  auction?: string;
  /** So much of its payment is disputed at the buyer's bank, which has not decided. */
  disputed?: number;
}

/** Units of an order, with whatever else the parcel holds; times in Unix ms. */
export interface Parcel {
  parcel: string;
  carrier: string;
  tracking: string;
  lines: { sale: string; qty: number }[];
  sent: number;
  delivered?: number;
  /** Who sent it, where it was not the host. */
  merchant?: string;
}

/** What only the server says of a comment's author: they bought what is pinned, follow the host,
 * belong to the fan group. */
export type Badge = "bought" | "fan" | "member";

export type ReturnReason =
  | "not_as_shown" | "damaged" | "wrong_item" | "size" | "late" | "changed_mind" | "other";

/** Nobody having answered by `due`, it is accepted. */
export interface ReturnRequest {
  status: "asked" | "accepted" | "declined" | "withdrawn";
  lines: { sale: string; qty: number }[];
  reason: ReturnReason;
  asked: number;
  at: number;
  due: number;
  note?: string;
  /** What the host said. */
  answer?: string;
}

/** The answer to who asked for the link. */
export interface Card {
  product: Product;
  /** How it was found. */
  by: "number" | "words" | "pin" | "sku";
  /** The sale that is open, or will be. */
  sale?: string;
}

/** The same question of many is one, `asked` by so many. */
export interface Question {
  question: string;
  /** "" if it is about no product. */
  sku: string;
  topic: string;
  text: string;
  user: string;
  name: string;
  asked: number;
  status: QuestionStatus;
  at: number;
  answer?: string;
  /** For the staff: the earlier stream that left it open, and what it was about there. */
  carried?: { room: string; title: string; sku: string };
  /** For the staff: the answer about the version that the product replaces. */
  earlier?: { sku: string; room: string; answer: string };
  /** The product or its sale gave the answer; for the staff: to all who asked. */
  source?: "product" | "sale";
  proofs?: Proof[];
  deal?: Deal;
}

/** `amount` off in minor units, or `percent` of the lines it is for. */
export interface Coupon {
  coupon: string;
  title: string;
  currency: string;
  quota: number;
  per_user: number;
  audience: Audience;
  status: "open" | "closed";
  starts: number;
  /** 0: until closed. */
  ends: number;
  claimed: number;
  used: number;
  ver: number;
  amount?: number;
  percent?: number;
  /** The least an order must cost. */
  floor?: number;
  /** For these products alone; absent: for all. */
  skus?: string[];
}

/** One coupon given to one user; `order` is the live order it is used in. */
export interface Claim {
  claim: string;
  coupon: string;
  user: string;
  at: number;
  order?: string;
}

/** `votes` counts the `options`, in their order. */
export interface Poll {
  poll: string;
  question: string;
  options: string[];
  votes: number[];
  status: "open" | "closed";
  starts: number;
  ends: number;
  ver: number;
}

/** The winners are the entrants whose SHA-1 of `seed`, a space and the user id is lowest. */
export interface Lucky {
  lucky: string;
  title: string;
  prizes: number;
  audience: Audience;
  status: "open" | "drawn";
  starts: number;
  /** 0: the host draws. */
  ends: number;
  seed_hash: string;
  entries?: number;
  seed?: string;
  entrants_hash?: string;
  winners?: { user: string; name: string }[];
}

export type AuctionStatus = "open" | "sold" | "unsold" | "cancelled";

/** One unit for the highest bidder. The next bid is `opening`, or `price + increment` after the first. */
export interface Auction {
  auction: string;
  sku: string;
  title: string;
  currency: string;
  status: AuctionStatus;
  opening: number;
  increment: number;
  /** A bid later than so many seconds before the end moves `ends`, but for sudden death. */
  counter_bid_s: number;
  /** How long whoever wins has to pay. */
  hold_s: number;
  starts: number;
  ends: number;
  /** A smaller one is older. */
  ver: number;
  /** What the leader pays as of now; absent before the first bid, as the next four are. */
  price?: number;
  bids?: number;
  bidders?: number;
  /** The leader's masked name, and their number among the bidders. */
  leader?: string;
  paddle?: number;
  /** Absent: there is none. */
  reserve?: "unmet" | "met";
  sudden_death?: boolean;
  merchant?: string;
  /** Why it was cancelled. */
  reason?: string;
}

/** Where a bidder stands after a bid. */
export interface Standing {
  auction: string;
  paddle: number;
  max: number;
  leads: boolean;
  price: number;
  ends: number;
  ver: number;
}

/** `GET /v1/rooms/{room}/auctions/{auction}`: what its host sees of it. */
export interface HostAuction {
  auction: Auction;
  /** 0: none. */
  reserve: number;
  /** What became of it. */
  unit: "open" | "held" | "paid" | "unsold";
  /** The highest first; `bid` is what they were brought to bid. */
  bidders: { paddle: number; name: string; bid: number; leads: boolean }[];
}

export interface AuctionTerms {
  sku: string;
  opening: number;
  increment: number;
  hold_s: number;
  lasts_s: number;
  reserve?: number;
  counter_bid_s?: number;
  sudden_death?: boolean;
}

/** What this viewer has done here. */
export interface Mine {
  following: boolean;
  reserved: boolean;
  /** Of the host's fan group. */
  member: boolean;
  claims: Claim[];
  /** The option chosen in the newest poll. */
  vote: number | null;
  /** Entered in the newest lucky draw. */
  lucky: boolean;
  /** The number and the maximum in the newest auction. */
  auction: { paddle: number; max: number } | null;
}

export interface HeldComment {
  id: string;
  user: string;
  name: string;
  text: string;
  ts: number;
  why: string;
}

export type About = "comment" | "user" | "product" | "review" | "room" | "note" | "note_comment";
export type ReportKind = "spam" | "abuse" | "hate" | "sexual" | "violence" | "fraud" | "counterfeit"
  | "illegal" | "minor" | "other";

/** A reported comment or user, as host and moderators see it; `id` is the comment's or user's. */
export interface DeskReport {
  thing: string;
  about: About;
  id: string;
  user: string;
  name: string;
  text: string;
  count: number;
  kinds: { [kind in ReportKind]?: number };
  /** The newest texts of those who reported it. */
  words: string[];
  opened: number;
  last: number;
  /** The note on which a `note_comment` stands. */
  of_note?: string;
}

export type RundownKind = "product" | "sale" | "poll" | "lucky" | "coupon" | "auction" | "note";

/** One thing that is planned for the stream. Fields at their default are absent. */
export interface RundownItem {
  item: string;
  kind: RundownKind;
  title: string;
  /** The fields of the command that one press sends. */
  does?: Record<string, unknown>;
  at?: number;
  lasts_s?: number;
  /** When it starts by the plan; absent where nothing says. */
  planned?: number;
  /** When it was done; absent: not yet. */
  done?: number;
}

/** A line of the host's team on the host's screen. */
export interface Prompt {
  prompt: string;
  user: string;
  name: string;
  text: string;
  at: number;
}

/** A saved answer of a host. */
export interface QuickReply { reply: string; text: string }

/** What only host and moderators see. Fields at their default are absent. */
export interface Desk {
  /** How many asked for the link, by sku; "" for no product. */
  asks?: Record<string, number>;
  queue?: Question[];
  held?: HeldComment[];
  blocked_words?: string[];
  held_words?: string[];
  followers_only?: boolean;
  review?: "off" | "new" | "all";
  moderators?: string[];
  muted?: { user: string; until: number; shadow?: boolean }[];
}

export interface Comment {
  id: string;
  user: string;
  name: string;
  /** "system": the shop's own system says it. */
  role: RoleName | "system";
  text: string;
  ts: number;
  badges?: Badge[];
  /** The comment that this one answers, and its author. */
  reply?: { id: string; user: string; name: string };
  /** Only its author and the room's staff see it. */
  shadow?: boolean;
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
  /** A picture to show before the start; "" if there is none. */
  cover: string;
  /** Only the host, moderators and admins may be here. */
  draft: boolean;
  /** Nobody is told of this room, and its orders are void. */
  practice: boolean;
  /** An IANA name, in which staff plans; "": each in their own. */
  time_zone: string;
  /** It ended without having started, for `cancel_reason`. */
  cancelled: boolean;
  cancel_reason: string;
  /** When somebody last began to send the picture, Unix ms; 0: nobody did. */
  picture: number;
  online: number;
  viewers: number;
  likes: number;
  slow_s: number;
  pin: string | null;
  notice: string;
  kind: Kind;
  /** The id of the host's fan group; "" if there is none. */
  group: string;
  followers: number;
  reserved: number;
  followers_only: boolean;
  /** What is on sale can be bought though the stream has ended. */
  selling: boolean;
  /** Those that are known: of a long shelf the pinned one, those on sale, and the first. */
  shelf: Product[];
  /** How many the shelf has; the others are fetched: `Room.readShelf`. */
  shelf_total: number;
  sales: Sale[];
  comments: Comment[];
  pinned_comment: Comment | null;
  coupons: Coupon[];
  /** The one being answered now. */
  question: Question | null;
  /** Those answered, oldest first. */
  answers: Question[];
  poll: Poll | null;
  lucky: Lucky | null;
  /** What the shop's own system told as `latest`, the last changed at the end. */
  custom_values: CustomValue[];
  auction: Auction | null;
}

export interface You {
  user: string;
  name: string;
  role: RoleName;
}
