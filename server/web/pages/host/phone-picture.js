// The own picture on the host's phone: the camera's, or what viewers get of another.

import { h, icon, write } from "../ui/dom.js";
import { poster } from "../ui/poster.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { Player } from "../player/player.js"
 * @import { PictureBox } from "./picture.js"
 */

export class PhonePicture {
  /**
   * @param {Room} room
   * @param {PictureBox} box
   */
  constructor(room, box) {
    this.room = room;
    this.box = box;
    /** @type {Player | null} */
    this.player = null;
    this.opening = false;
    this.state = ""; // of the player
    this.isShown = false; // nothing is fetched for a picture at which nobody looks
    this.mirror = h("video.phone-own", { playsinline: true, autoplay: true, muted: true, hidden: true,
      "aria-label": t("picture.own") });
    this.mirror.muted = true;
    this.words = h("p.phone-words");
    this.turnOn = h("button.primary", { type: "button", data: { do: "phone-camera" },
      onclick: async () => (await box.openUp()).turnCameraOn() }, icon("play"), t("picture.camera_on"));
    this.send = h("button.primary", { type: "button", data: { do: "phone-send" }, hidden: true,
      onclick: () => box.live?.begin() });
    this.behind = h("div.phone-poster");
    this.root = h("div.phone-picture", {}, this.behind, this.mirror);
    this.start = h("div.phone-start", {}, this.words, this.turnOn, this.send);
  }

  draw() {
    const room = viewOf(this.room);
    if (!this.behind.firstChild) this.behind.append(poster(room));
    const { live } = this.box;
    const stream = live?.stream ?? null;
    if (this.mirror.srcObject !== stream) this.mirror.srcObject = stream;
    this.mirror.hidden = !stream;
    const state = live?.sender.state ?? "off";
    // What was sent before may be cut off: the camera can be turned on as long as nothing is seen.
    this.turnOn.hidden = Boolean(stream) || this.box.root.hidden || ["playing", "stalled"].includes(this.state);
    this.send.hidden = !stream || state !== "off";
    write(this.send, t(room.phase === "scheduled" && !room.draft ? "picture.go" : "picture.send"));
    const told = live && (stream || live.trouble) && state !== "sending";
    write(this.words, told ? live.text : "");
    void this.#watch(!stream && this.#comes() && this.isShown);
  }

  /** Whether a picture comes from elsewhere, such as OBS or an address of the room's own. */
  #comes() {
    const { picture, stream_url: url, phase } = viewOf(this.room);
    return phase === "live" && Boolean(picture || url);
  }

  /** @param {boolean} on */
  async #watch(on) {
    if (!on) {
      this.player?.close();
      this.player = null;
      this.state = "";
      return;
    }
    if (this.player || this.opening) return;
    this.opening = true;
    const { playerOf } = await import("../player/watching.js");
    this.opening = false;
    this.player = playerOf(viewOf(this.room), () => 0, (state) => {
      this.state = state;
      this.draw();
    }).start();
    this.root.insertBefore(this.player.root, this.mirror);
    this.root.append(this.player.controls);
  }

  /** How far viewers are behind, in ms, as far as it can be measured here; null if it can't. */
  async latency() {
    const { live } = this.box;
    if (live && live.sender.state === "sending") return live.sender.oneWay();
    return await this.player?.latency() ?? null;
  }
}
