// Mute and unmute, and sound that goes on while the page is not seen.

import { h, icon, iconButton } from "../ui/dom.js";
import { t } from "../ui/strings.js";

export class Sound {
  /**
   * @param {HTMLVideoElement} video
   * @param {{title: string, artist: string}} names shown on a phone's lock screen
   */
  constructor(video, names) {
    this.video = video;
    this.names = names;
    // Phones stop a picture that is not seen, and with it its sound; sound alone may go on.
    this.alone = h("audio", { hidden: true });
    this.button = iconButton("sound", t("watch.unmute"), () => this.#toggle(), { class: "player-sound" });
    video.muted = true; // the attribute alone does not mute an element made by script
    video.addEventListener("volumechange", () => this.#draw());
    video.addEventListener("pause", () => document.hidden && this.#goOn());
    this.onVisible = () => !document.hidden && this.#comeBack();
    document.addEventListener("visibilitychange", this.onVisible);
  }

  close() {
    document.removeEventListener("visibilitychange", this.onVisible);
    this.#rest();
  }

  #toggle() {
    this.video.muted = !this.video.muted;
    if (!this.video.muted) {
      this.#name();
      this.video.play().catch(() => { this.video.muted = true; });
    }
  }

  #draw() {
    const label = t(this.video.muted ? "watch.unmute" : "player.mute");
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    this.button.replaceChildren(icon(this.video.muted ? "mute" : "sound"));
  }

  #name() {
    if (!navigator.mediaSession) return;
    navigator.mediaSession.metadata = new MediaMetadata(this.names);
  }

  /** The page is hidden, and the browser has stopped the picture. */
  #goOn() {
    if (this.video.muted || this.video.ended) return;
    this.video.play().catch(() => {
      if (!this.video.srcObject) return;
      this.alone.srcObject = this.video.srcObject;
      this.alone.play().catch(() => {}); // this browser wants silence
    });
  }

  #comeBack() {
    this.#rest();
    if (this.video.paused && (this.video.srcObject || this.video.src)) {
      this.video.play().catch(() => {}); // the player offers a tap
    }
  }

  #rest() {
    this.alone.pause();
    this.alone.srcObject = null;
  }
}
