// The picture by HLS: the browser's own, or hls.js where there is none. Also plain files.

import { addressOf } from "./webrtc.js";

/** @import { Open, Source } from "./picture.js" */

const MPEGURL = "application/vnd.apple.mpegurl";

/** Whether the browser itself plays HLS. */
export const playsHls = () => document.createElement("video").canPlayType(MPEGURL) !== "";

/** @param {Source} source */
function withToken({ url, token }) {
  const address = new URL(addressOf(url), location.href);
  if (token) address.searchParams.set("token", token);
  return address.href;
}

/**
 * What the <video> plays by itself: a file, a recording, HLS in Safari.
 * @type {Open}
 */
export async function openNative(source, video, signal, lost) {
  const failed = () => lost(Object.assign(
    new Error(video.error?.message || "The stream can't be played."), { code: "not_found" }));
  const close = () => {
    video.removeEventListener("error", failed);
    video.removeAttribute("src");
    video.load(); // lets go of the connection
  };
  signal.addEventListener("abort", close);
  video.addEventListener("error", failed);
  video.loop = source.kind === "file"; // a stream that has ended is over
  video.src = withToken(source);
  return { latency: async () => sinceShot(video) };
}

/**
 * How long ago what is seen was taken, where the stream says when it was; Safari alone tells.
 * @param {HTMLVideoElement & {getStartDate?: () => Date}} video
 */
function sinceShot(video) {
  const begun = video.getStartDate?.().getTime();
  return begun ? Date.now() - begun - video.currentTime * 1000 : null;
}

/**
 * HLS by hls.js.
 * @type {Open}
 */
export async function openHls(source, video, signal, lost) {
  const { Hls } = await import("./hls-library.js");
  signal.throwIfAborted();
  if (!Hls.isSupported()) throw Object.assign(new Error("No HLS here."), { code: "no_way" });
  // Its worker would be made of a blob, which the policy of our pages forbids.
  const player = new Hls({ enableWorker: false, lowLatencyMode: true });
  signal.addEventListener("abort", () => player.destroy());
  player.on(Hls.Events.ERROR, (_, { fatal, details, response }) => {
    if (!fatal) return;
    // Of the media server the policy of our pages is sure to allow it.
    const isBlocked = response?.code === 0 && !source.token && navigator.onLine;
    lost(Object.assign(new Error(details), { code: isBlocked ? "blocked" : "not_found" }));
  });
  player.loadSource(withToken(source));
  player.attachMedia(video);
  return { latency: async () => (player.latency ? player.latency * 1000 : null) };
}
