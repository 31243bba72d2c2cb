// What the REST routes of the selection centre answer, as far as the pages read it.

/** How goods did in others' rooms; a share of too few orders is null. */
export interface Sample {
  rooms: number;
  hosts: number;
  placed: number;
  orders: number;
  units: number;
  returned: number;
  conversion: number | null;
  return_rate: number | null;
}

/** Units of a sku that a merchant granted a host; times in Unix ms. */
export interface Allotment {
  allotment: string;
  merchant: string;
  sku: string;
  product: string;
  host: string;
  room: string;
  units: number;
  free: number;
  until: number;
}

export interface AllotmentsPage {
  allotments: Allotment[];
  next: string | null;
}

export type Bearer = "host" | "merchant" | "platform";

export interface OfferedGoods {
  goods: string;
  version: number;
  title: string;
  tags: string[];
  image: string | null;
  description: string;
  points: string[];
  flaws: string[];
  variants: number;
  currency: string;
  price_min: number;
  price_max: number;
  stock: number;
}

/** An offer as a host finds it; its terms are null until the host is let in. */
export interface FoundOffer {
  merchant: string;
  merchant_name: string;
  offer: string;
  open_to: "all" | "invited";
  admitted: boolean;
  commission: number | null;
  discount: number | null;
  coupon: Bearer | null;
  starts: number;
  ends: number;
  note: string;
  goods: OfferedGoods;
  sample: Sample;
  pick: string | null;
}

/** `GET /v1/hosts/{host}/offers`. */
export interface FoundOffers { offers: FoundOffer[]; least_orders: number; next: number | null }

/** Why something is suggested; `part` says what the numbers are. */
export interface Reason {
  part: "audience" | "tags" | "sales" | "elsewhere";
  n: number;
  of?: number;
  units?: number;
  returned?: number;
  hosts?: number;
  tags?: string[];
}

/** `GET /v1/hosts/{host}/offers/suggested`. */
export interface SuggestedOffers {
  suggestions: { offer: FoundOffer; score: number; reasons: Reason[] }[];
}

/** `GET /v1/merchants/{merchant}/goods/{goods}/hosts`. */
export interface SuggestedHosts {
  suggestions: { host: string; name: string; score: number; reasons: Reason[] }[];
}

/** An offer as its merchant wrote it. */
export interface Offer {
  merchant: string;
  offer: string;
  version: number;
  goods: string;
  state: "open" | "closed";
  open_to: "all" | "invited";
  commission: number;
  discount: number;
  coupon: Bearer;
  starts: number;
  ends: number;
  note: string;
}

/** An offer, the title of its goods, and how many hosts picked it. */
export interface OwnOffer { offer: Offer; title: string; picks: number }

/** `GET /v1/merchants/{merchant}/offers`. */
export interface OwnOffers { offers: OwnOffer[]; next: number | null }

/** The terms of a pick, as they were when it was made. */
export interface Pick {
  pick: string;
  host: string;
  merchant: string;
  offer: string;
  goods: string;
  commission: number;
  fee: number;
  discount: number;
  coupon: Bearer;
  ends: number;
  picked: number;
  dropped: number;
}

/** A pick as its host sees it. */
export interface OwnPick {
  pick: Pick;
  title: string;
  newer: Offer | null;
  /** Why it can't be put on a shelf; "": it can. */
  over: string;
}

/** `GET /v1/hosts/{host}/picks`. */
export interface OwnPicks { picks: OwnPick[]; next: number | null }

/** `GET /v1/merchants/{merchant}/picks`. */
export interface MerchantPicks { picks: Pick[]; next: number | null }

export interface OfferRequest {
  request: string;
  kind: "ask" | "invite";
  merchant: string;
  host: string;
  offer: string;
  goods: string;
  sku: string;
  units: number;
  status: "asked" | "accepted" | "declined" | "withdrawn";
  text: string;
  answer: string;
  asked: number;
  changed: number;
}

/** Requests of a host or a merchant, both ways. */
export interface RequestsPage { requests: OfferRequest[]; next: number | null }

/** Picked goods on a room's shelf. */
export interface ShownPick {
  pick: string;
  merchant: string;
  goods: string;
  title: string;
  skus: string[];
  version: number;
  newest: number;
  over: string;
}

/** `GET /v1/rooms/{room}/picks`. */
export interface RoomPicks {
  picks: ShownPick[];
  left_out: { sku: string; title: string; why: string }[];
}
