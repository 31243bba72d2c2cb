// Which rows of the feed were really seen: half of a row, for a second. The server is told in batches.

import { rest } from "../ui/session.js";

const SEEN_MS = 1000;
const TELL_MS = 3000;
const PART = 0.5;

/** @typedef {{page: string, row: number}} Place of a row: the page that gave it, and which one it was */

export class Impressions {
  constructor() {
    /** @type {Map<Element, Place>} */
    this.places = new Map();
    /** @type {Map<Element, ReturnType<typeof setTimeout>>} */
    this.looking = new Map();
    /** @type {Map<string, number[]>} */
    this.untold = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#look(target, isIntersecting);
    }, { threshold: PART });
    document.addEventListener("visibilitychange", () => document.hidden && this.#tell());
  }

  /** @type {(card: Element, page: string, row: number) => void} */
  watch(card, page, row) {
    this.places.set(card, { page, row });
    this.observer.observe(card);
  }

  /** @type {(card: Element, isThere: boolean) => void} */
  #look(card, isThere) {
    clearTimeout(this.looking.get(card));
    this.looking.delete(card);
    if (isThere) this.looking.set(card, setTimeout(() => this.#seen(card), SEEN_MS));
  }

  /** @param {Element} card */
  #seen(card) {
    const place = this.places.get(card);
    if (!place || document.hidden) return;
    this.places.delete(card);
    this.looking.delete(card);
    this.observer.unobserve(card);
    this.untold.set(place.page, [...this.untold.get(place.page) ?? [], place.row]);
    this.timer ??= setTimeout(() => this.#tell(), TELL_MS);
  }

  #tell() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const told = [...this.untold];
    this.untold.clear();
    for (const [page, rows] of told) {
      // A newcomer's start depends on it, the viewer's page does not: nothing is said of a failure.
      rest("POST", "/v1/feed/seen", { page, rows }).catch((failed) =>
        console.warn("The server did not hear what was seen.", failed));
    }
  }
}
