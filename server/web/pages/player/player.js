// The picture: gets it, shows it, says in words how it stands, and gets it again when it is lost.

import "../ui/player-words.js";
import { everyTick, h, iconButton, write } from "../ui/dom.js";
import { say } from "../ui/front.js";
import { Repeat } from "../ui/repeat.js";
import { failureOf, t } from "../ui/strings.js";
import { fit } from "./fit.js";
import { Sound } from "./sound.js";
import { waysTo } from "./ways.js";

/** @import { PlayerOptions, PlayerState, Way } from "./picture.js" */
/** @import { Failure } from "../ui/failure.js" */

const FIRST_FRAME_MS_MAX = 8000;
const LOOK_MS = 500;
const STALLED_MS = 1500; // without progress
const LOST_MS = 6000;
const WAITS_S = [0.5, 1, 2, 4, 8, 15, 30]; // between tries; each a little longer or shorter
const STEADY_MS = 10_000; // after so long the next loss begins with the first wait again
/** @type {Record<string, "player.no_hls" | "player.no_way" | "player.blocked">} */
const HOPELESS = { no_hls: "player.no_hls", no_way: "player.no_way", blocked: "player.blocked" };

export class Player {
  /** @param {PlayerOptions} options */
  constructor(options) {
    this.options = options;
    this.video = h("video.player-video", { playsinline: true, autoplay: true,
      "aria-label": options.title });
    this.sound = new Sound(this.video, options);
    this.words = h("p.player-words");
    this.again = h("button.player-again", { type: "button", hidden: true,
      onclick: () => this.#byHand() });
    this.pip = iconButton("pip", t("player.pip"), () => this.#toggleWindow(), { class: "player-pip" });
    this.pip.hidden = !document.pictureInPictureEnabled;
    this.controls = h("div.player-controls", {}, this.sound.button, this.pip);
    this.root = h("div.player", { data: { state: "" } }, this.video,
      h("div.player-say", {}, this.words, this.again), this.sound.alone);
    /** @type {PlayerState | ""} */
    this.state = "";
    /** @type {Way | null} */
    this.way = null;
    /** @type {Failure | null} */
    this.why = null;
    this.isOver = false; // a stream has ended; what comes next is shown if it is live again
    this.tries = 0;
    this.retryAt = 0;
    this.run = new AbortController();
    this.steps = { at: -1, since: 0, begun: 0 }; // the picture's own clock, and when it last moved
    this.looks = new Repeat(LOOK_MS, () => this.#look());
    this.stopFitting = fit(this.root, this.video);
    this.onOnline = () => this.retryNow();
    addEventListener("online", this.onOnline);
    this.video.addEventListener("ended", () => this.#streamEnded());
    everyTick(this.words, () => this.#drawWords());
  }

  start() {
    void this.#get();
    return this;
  }

  /** There is a picture now, or a network: do not wait. */
  retryNow() {
    if (this.isOver || ["none", "retrying", "stalled"].includes(this.state)) this.restart();
  }

  /** Get the picture anew, whatever is shown. */
  restart() {
    this.tries = 0;
    this.#drop();
    void this.#get();
  }

  /** The stream is over, and nothing comes any more. */
  end() {
    this.#drop();
    this.#become("ended");
  }

  close() {
    this.#drop();
    this.looks.stop();
    this.sound.close();
    this.stopFitting();
    removeEventListener("online", this.onOnline);
    if (document.pictureInPictureElement === this.video) void document.exitPictureInPicture();
    this.root.remove();
    this.controls.remove();
  }

  /** How far the picture is behind, in ms; null if that can't be told. */
  async latency() {
    return this.state === "playing" && this.way ? this.way.latency() : null;
  }

  /** One try: each way in turn, until one shows a picture. */
  async #get() {
    const run = this.run = new AbortController();
    if (!this.isOver) this.#become("connecting");
    this.why = null;
    try {
      const sources = await this.options.find();
      if (run.signal.aborted) return;
      if (!sources.length) return this.#become("none");
      const ways = waysTo(sources);
      if (!ways.length) this.why = Object.assign(new Error("There is no way."), { code: "no_way" });
      for (const [source, open] of ways) {
        if (await this.#shows(run, (signal, lost) => open(source, this.video, signal, lost))) return;
        if (run.signal.aborted) return;
      }
    } catch (thrown) {
      this.why = failureOf(thrown);
    }
    if (!run.signal.aborted) this.#wait();
  }

  /**
   * Whether this way shows a picture. From then on it is watched.
   * @param {AbortController} run
   * @param {(signal: AbortSignal, lost: (why: unknown) => void) => Promise<Way>} open
   */
  async #shows(run, open) {
    const trial = new AbortController();
    const giveUp = () => trial.abort();
    run.signal.addEventListener("abort", giveUp);
    /** @type {(why: unknown) => void} */
    let lost = () => {};
    const gone = new Promise((_, reject) => { lost = reject; });
    gone.catch((thrown) => { // also long after the first frame
      this.why = failureOf(thrown);
      if (this.way && this.run === run) this.#lose();
    });
    try {
      const way = await Promise.race([open(trial.signal, lost), gone]);
      await Promise.race([this.#firstFrame(trial.signal), gone]);
      if (this.isOver && Number.isFinite(this.video.duration)) throw new Error("It has ended.");
      this.isOver = false;
      this.way = way;
      this.#watch();
      return true;
    } catch (thrown) {
      this.why = failureOf(thrown);
      trial.abort();
      return false;
    }
  }

  /** @param {AbortSignal} signal */
  async #firstFrame(signal) {
    const { video } = this;
    const frame = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(Object.assign(new Error("No picture came."),
        { code: "timeout" })), FIRST_FRAME_MS_MAX);
      const came = () => { clearTimeout(timer); resolve(undefined); };
      video.addEventListener("loadeddata", came, { once: true, signal });
      signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
    });
    video.play().catch((thrown) => {
      // A browser that saves power wants a tap even for a picture without sound.
      if (failureOf(thrown).name === "NotAllowedError") this.#become("tap");
    });
    await frame;
  }

  #watch() {
    const now = performance.now();
    this.steps = { at: -1, since: now, begun: now };
    this.looks.start({ now: true });
    if (this.state !== "tap") this.#become("playing");
  }

  /** Whether the picture moves. A hidden page does not look. */
  #look() {
    if (!this.way) return;
    const now = performance.now();
    const at = this.#step();
    const moved = at !== this.steps.at;
    if (moved || this.video.paused || document.hidden) {
      this.steps = { ...this.steps, at, since: now };
      if (moved && !this.video.paused) {
        this.#become("playing");
        if (now - this.steps.begun > STEADY_MS) this.tries = 0;
      }
    } else if (now - this.steps.since > LOST_MS) this.#lose();
    else if (now - this.steps.since > STALLED_MS) this.#become("stalled");
  }

  /** What grows while the picture moves. The clock of a WebRTC stream also goes on without frames. */
  #step() {
    return this.video.getVideoPlaybackQuality?.().totalVideoFrames || this.video.currentTime;
  }

  #lose() {
    this.#drop();
    this.#wait();
  }

  /** Let go of what there is, and of what is being tried: each way hears the signal. */
  #drop() {
    this.run.abort();
    clearTimeout(this.timer);
    this.looks.stop();
    this.way = null;
  }

  #wait() {
    const wait = WAITS_S[Math.min(this.tries, WAITS_S.length - 1)] * (0.8 + Math.random() * 0.4);
    this.tries += 1;
    this.retryAt = Date.now() + wait * 1000;
    this.#become(this.isOver ? "ended" : "retrying");
    this.timer = setTimeout(() => void this.#get(), wait * 1000);
  }

  #streamEnded() {
    if (this.options.isRecording) return this.end();
    if (!this.way) return;
    this.isOver = true; // it would begin anew; but the host may come back
    this.#lose();
  }

  #byHand() {
    if (this.state === "tap") {
      this.video.play().then(() => this.#become("playing"), () => {});
    } else this.retryNow();
  }

  async #toggleWindow() {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.video.requestPictureInPicture();
    } catch {
      // The browser would rather not, as before the first frame.
    }
  }

  /** @param {PlayerState} state */
  #become(state) {
    if (state === this.state) return;
    const before = this.state;
    this.state = state;
    this.root.dataset.state = state;
    this.controls.hidden = !["playing", "stalled"].includes(state);
    this.again.hidden = state !== "retrying" && state !== "tap";
    write(this.again, t(state === "tap" ? "player.tap" : "player.now"));
    this.#drawWords();
    // What is seen is not said; that it is gone, or is back, is.
    const isNews = state === "stalled" || state === "ended"
      || (state === "retrying" && before === "stalled") || (state === "playing" && before !== "connecting");
    if (isNews) say(this.words.textContent ?? "");
    this.options.onState?.(state);
  }

  #drawWords() {
    write(this.words, this.#text());
  }

  #text() {
    const { state } = this;
    if (!state || state === "none" || state === "tap") return "";
    if (state === "playing") return t(this.options.isRecording ? "player.replaying" : "player.playing");
    if (state !== "retrying") return t(`player.${state}`);
    const { code = "" } = this.why ?? {};
    const hopeless = HOPELESS[code];
    if (hopeless) return t(hopeless);
    const n = Math.max(1, Math.ceil((this.retryAt - Date.now()) / 1000));
    return t(code === "limit_reached" ? "player.full" : "player.retrying", { n });
  }
}
