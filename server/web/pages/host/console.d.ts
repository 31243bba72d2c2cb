import type { Desk } from "../liveroom.js";
import type { Key } from "../ui/strings.js";

type After<Prefix extends string, Name extends string> =
  Name extends `${Prefix}${infer Rest}` ? Rest : never;

/** A number that there are words for. */
export type FigureName = After<"figures.", Key>;

/** The desk with everything that is at its default filled in. */
export interface DeskState extends Required<Desk> {
  /** How many comments wait; `held` has the first of them. */
  held_total: number;
}

