import type { Shop } from "../ui/product.js";

/** What is done again by itself after signing in; "tap": the viewer is asked to tap again. */
export type Again = "follow" | "reserve" | "tap";

/** What the parts of the viewer page may ask of it. */
export interface Page extends Shop {
  isGuest(): boolean;
  /** Whether one has to sign in first, and is asked to; `again`: what for. */
  needSignIn(again?: Again): boolean;
  /** The replay was read: there is one. */
  onReplay(): void;
}

/** A part that follows the room. */
export interface Drawn { root: HTMLElement; draw(): void }
