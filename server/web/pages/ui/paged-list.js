// A list that is read from its beginning, and goes on by a page when somebody asks for more.

import { h, write } from "./dom.js";
import { writeAloud } from "./front.js";
import { t, whyNot } from "./strings.js";

/** @import { Child } from "./elements.js" */
/** @typedef {string | number} Place where a page begins, as the page before it said */

/** @template {{next: Place | null}} Page one of the answers of REST that come in pages */
export class PagedList {
  #reading = 0; // the newest reading; the answers of older ones are dropped
  /** @type {Place | null} */
  #next = null;

  /**
   * @param {(from: Place | null) => Promise<Page>} ask for a page; null: the first
   * @param {(page: Page) => HTMLElement[]} rowsOf
   * @param {{list: HTMLElement, none: HTMLElement, words?: string, name?: string}} look
   *   `none` is shown where there is nothing; `words` and `name` are of the button for more
   */
  constructor(ask, rowsOf, { list, none, words = t("more"), name = "more" }) {
    this.ask = ask;
    this.rowsOf = rowsOf;
    this.list = list;
    this.none = none;
    none.hidden = true;
    this.trouble = h("p.fine");
    this.more = h("button.plain.wide", { type: "button", hidden: true, data: { do: name },
      onclick: () => this.#page() }, words);
    /** @type {Child[]} */
    this.parts = [none, list, this.trouble, this.more];
  }

  /** How many rows are shown. */
  get shown() { return this.list.children.length; }

  /** Read from the beginning, in the place of what is shown. */
  async read() {
    this.#next = null;
    await this.#page();
  }

  async #page() {
    const mine = (this.#reading += 1);
    const from = this.#next;
    this.more.disabled = true;
    try {
      const page = await this.ask(from);
      if (mine !== this.#reading) return;
      if (from === null) this.list.replaceChildren();
      this.list.append(...this.rowsOf(page));
      this.none.hidden = this.list.children.length > 0;
      this.#next = page.next;
      this.more.hidden = page.next === null;
      write(this.trouble, "");
    } catch (error) {
      if (mine !== this.#reading) return;
      writeAloud(this.trouble, whyNot(error));
      this.more.hidden = false; // it tries the same page again
    } finally {
      if (mine === this.#reading) this.more.disabled = false;
    }
  }
}

/**
 * All pages, one after the other.
 * @template {{next: Place | null}} Page
 * @param {(from: Place | null) => Promise<Page>} ask for a page; null: the first
 * @returns {AsyncGenerator<Page>}
 */
export async function* everyPage(ask) {
  /** @type {Place | null} */
  let next = null;
  do {
    const page = await ask(next);
    yield page;
    next = page.next;
  } while (next !== null);
}
