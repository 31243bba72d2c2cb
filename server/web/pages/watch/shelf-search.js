// A search in a long shelf: the server looks, because the page knows only a part of it.

import { h } from "../ui/dom.js";
import { productOf } from "../ui/product.js";
import { rest } from "../ui/session.js";
import { toast } from "../ui/sheet.js";
import { t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/** @import { Product, Room, ShelfPage } from "../liveroom.js" */

const WAIT_MS = 300;

export class ShelfSearch {
  #asked = 0; // the newest search; the answers of older ones are dropped
  /** @type {number | undefined} */
  #waiting = undefined;

  /**
   * @param {Room} room
   * @param {(found: Product[] | null) => void} show null: nothing is searched for
   */
  constructor(room, show) {
    this.room = room;
    this.show = show;
    this.field = h("input", { type: "search", maxlength: "200", enterkeyhint: "search",
      "aria-label": t("shelf.search"), placeholder: t("shelf.search"), oninput: () => {
        clearTimeout(this.#waiting);
        this.#waiting = setTimeout(() => this.again(), WAIT_MS);
      } });
    this.root = h("div.shelf-search", {}, this.field);
  }

  /** Show what is searched for, as it is now. */
  async again() {
    const text = this.field.value.trim();
    const mine = (this.#asked += 1);
    if (!text) return this.show(null);
    const view = viewOf(this.room);
    try {
      /** @type {ShelfPage} */
      const { products } = await rest("GET",
        `/v1/rooms/${encodeURIComponent(view.room)}/shelf?q=${encodeURIComponent(text)}`);
      if (mine === this.#asked) this.show(products.map((wire) => productOf(view, wire)));
    } catch (error) {
      toast(whyNot(error));
    }
  }
}
