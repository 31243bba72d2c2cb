// A list that is put in order by hand: dragged by its handles with a mouse or a finger, or moved with
// the arrows while a handle has focus, which is said aloud.

import "./host-words.js";
import { h, icon } from "./dom.js";
import { say } from "./front.js";
import { t } from "./strings.js";

const EDGE_PX = 72; // so near to an edge of the window the page scrolls along
const SCROLL_PX = 14;

/**
 * A drag in progress.
 * @typedef {{row: HTMLElement, from: HTMLElement[], pointer: number}} Drag
 */

export class Ordering {
  /**
   * @param {HTMLElement} list its children are the rows, each with `data-key`
   * @param {(key: string, before: string) => Promise<unknown>} move puts one before another ("" = at
   *   the end); resolves with null if it was refused
   * @param {() => void} redraw draws the list as it is
   */
  constructor(list, move, redraw) {
    this.list = list;
    this.move = move;
    this.redraw = redraw;
    /** @type {Drag | null} */
    this.drag = null;
    /** @type {string} the row whose handle has focus when the list is drawn anew */
    this.focused = "";
  }

  /** Whether a row is in the hand: the list must not be drawn meanwhile. */
  get isBusy() {
    return this.drag !== null;
  }

  /**
   * The handle of a row.
   * @param {string} key
   * @param {string} name of what is moved
   */
  handle(key, name) {
    return h("button.drag-handle.icon-button", { type: "button", data: { handle: key },
      "aria-label": t("ordering.handle", { name }), title: t("ordering.handle", { name }),
      onkeydown: (event) => this.#onKey(event, key, name),
      onpointerdown: (event) => this.#take(event),
      onpointermove: (event) => this.#carry(event),
      onpointerup: (event) => this.#drop(event, name),
      onpointercancel: () => this.#cancel() }, icon("drag"));
  }

  /**
   * Draw the list anew; the handle that has focus, or moved its row, has it again.
   * @param {HTMLElement[]} rows
   */
  fill(rows) {
    const { activeElement: active } = document;
    const key = this.focused || (active instanceof HTMLElement && this.list.contains(active)
      ? active.dataset.handle ?? "" : "");
    this.focused = "";
    this.list.replaceChildren(...rows);
    if (!key) return;
    /** @type {HTMLElement | null | undefined} */
    const handle = this.#rows().find((row) => row.dataset.key === key)?.querySelector(".drag-handle");
    handle?.focus({ preventScroll: true });
  }

  #rows() {
    return /** @type {HTMLElement[]} */ ([...this.list.children].filter((row) =>
      row instanceof HTMLElement && row.dataset.key));
  }

  /** @type {(event: KeyboardEvent, key: string, name: string) => void} */
  #onKey(event, key, name) {
    const by = Number(event.key === "ArrowDown") - Number(event.key === "ArrowUp");
    if (!by) return;
    event.preventDefault();
    event.stopPropagation(); // the page has keys of its own
    const keys = this.#rows().map((row) => row.dataset.key ?? "");
    const at = keys.indexOf(key);
    const to = at + by;
    if (to < 0 || to >= keys.length) return;
    this.focused = key;
    this.#put(key, name, by < 0 ? keys[to] : keys[to + 1] ?? "", to);
  }

  /** @param {PointerEvent & {currentTarget: HTMLElement}} event */
  #take(event) {
    const row = event.currentTarget.closest("[data-key]");
    if (event.button !== 0 || !(row instanceof HTMLElement)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.drag = { row, from: this.#rows(), pointer: event.pointerId };
    row.classList.add("dragged");
  }

  /** @param {PointerEvent} event */
  #carry({ clientY, pointerId }) {
    if (this.drag?.pointer !== pointerId) return;
    const { row } = this.drag;
    if (clientY < EDGE_PX) scrollBy(0, -SCROLL_PX);
    if (clientY > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    // The others make way: a row that is taken out of the page and put back would be let go.
    /** @param {HTMLElement} other */
    const isBelow = (other) => {
      const { top, height } = other.getBoundingClientRect();
      return clientY < top + height / 2;
    };
    const rows = this.#rows();
    const at = rows.indexOf(row);
    for (const other of rows.slice(0, at).reverse()) {
      if (!isBelow(other)) break;
      row.after(other);
    }
    for (const other of rows.slice(at + 1)) {
      if (isBelow(other)) break;
      row.before(other);
    }
  }

  /** @type {(event: PointerEvent & {currentTarget: HTMLElement}, name: string) => void} */
  #drop({ currentTarget, pointerId }, name) {
    if (this.drag?.pointer !== pointerId) return;
    const { row, from } = this.drag;
    currentTarget.releasePointerCapture(pointerId);
    row.classList.remove("dragged");
    this.drag = null;
    const rows = this.#rows();
    const at = rows.indexOf(row);
    if (rows.every((other, i) => other === from[i])) return;
    this.#put(row.dataset.key ?? "", name, rows[at + 1]?.dataset.key ?? "", at);
  }

  #cancel() {
    this.drag?.row.classList.remove("dragged");
    this.drag = null;
    this.redraw();
  }

  /** @type {(key: string, name: string, before: string, place: number) => Promise<void>} */
  async #put(key, name, before, place) {
    const n = this.#rows().length;
    if (await this.move(key, before) === null) this.redraw();
    else say(t("ordering.moved", { name, place: place + 1, n }));
  }
}
