// Going live from the console: camera and microphone, what viewers see of it, or OBS.

import { styled } from "../player/sheet.js";
import { addressOf } from "../player/webrtc.js";
import { playerOf } from "../player/watching.js";
import { Sender } from "../player/whip.js";
import { everyTick, h, icon, write } from "../ui/dom.js";
import { writeAloud } from "../ui/front.js";
import { Repeat } from "../ui/repeat.js";
import { rest } from "../ui/session.js";
import { sure, toast } from "../ui/sheet.js";
import { failureOf, t, whyNot } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { attempt } from "./shelf.js";

/**
 * @import { Room } from "../liveroom.js"
 * @import { Player } from "../player/player.js"
 * @import { StreamKey } from "../player/picture.js"
 * @import { Key } from "../ui/strings.js"
 */

await styled;

const LATENCY_MS = 2000;
/** @type {Record<string, Key>} by the name of what getUserMedia throws */
const NO_CAMERA = { NotAllowedError: "picture.denied", NotFoundError: "picture.none",
  OverconstrainedError: "picture.none", NotReadableError: "picture.in_use" };

/**
 * A list to choose a device from; it is shown if there is a choice.
 * @param {"camera" | "microphone"} name
 * @param {() => unknown} onchange
 */
function chooser(name, onchange) {
  const select = h("select", { id: `picture-${name}`, onchange });
  const root = h("div.field", { hidden: true },
    h("label", { for: `picture-${name}` }, t(`picture.${name}`)), select);
  /** @param {MediaDeviceInfo[]} devices */
  const draw = (devices) => {
    const chosen = select.value;
    select.replaceChildren(...devices.map(({ deviceId: value, label }, i) =>
      h("option", { value }, label || `${t(`picture.${name}`)} ${i + 1}`)));
    if (devices.some(({ deviceId }) => deviceId === chosen)) select.value = chosen;
    root.hidden = devices.length < 2;
  };
  return { root, draw, value: () => select.value };
}

export class GoingLive {
  /**
   * @param {Room} room
   * @param {() => void} [onChange] the own picture came, went, or is sent
   */
  constructor(room, onChange = () => {}) {
    this.room = room;
    this.onChange = onChange;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {Player | null} */
    this.seen = null;
    /** @type {WakeLockSentinel | null} */
    this.awake = null;
    this.sender = new Sender(() => rest("POST", `${this.path}/picture/publish`), () => this.draw());
    this.mirror = h("video.picture-own", { playsinline: true, autoplay: true, muted: true,
      "aria-label": t("picture.own"), hidden: true });
    this.mirror.muted = true; // the host hears the room, not the own microphone
    this.cameras = chooser("camera", () => this.#changeDevice());
    this.microphones = chooser("microphone", () => this.#changeDevice());
    this.words = h("p.picture-words");
    this.behind = h("p.fine.digits");
    this.turnOn = h("button.primary.small-button", { type: "button", data: { do: "camera" },
      onclick: () => this.#turnOn() }, icon("play"), t("picture.camera_on"));
    this.go = h("button.primary.small-button", { type: "button", data: { do: "send-picture" },
      hidden: true, onclick: () => this.#go() });
    this.stop = h("button.plain.small-button", { type: "button", data: { do: "stop-picture" },
      hidden: true, onclick: () => this.#stop() }, t("picture.stop"));
    this.look = h("button.plain.small-button", { type: "button", data: { do: "see-picture" },
      "aria-pressed": "false", onclick: () => this.#toggleSeen() }, icon("eye"), t("picture.as_seen"));
    this.place = h("div.picture-seen", { hidden: true });
    this.obs = new Obs(this.path);
    this.root = h("div.stack.going-live", {}, this.mirror, this.words,
      h("div.picture-devices", {}, this.cameras.root, this.microphones.root),
      h("div.actions", {}, this.turnOn, this.go, this.stop, this.look), this.place, this.behind,
      this.obs.root);
    this.measure = new Repeat(LATENCY_MS, () => this.#measure()).start();
    everyTick(this.words, () => this.#drawWords());
  }

  get path() {
    return `/v1/rooms/${encodeURIComponent(viewOf(this.room).room)}`;
  }

  draw() {
    const { phase, draft } = viewOf(this.room);
    const { state } = this.sender;
    this.mirror.hidden = !this.stream;
    this.turnOn.hidden = Boolean(this.stream);
    this.go.hidden = !this.stream || state !== "off";
    this.stop.hidden = !this.stream;
    write(this.go, t(phase === "scheduled" && !draft ? "picture.go" : "picture.send"));
    this.root.dataset.state = state;
    this.#drawWords();
    this.onChange();
  }

  /** Where the picture stands, in words. */
  get text() { return this.#text(); }

  /** Turn the camera on, as the button does. */
  turnCameraOn() { return this.#turnOn(); }

  /** Send the picture, as the button does; a room that waits goes live with it. */
  begin() { return this.#go(); }

  close() {
    this.#stop();
    this.seen?.close();
    this.seen = null;
    this.measure.stop();
  }

  #drawWords() {
    writeAloud(this.words, this.#text());
  }

  #text() {
    const { state, why, retryAt } = this.sender;
    if (this.trouble) return this.trouble;
    if (state === "off") return t(this.stream ? "picture.ready" : "picture.off");
    if (state !== "retrying") return t(`picture.${state}`);
    const n = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
    return t("picture.retrying", { n, why: why ? whyNot(why) : "" });
  }

  async #turnOn() {
    this.trouble = "";
    try {
      if (!navigator.mediaDevices) throw Object.assign(new Error(), { code: "insecure" });
      await this.#open();
    } catch (thrown) {
      const { name, code, message } = failureOf(thrown);
      this.trouble = code === "insecure" ? t("picture.insecure")
        : name === "NotAllowedError" && isForbidden() ? t("picture.no_server")
        : NO_CAMERA[name] ? t(NO_CAMERA[name]) : message;
    }
    this.draw();
  }

  /** Open the devices chosen, or those that the browser proposes. */
  async #open() {
    const [camera, microphone] = [this.cameras.value(), this.microphones.value()];
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 },
        ...(camera ? { deviceId: { exact: camera } } : { facingMode: "user" }) },
      audio: { echoCancellation: true, noiseSuppression: true,
        ...(microphone && { deviceId: { exact: microphone } }) },
    });
    this.#release();
    this.stream = stream;
    this.mirror.srcObject = stream;
    const devices = await navigator.mediaDevices.enumerateDevices();
    this.cameras.draw(devices.filter(({ kind }) => kind === "videoinput"));
    this.microphones.draw(devices.filter(({ kind }) => kind === "audioinput"));
  }

  async #changeDevice() {
    await this.#turnOn();
    if (this.stream && this.sender.state !== "off") await this.sender.replace(this.stream);
  }

  #release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  /** Send the picture; a room that waits goes live with it. */
  async #go() {
    if (!this.stream) return;
    this.sender.start(this.stream);
    this.#stayAwake();
    const { phase, draft } = viewOf(this.room);
    if (phase === "scheduled" && !draft) await attempt(this.room.liveStart());
  }

  #stop() {
    this.sender.stop();
    this.#release();
    this.mirror.srcObject = null;
    void this.awake?.release();
    this.awake = null;
    this.draw();
  }

  async #stayAwake() {
    try {
      this.awake = await navigator.wakeLock?.request("screen") ?? null;
    } catch {
      // The phone decides: its battery may be low.
    }
  }

  /** The picture as viewers get it, by the same ways. */
  #toggleSeen() {
    const on = !this.seen;
    this.look.setAttribute("aria-pressed", String(on));
    this.place.hidden = !on;
    this.seen?.close();
    this.seen = null;
    write(this.behind, "");
    if (!on) return;
    const room = viewOf(this.room);
    this.seen = playerOf(room, () => 0).start();
    this.place.replaceChildren(this.seen.root, this.seen.controls);
  }

  async #measure() {
    const ms = await this.seen?.latency();
    if (ms === undefined || ms === null) return;
    const all = (ms + await this.sender.oneWay()) / 1000;
    write(this.behind, t("picture.behind", { s: all.toFixed(1) }));
  }
}

/** Whether the server itself allows no camera, since it has nowhere to send a picture. */
const isForbidden = () => Reflect.get(document, "featurePolicy")?.allowsFeature?.("camera") === false;

/** What a program such as OBS needs. */
class Obs {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.body = h("div.stack");
    this.root = h("details.picture-obs", { ontoggle: ({ currentTarget }) => {
      if (currentTarget.open) void this.#read(false);
    } }, h("summary", {}, t("picture.obs")), this.body);
  }

  /** @param {boolean} renew */
  async #read(renew) {
    try {
      this.#draw(await rest("POST", `${this.path}/stream-key`, renew ? { renew } : {}));
    } catch (thrown) {
      const { code } = failureOf(thrown);
      this.body.replaceChildren(h("p.fine", {},
        code === "conflict" ? t("picture.no_server") : whyNot(thrown)));
    }
  }

  /** @param {StreamKey} found */
  #draw({ key, whip, rtmp, rtmp_key: rtmpKey }) {
    const make = h("button.plain.small-button", { type: "button", data: { do: "renew-key" },
      onclick: async () => {
        if (!key || await sure(t("picture.renew_sure"), t("picture.renew_key"))) await this.#read(true);
      } }, t(key ? "picture.renew_key" : "picture.make_key"));
    this.body.replaceChildren(...(key ? [
      ...(whip ? [h("p.fine", {}, t("picture.obs_whip")),
        copied("picture.obs_server", addressOf(whip)), copied("picture.obs_token", key)] : []),
      ...(rtmp && rtmpKey ? [h("p.fine", {}, t("picture.obs_rtmp")),
        copied("picture.obs_server", rtmp), copied("picture.obs_key", rtmpKey)] : []),
      h("p.fine", {}, t("picture.secret"))] : [h("p.fine", {}, t("picture.no_key"))]), make);
  }
}

/**
 * A text to copy.
 * @param {"picture.obs_server" | "picture.obs_token" | "picture.obs_key"} label
 * @param {string} text
 */
function copied(label, text) {
  return h("div.picture-copy", {}, h("span.fine", {}, t(label)), h("code", {}, text),
    h("button.plain.small-button", { type: "button", onclick: async () => {
      await navigator.clipboard?.writeText(text).catch(() => {});
      toast(t("watch.copied"));
    }, "aria-label": t("picture.copy", { what: t(label) }) }, icon("link")));
}
