// What fills the page behind everything: the poster, and over it the picture.
//
// The player is fetched when there is a picture to play.

import { h } from "../ui/dom.js";
import { embed, poster } from "../ui/poster.js";
import { t } from "../ui/strings.js";

/**
 * @import { RoomView } from "../liveroom.js"
 * @import { Player } from "../player/player.js"
 */

/** @param {RoomView} room */
function words({ phase, cancelled, cancel_reason: reason }) {
  if (cancelled) return reason ? t("watch.cancelled_for", { reason }) : t("watch.cancelled");
  if (phase === "ended") return t("watch.ended");
  return null; // before the start, the card of the room says when
}

/**
 * What there is to play: the room's own stream, what its host sends or sent, or nothing.
 * @param {RoomView} room
 */
function played({ phase, kind, stream_url: own, embed_url: embedded, picture }) {
  if (kind === "group" || phase === "scheduled") return "";
  if (phase === "live" && (own || embedded)) return own;
  return picture ? phase : "";
}

export class Stage {
  constructor() {
    this.root = h("div.stage");
    this.controls = h("div.stage-controls");
    this.shown = "";
    this.played = "";
    this.picture = 0;
    /** @type {Player | null} */
    this.player = null;
    this.at = 0; // of a recording, ms since the start
  }

  /** @param {RoomView} room */
  draw(room) {
    const { phase, stream_url, embed_url, title, kind, cover, scheduled } = room;
    const now = [phase, stream_url, embed_url, title, kind, cover, scheduled].join("\n");
    if (now !== this.shown) {
      this.shown = now;
      this.#drawBehind(room);
    }
    const play = played(room);
    if (play !== this.played) {
      this.played = play;
      void this.#play(room);
    } else if (room.picture !== this.picture) this.player?.retryNow();
    this.picture = room.picture;
  }

  /**
   * Show the recording from a moment on.
   * @param {number} ms since the start
   */
  seek(ms) {
    if (ms === this.at) return;
    this.at = ms;
    this.player?.restart();
  }

  /** @param {RoomView} room */
  #drawBehind(room) {
    const line = words(room) && h("p.poster-note", {}, words(room));
    const behind = room.phase === "live" && room.embed_url && !room.stream_url ? embed(room)
      : poster(room, line);
    this.root.querySelector(":scope > :not(.player)")?.remove();
    if (room.kind !== "group") this.root.prepend(behind); // a chat has no picture
  }

  /** @param {RoomView} room */
  async #play(room) {
    const wanted = this.played;
    this.player?.close();
    this.player = null;
    if (!wanted) return;
    const { playerOf } = await import("../player/watching.js");
    if (wanted !== this.played) return; // it changed meanwhile
    this.player = playerOf(room, () => this.at);
    this.root.append(this.player.root);
    this.controls.replaceChildren(this.player.controls);
    this.player.start();
  }
}
