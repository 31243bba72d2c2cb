// What a page does again and again, in one way: reading, sampling, counting down.
//
// A hidden tab rests unless told not to. A run that fails makes the next ones come later, twice as
// late each time up to a minute; one that succeeds brings the usual pace back. A run that takes
// long delays the next one: two never run at once.

const BACK_OFF_MAX_MS = 60_000;

/**
 * @typedef {object} RepeatOptions
 * @property {boolean} [hidden] go on while the tab is hidden; else one run follows its return
 * @property {boolean} [aligned] run at whole multiples of the interval, so that all countdowns of a
 *   page change together and on the second
 */

/** One thing that is done every `everyMs` from `start()` until `stop()`. */
export class Repeat {
  /**
   * @param {number} everyMs
   * @param {() => unknown} run may return a promise; throwing or rejecting is a failure
   * @param {RepeatOptions} [options]
   */
  constructor(everyMs, run, { hidden = false, aligned = false } = {}) {
    this.everyMs = everyMs;
    this.run = run;
    this.hidden = hidden;
    this.aligned = aligned;
    this.failures = 0; // in a row
    this.on = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.running = false;
    this.onVisible = () => {
      if (!this.#rests() && this.on && !this.running) this.#soon(0);
    };
  }

  /**
   * Begin; a second start changes nothing. With `now` the first run is made at once.
   * @param {{now?: boolean}} [options]
   */
  start({ now = false } = {}) {
    if (this.on) return this;
    this.on = true;
    this.failures = 0;
    if (!this.hidden) document.addEventListener("visibilitychange", this.onVisible);
    if (now) this.#go();
    else this.#soon(this.#waitMs());
    return this;
  }

  /** End; a run on its way is finished, and none follows. */
  stop() {
    this.on = false;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  #rests() {
    return document.hidden && !this.hidden;
  }

  #waitMs() {
    if (this.failures) {
      const later = this.everyMs * 2 ** Math.min(this.failures, 20);
      return Math.max(this.everyMs, Math.min(later, BACK_OFF_MAX_MS));
    }
    return this.aligned ? this.everyMs - (Date.now() % this.everyMs) : this.everyMs;
  }

  /** @param {number} inMs */
  #soon(inMs) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#go(), inMs);
  }

  async #go() {
    if (this.#rests()) return; // `visibilitychange` wakes it
    this.running = true;
    try {
      await this.run();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      console.warn("What a page repeats has failed; it is tried again later.", error);
    }
    this.running = false;
    if (this.on) this.#soon(this.#waitMs());
  }
}
