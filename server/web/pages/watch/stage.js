// What fills the page behind everything: the stream, or the poster.

import { h, iconButton } from "../ui/dom.js";
import { day } from "../ui/format.js";
import { poster, stage } from "../ui/poster.js";
import { t } from "../ui/strings.js";

/** @import { RoomView } from "../liveroom.js" */

/** @param {RoomView} room */
function words({ phase, scheduled, cancelled, cancel_reason: reason }) {
  if (cancelled) return reason ? t("watch.cancelled_for", { reason }) : t("watch.cancelled");
  if (phase === "ended") return t("watch.ended");
  if (phase !== "scheduled") return null;
  return scheduled ? t("watch.soon_at", { when: day(scheduled) }) : t("watch.soon");
}

export class Stage {
  constructor() {
    this.root = h("div.stage");
    this.shown = "";
  }

  /** @param {RoomView} room */
  draw(room) {
    const { phase, stream_url, embed_url, title, kind, cover, scheduled } = room;
    const now = [phase, stream_url, embed_url, title, kind, cover, scheduled].join("\n");
    if (now === this.shown) return;
    this.shown = now;
    if (kind === "group") return this.root.replaceChildren(); // a chat has no picture
    const line = words(room) && h("p.poster-note", {}, words(room));
    const picture = phase === "live" ? stage(room) : poster(room, line);
    this.root.replaceChildren(picture);
    if (picture instanceof HTMLVideoElement) this.#offerSound(picture);
  }

  /** @param {HTMLVideoElement} video */
  #offerSound(video) {
    const sound = iconButton("sound", t("watch.unmute"), () => {
      video.muted = false;
      sound.remove();
    }, { class: "unmute" });
    this.root.append(sound);
  }
}
