// Sends a picture by WHIP (RFC 9725), and again when it was cut off.

import { failureOf } from "../ui/strings.js";
import { beginSession, oneWayMs, tellLoss } from "./webrtc.js";

/** @import { PublishPlace } from "./picture.js" */
/** @import { Failure } from "../ui/failure.js" */
/** @typedef {"off" | "connecting" | "sending" | "retrying"} SendState */

const WAITS_S = [0.5, 1, 2, 4, 8, 15];
const STEADY_MS = 10_000;
const CONNECT_MS_MAX = 10_000;
const CUT_MS = 4000; // "disconnected" for so long is lost
const VIDEO_BITS_PER_S = 2_500_000;

/**
 * H.264 first: browsers, HLS and recordings all take it.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferH264(transceiver) {
  const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  /** @param {{mimeType: string}} codec */
  const isFirst = ({ mimeType }) => Number(mimeType.toLowerCase() === "video/h264");
  transceiver.setCodecPreferences?.([...codecs].sort((a, b) => isFirst(b) - isFirst(a)));
}

export class Sender {
  /**
   * @param {() => Promise<PublishPlace>} find names the place anew before each try
   * @param {() => unknown} onState
   */
  constructor(find, onState) {
    this.find = find;
    this.onState = onState;
    /** @type {SendState} */
    this.state = "off";
    /** @type {Failure | null} */
    this.why = null;
    this.retryAt = 0;
    this.tries = 0;
    this.since = 0;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {RTCPeerConnection | null} */
    this.peer = null;
    this.run = new AbortController();
  }

  /** @param {MediaStream} stream */
  start(stream) {
    this.stream = stream;
    this.tries = 0;
    void this.#begin();
  }

  stop() {
    this.#drop();
    this.#become("off");
  }

  /**
   * Another camera or microphone, without a cut.
   * @param {MediaStream} stream
   */
  async replace(stream) {
    this.stream = stream;
    await Promise.all((this.peer?.getSenders() ?? []).map((sender) => {
      const track = stream.getTracks().find(({ kind }) => kind === sender.track?.kind);
      return track && sender.replaceTrack(track);
    }));
  }

  /** Half the time to the media server and back, in ms. */
  async oneWay() {
    return this.peer ? oneWayMs(await this.peer.getStats()) : 0;
  }

  async #begin() {
    const run = this.run = new AbortController();
    this.#become("connecting");
    const peer = this.peer = new RTCPeerConnection();
    let end = () => {};
    run.signal.addEventListener("abort", () => { peer.close(); end(); });
    try {
      for (const track of this.stream?.getTracks() ?? []) {
        const transceiver = peer.addTransceiver(track, { direction: "sendonly",
          streams: this.stream ? [this.stream] : [],
          sendEncodings: track.kind === "video" ? [{ maxBitrate: VIDEO_BITS_PER_S }] : undefined });
        if (track.kind === "video") preferH264(transceiver);
      }
      const ended = await beginSession(peer, await this.find(), run.signal);
      if (run.signal.aborted) return ended();
      end = ended;
      await connected(peer);
      if (run.signal.aborted) return;
      this.since = performance.now();
      this.why = null;
      this.#become("sending");
      this.#watch(peer, run);
    } catch (thrown) {
      this.#lost(run, thrown);
    }
  }

  /** @type {(peer: RTCPeerConnection, run: AbortController) => void} */
  #watch(peer, run) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer = undefined;
    /** @param {unknown} why */
    const lost = (why) => this.#lost(run, why);
    tellLoss(peer, lost);
    peer.addEventListener("connectionstatechange", () => {
      clearTimeout(timer);
      if (peer.connectionState !== "disconnected") return;
      timer = setTimeout(() => lost(new Error("Nothing is heard of the media server.")), CUT_MS);
    });
  }

  /** @type {(run: AbortController, thrown: unknown) => void} */
  #lost(run, thrown) {
    if (run !== this.run || run.signal.aborted) return;
    this.why = failureOf(thrown);
    if (this.since && performance.now() - this.since > STEADY_MS) this.tries = 0;
    this.since = 0;
    this.#drop();
    const wait = WAITS_S[Math.min(this.tries, WAITS_S.length - 1)] * (0.8 + Math.random() * 0.4);
    this.tries += 1;
    this.retryAt = Date.now() + wait * 1000;
    this.#become("retrying");
    this.timer = setTimeout(() => void this.#begin(), wait * 1000);
  }

  #drop() {
    clearTimeout(this.timer);
    this.run.abort();
    this.peer = null;
  }

  /** @param {SendState} state */
  #become(state) {
    this.state = state;
    this.onState();
  }
}

/** @param {RTCPeerConnection} peer */
const connected = (peer) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error("The media server could not be reached.")),
    CONNECT_MS_MAX);
  const look = () => {
    const { connectionState: state } = peer;
    if (state !== "connected" && state !== "failed" && state !== "closed") return;
    clearTimeout(timer);
    if (state === "connected") resolve(undefined);
    else reject(new Error(`The connection has ${state}.`));
  };
  peer.addEventListener("connectionstatechange", look);
  look();
});
