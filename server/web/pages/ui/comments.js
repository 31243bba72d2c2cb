// The comment list: readable at 200 a second, flat in memory, and still under a finger.
//
// While it follows the end it shows every comment of a calm room; in a hot one it shows the newest
// few twice a second, and always one's own and the host's. A touch stops it: then everything kept
// can be read, up and down, and "n new" leads back to the end. Only a window of rows is in the
// page at any time.

import { calm, h, icon, write } from "./dom.js";
import { number } from "./format.js";
import { say } from "./front.js";
import { Repeat } from "./repeat.js";
import { t } from "./strings.js";

const KEPT_MAX = 400; // comments that can be scrolled back to
const ROWS_MAX = 80; // rows in the page while reading back
const ROWS_FOLLOWING = 24; // rows in the page while following
const CHUNK = 20; // rows added at once while reading back
const HOT_PER_S = 8; // from this rate on the list shows a choice
const HOT_SHOWN = 3; // how many of the choice at a time
const HOT_MS = 600; // and how often
const EDGE_PX = 60;

/**
 * @import { Comment, Events } from "../liveroom.js"
 * @import { Key } from "./strings.js"
 * @typedef {{comment: Comment, n: number}} Kept
 */

export class CommentList {
  /**
   * @param {{row?: (row: HTMLElement, comment: Comment) => void,
   *   always?: (comment: Comment) => boolean, act?: (comment: Comment) => void,
   *   hint?: Key}} [options] `row` adds to a row; `always` shows a comment also in a hot room;
   *   `act` hears of the comment that somebody tapped, or chose with the arrows and Enter
   */
  constructor({ row = () => {}, always = () => false, act, hint = "comment.hot" } = {}) {
    this.decorate = row;
    this.act = act;
    /** @type {HTMLElement | null} */
    this.chosen = null; // with the arrows
    this.always = always;
    /** @type {Key} */
    this.hint = hint;
    /** @type {Kept[]} */
    this.kept = []; // n rising by one
    this.n = 0;
    this.shownTo = 0; // every kept comment with a smaller n was shown or passed over
    this.paused = false;
    this.fresh = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.second = { count: 0, rate: 0 };
    this.rows = h("ol.rows", { data: { none: t("comment.none") } });
    this.view = h("div.comments-view", { tabindex: "0", role: "log", "aria-live": "off",
      "aria-label": act ? `${t("comment.list")} · ${t("comment.keys")}` : t("comment.list") },
    this.rows);
    this.pillWords = h("span");
    this.pill = h("button.pill", { type: "button", hidden: true, onclick: () => this.follow() },
      icon("down"), this.pillWords);
    this.heat = h("p.heat", { hidden: true });
    this.root = h("div.comments", {}, this.view, this.heat, this.pill);
    this.#listen();
  }

  #listen() {
    const pause = () => this.pause();
    this.view.addEventListener("pointerdown", pause, { passive: true });
    this.view.addEventListener("wheel", pause, { passive: true });
    this.view.addEventListener("keydown", (event) => {
      if (["ArrowUp", "PageUp", "Home"].includes(event.key)) this.pause();
      if (event.key === "End") this.follow();
      if (this.act && ["ArrowUp", "ArrowDown"].includes(event.key)) {
        event.preventDefault();
        this.#choose(event.key === "ArrowUp" ? -1 : 1);
      }
      if (event.key === "Enter") this.#actOn(this.chosen ?? this.shown().at(-1));
    });
    this.view.addEventListener("click", ({ target }) =>
      this.#actOn(target instanceof Element ? target.closest("li") : null));
    this.view.addEventListener("scroll", () => this.paused && this.#scrolled(), { passive: true });
    // What comes and goes around the list changes its height: the end stays in sight.
    new ResizeObserver(() => {
      if (!this.paused) this.view.scrollTop = this.view.scrollHeight;
    }).observe(this.view);
    new Repeat(1000, () => this.#tellHeat(), { hidden: true }).start();
  }

  /** @param {Element | null | undefined} row */
  #actOn(row) {
    const n = row instanceof HTMLElement ? Number(row.dataset.n) : 0;
    const kept = this.kept.find((entry) => entry.n === n);
    if (kept) this.act?.(kept.comment);
  }

  /**
   * The comment before (-1) or after (1) the one that is chosen, which is said aloud.
   * @param {number} by
   */
  #choose(by) {
    const rows = this.shown();
    const at = rows.findIndex((row) => row === this.chosen);
    const next = rows[at < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, at + by))];
    this.chosen?.classList.remove("chosen");
    this.chosen = next ?? null;
    next?.classList.add("chosen");
    next?.scrollIntoView({ block: "nearest" });
    if (next) say(next.textContent ?? "");
  }

  /**
   * What was said before one came: shown at once, and no sign of a hot room.
   * @param {Comment[]} comments
   */
  fill(comments) {
    for (const comment of comments) this.#keep(comment);
    if (!this.paused) this.follow();
  }

  /** @param {Comment} comment */
  #keep(comment) {
    if (this.kept.length === KEPT_MAX) this.kept.shift();
    this.kept.push({ comment, n: (this.n += 1) });
  }

  /** @param {Comment} comment */
  add(comment) {
    this.#keep(comment);
    this.second.count += 1;
    if (this.paused) {
      this.fresh += 1;
      this.#tellFresh();
    } else if (this.timer === undefined) {
      const hot = this.#rate() > HOT_PER_S && !this.always(comment);
      this.timer = setTimeout(() => this.#flush(), hot ? HOT_MS : 40);
    } else if (this.always(comment)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#flush(), 40);
    }
  }

  /**
   * The server left `n` comments out for this viewer: they count for how hot the room is.
   * @param {number} n
   */
  skip(n) {
    this.second.count += n;
  }

  /**
   * Take comments back, by id or by author.
   * @param {Pick<Events["removed"], "id" | "user">} event
   */
  remove({ id, user }) {
    this.kept = this.kept.filter(({ comment }) =>
      (id ? comment.id !== id : comment.user !== user));
    for (const row of this.shown()) {
      if (id ? row.dataset.id === id : row.dataset.user === user) row.remove();
    }
  }

  clear() {
    this.kept = [];
    this.rows.replaceChildren();
  }

  /**
   * The rows in the page, the oldest first.
   * @returns {HTMLElement[]}
   */
  shown() {
    return [...this.rows.querySelectorAll("li")];
  }

  /** @param {number} max */
  #dropOldest(max) {
    while (this.rows.childElementCount > max) this.rows.firstElementChild?.remove();
  }

  /** Comments in the last second, or so far in this one if they are more. */
  #rate() {
    return Math.max(this.second.rate, this.second.count);
  }

  #tellHeat() {
    this.second = { count: 0, rate: this.second.count };
    this.heat.hidden = this.paused || this.second.rate <= HOT_PER_S;
    if (!this.heat.hidden) write(this.heat, t(this.hint, { n: number(this.second.rate) }));
  }

  #tellFresh() {
    this.pill.hidden = this.fresh === 0;
    const words = t("comment.new", { n: this.fresh > 999 ? "999+" : this.fresh });
    write(this.pillWords, words);
  }

  #flush() {
    this.timer = undefined;
    if (this.paused) return;
    const waiting = this.#after(this.shownTo);
    const hot = waiting.length > HOT_SHOWN + 1 && this.#rate() > HOT_PER_S;
    const newest = this.n - HOT_SHOWN;
    const chosen = hot
      ? waiting.filter(({ comment, n }) => n > newest || this.always(comment)).slice(-2 * HOT_SHOWN)
      : waiting.slice(-ROWS_FOLLOWING);
    this.shownTo = this.n;
    const before = this.rows.offsetHeight;
    this.rows.append(...chosen.map((entry) => this.#row(entry)));
    const grown = this.rows.offsetHeight - before;
    this.#dropOldest(ROWS_FOLLOWING);
    this.view.scrollTop = this.view.scrollHeight;
    if (!calm() && grown > 0) {
      this.rows.animate([{ transform: `translateY(${grown}px)` }, { transform: "none" }],
        { duration: 180, easing: "cubic-bezier(.2,.8,.2,1)" });
    }
  }

  /**
   * What was kept after the comment `n`.
   * @param {number} n
   */
  #after(n) {
    const first = this.kept.length && this.kept[0].n;
    // n is gapless except where comments were taken back, so this lands at or before the place.
    let at = Math.max(0, Math.min(this.kept.length, n + 1 - first));
    while (at > 0 && this.kept[at - 1].n > n) at -= 1;
    return this.kept.slice(at);
  }

  /** @param {Kept} kept */
  #row({ comment, n }) {
    const { role: by } = comment;
    const role = by === "host" || by === "moderator" || by === "admin" || by === "system"
      ? h("span.role", {}, t(`role.${by}`)) : null;
    const badges = (comment.badges ?? []).map((badge) =>
      h("span.author-badge", { data: { badge } }, t(`badge.${badge}`)));
    const row = h("li.comment", { data: { id: comment.id, user: comment.user, n: String(n) } },
      h("p", {}, role, badges, h("bdi.name", { vars: { "--name-hue": String(hue(comment.user)) } },
        comment.name), comment.reply && h("bdi.reply-to", {}, `@${comment.reply.name}`),
      h("bdi.said", {}, comment.text)));
    if (this.always(comment)) row.classList.add("dear");
    this.decorate(row, comment);
    return row;
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.fresh = this.n - this.shownTo;
    this.root.classList.add("paused");
    this.heat.hidden = true;
    this.#tellFresh();
    // A hot room showed only a choice: bring what lay between, so that there is something to read.
    if (this.view.scrollHeight <= this.view.clientHeight) this.#earlier();
    // In a quiet room with nothing to scroll a touch must not stop the list for ever.
    if (this.view.scrollHeight <= this.view.clientHeight) this.follow();
  }

  /** Back to the end. */
  follow() {
    this.paused = false;
    this.fresh = 0;
    this.chosen?.classList.remove("chosen");
    this.chosen = null;
    this.root.classList.remove("paused");
    this.#tellFresh();
    const missed = this.#after(this.shownTo).slice(-ROWS_FOLLOWING);
    if (missed.length === ROWS_FOLLOWING) this.rows.replaceChildren();
    this.rows.append(...missed.map((entry) => this.#row(entry)));
    this.shownTo = this.n;
    this.#dropOldest(ROWS_FOLLOWING);
    this.view.scrollTop = this.view.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.view;
    if (scrollTop < EDGE_PX) this.#earlier();
    else if (scrollHeight - scrollTop - clientHeight < EDGE_PX) this.#later();
  }

  #earlier() {
    const first = Number(this.shown()[0]?.dataset.n ?? 0);
    const found = this.kept.filter(({ n }) => n < first).slice(-CHUNK);
    if (!found.length) return;
    const before = this.view.scrollHeight;
    this.rows.prepend(...found.map((entry) => this.#row(entry)));
    this.view.scrollTop += this.view.scrollHeight - before;
    for (const row of this.shown().slice(ROWS_MAX)) {
      this.shownTo = Math.min(this.shownTo, Number(row.dataset.n) - 1);
      row.remove();
    }
  }

  #later() {
    const found = this.#after(this.shownTo).slice(0, CHUNK);
    if (!found.length) {
      const { scrollTop, scrollHeight, clientHeight } = this.view;
      if (scrollHeight - scrollTop - clientHeight < 4) this.follow();
      return;
    }
    this.rows.append(...found.map((entry) => this.#row(entry)));
    this.shownTo = found[found.length - 1].n;
    this.fresh = this.n - this.shownTo;
    this.#tellFresh();
    const before = this.view.scrollHeight;
    this.#dropOldest(ROWS_MAX);
    this.view.scrollTop -= before - this.view.scrollHeight;
  }
}

/**
 * A person's name keeps its colour.
 * @param {string} user
 */
function hue(user) {
  let hash = 0;
  for (const char of user) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return (hash * 137) % 360; // the golden angle: neighbours in the list differ
}
