// What the REST routes about merchants answer, as far as the page reads it.

import type { Proof } from "../liveroom.js";

/** One of `GET /v1/me/merchants`. */
export interface OwnMerchant {
  merchant: string;
  name: string;
  state: "active" | "paused";
  role: "owner" | "staff";
}

/** Where the units of a variant are: stock + allotted + sold + returned = received. */
export interface Units {
  received: number;
  stock: number;
  allotted: number;
  sold: number;
  returned: number;
}

export interface Variant {
  sku: string;
  price: number;
  currency: string;
  options: Record<string, string>;
  image: string | null;
  weight: number | null;
  units: Units;
}

export interface Goods {
  merchant: string;
  goods: string;
  version: number;
  state: "active" | "withdrawn";
  title: string;
  tags: string[];
  changed: number;
  variants: Variant[];
  description: string;
  image: string | null;
  url: string | null;
  points: string[];
  flaws: string[];
  proofs: Proof[];
}

/** `GET /v1/merchants/{merchant}/goods`. */
export interface GoodsPage { goods: Goods[]; next: string | null }

export interface Member { user: string; role: "owner" | "staff"; added: number }

export interface RowError { row: number; field: string; code: string; msg: string }

/** What became of a file of goods. */
export interface ImportResult {
  rows: number;
  created: number;
  changed: number;
  unchanged: number;
  bad: number;
  errors: RowError[];
  stock_kept: number;
  dry: boolean;
}

/**
 * A tab of the page. A module of this folder makes it, and merchant.js lists it.
 * `read` is called whenever the tab is shown.
 */
export interface Tab {
  name: string;
  words: string;
  root: HTMLElement;
  read: () => Promise<unknown>;
}
