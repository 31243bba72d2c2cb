import type { Shop } from "../ui/product.js";
import type { Reported } from "./report.js";

/** What is done again by itself after signing in; "tap": the viewer is asked to tap again. */
export type Again = "follow" | "reserve" | "say" | "tap";

/** What the parts of the viewer page may ask of it. */
export interface Page extends Shop {
  isGuest(): boolean;
  /** Whether one has to sign in first, and is asked to; `again`: what for. */
  needSignIn(again?: Again): boolean;
  /** Report this, or what is chosen then. */
  report(reported?: Reported): Promise<void>;
  /** The replay was read: there is one. */
  onReplay(): void;
  /** The replay shows another moment, ms since the start. */
  onMoment(ms: number): void;
}

/** A part that follows the room. */
export interface Drawn { root: HTMLElement; draw(): void }
