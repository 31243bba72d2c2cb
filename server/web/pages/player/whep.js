// The picture by WHEP: WebRTC, a fraction of a second behind.

import { beginSession, oneWayMs, tellLoss } from "./webrtc.js";

/** @import { Open } from "./picture.js" */

/** @type {Open} */
export async function openWhep(source, video, signal, lost) {
  const peer = new RTCPeerConnection();
  const stream = new MediaStream();
  for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  let end = () => {};
  const close = () => {
    peer.close();
    end();
    if (video.srcObject === stream) video.srcObject = null;
  };
  signal.addEventListener("abort", close);
  try {
    end = await beginSession(peer, source, signal);
  } catch (thrown) {
    close();
    throw thrown;
  }
  tellLoss(peer, lost);
  video.srcObject = stream;
  return { latency: async () => behind(await peer.getStats()) };
}

/**
 * The way here, and the time in the buffer that smooths it.
 * @param {RTCStatsReport} stats
 */
function behind(stats) {
  /** @type {number | null} */
  let buffered = null;
  stats.forEach((report) => {
    if (report.type === "inbound-rtp" && report.kind === "video" && report.jitterBufferEmittedCount) {
      buffered = (report.jitterBufferDelay / report.jitterBufferEmittedCount) * 1000;
    }
  });
  return buffered === null ? null : buffered + oneWayMs(stats);
}
