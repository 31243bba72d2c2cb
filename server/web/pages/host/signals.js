// Sound and vibration for orders and last units: off until asked for, made here, without files.

import { calm, h } from "../ui/dom.js";
import { say } from "../ui/front.js";
import { t } from "../ui/strings.js";

const KEPT = "liveroom.signals";
const LAST_UNITS = 3; // from so many left on, each sale once
const SAID_MS = 10_000; // orders of so long are said together
const GAP_MS = 1200; // between two signals of one kind: a rush must not become noise
/** @type {Record<Signal, {tones: [hz: number, at: number][], pattern: number[]}>} tones at s */
const SIGNALS = {
  order: { tones: [[660, 0], [880, 0.11]], pattern: [60] },
  last: { tones: [[520, 0], [520, 0.14], [390, 0.28]], pattern: [60, 60, 120] },
  prompt: { tones: [[440, 0]], pattern: [120] },
};

/**
 * @typedef {"order" | "last" | "prompt"} Signal
 * @typedef {"sound" | "vibration"} Way
 * @import { Sale } from "../liveroom.js"
 */

export class Signals {
  constructor() {
    /** @type {Record<Way, boolean>} */
    this.on = { sound: false, vibration: false, ...kept() };
    /** @type {AudioContext | null} */
    this.audio = null;
    /** @type {Partial<Record<Signal, number>>} */
    this.last = {};
    /** @type {Set<string>} sales of which the last units were told */
    this.told = new Set();
    this.unsaid = 0; // new orders
    /** @type {ReturnType<typeof setTimeout> | undefined} while it is set, one was said just now */
    this.resting = undefined;
    this.root = h("fieldset.signals", {}, h("legend", {}, t("signals.title")),
      this.#switch("sound"), this.#switch("vibration"), h("p.fine", {}, t("signals.hint")));
  }

  /**
   * Tell of new orders, to the ear and to a screen reader: at once, and in a rush from time to time.
   * @param {number} orders
   */
  tellOrders(orders) {
    this.give("order");
    this.unsaid += orders;
    if (!this.resting) this.#sayOrders();
  }

  #sayOrders() {
    this.resting = undefined;
    if (!this.unsaid) return;
    say(t("host.new_orders", { n: this.unsaid }));
    this.unsaid = 0;
    this.resting = setTimeout(() => this.#sayOrders(), SAID_MS);
  }

  /** @param {Way} way */
  #switch(way) {
    const canVibrate = way !== "vibration" || "vibrate" in navigator;
    const input = h("input", { type: "checkbox", name: way, checked: this.on[way], disabled: !canVibrate,
      onchange: () => {
        this.on[way] = input.checked;
        keep(this.on);
        if (input.checked) this.#give("order"); // so that one knows what it is like
      } });
    return h("label.switch", {}, input, h("span", {}, t(`signals.${way}`)));
  }

  /**
   * Something happened that the host wants to hear of; signals of one kind keep apart.
   * @param {Signal} signal
   */
  give(signal) {
    const now = Date.now();
    if (now - (this.last[signal] ?? 0) < GAP_MS) return;
    this.last[signal] = now;
    this.#give(signal);
  }

  /**
   * Look at the stock: the last units of each sale are told once, and again after it was restocked.
   * @param {Sale[]} sales
   */
  watch(sales) {
    for (const { sale, left, held, status, allocated } of sales) {
      const few = status === "open" && left + held > 0 && left <= LAST_UNITS && left < allocated;
      if (few && !this.told.has(sale)) this.give("last");
      if (few) this.told.add(sale);
      else if (left > LAST_UNITS) this.told.delete(sale);
    }
  }

  /** @param {Signal} signal */
  #give(signal) {
    const { tones, pattern } = SIGNALS[signal];
    if (this.on.sound) this.#play(tones);
    // Who asked for less motion is shaken by nothing.
    if (this.on.vibration && !calm()) navigator.vibrate?.(pattern);
  }

  /** @param {[hz: number, at: number][]} tones */
  #play(tones) {
    this.audio ??= new AudioContext();
    const { audio } = this;
    if (audio.state === "suspended") void audio.resume().catch(() => {}); // until the page is touched
    for (const [hz, at] of tones) {
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      const from = audio.currentTime + at;
      tone.frequency.value = hz;
      volume.gain.setValueAtTime(0.0001, from);
      volume.gain.exponentialRampToValueAtTime(0.12, from + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.1);
      tone.connect(volume).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.12);
    }
  }
}

/** @returns {Partial<Record<Way, boolean>>} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** @param {Record<Way, boolean>} on */
function keep(on) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(on));
  } catch {
    // Then it is asked for again next time.
  }
}
