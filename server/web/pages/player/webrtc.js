// An offer out, an answer in, over HTTP: what WHIP (RFC 9725) and WHEP have in common.

import { failureOf } from "../ui/strings.js";

const GATHER_MS_MAX = 1000; // this machine's own addresses come at once; there are no others
const ANSWER_MS_MAX = 10_000;

/**
 * A server's address: `{host}` stands for this page's own host.
 * @param {string} url
 */
export const addressOf = (url) => url.replace("{host}", location.hostname);

/** @param {RTCPeerConnection} peer */
const gathered = (peer) => new Promise((resolve) => {
  setTimeout(resolve, GATHER_MS_MAX);
  peer.addEventListener("icegatheringstatechange",
    () => peer.iceGatheringState === "complete" && resolve(undefined));
  if (peer.iceGatheringState === "complete") resolve(undefined);
});

/**
 * Begin a session; rejects with a Failure of the server's code and sentence.
 * @param {RTCPeerConnection} peer
 * @param {{url: string, token?: string}} place
 * @param {AbortSignal} signal
 * @returns {Promise<() => void>} ends the session
 */
export async function beginSession(peer, { url, token }, signal) {
  const address = addressOf(url);
  await peer.setLocalDescription();
  await gathered(peer);
  signal.throwIfAborted();
  /** @type {Record<string, string>} */
  const auth = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(address, {
    method: "POST",
    headers: { ...auth, "Content-Type": "application/sdp" },
    body: peer.localDescription?.sdp,
    signal: AbortSignal.any?.([signal, AbortSignal.timeout(ANSWER_MS_MAX)]) ?? signal,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw refusal(answer.status, text);
  const session = answer.headers.get("Location");
  const end = () => {
    if (!session) return;
    // The page may be on its way out; a session that nobody ends, ends by itself.
    fetch(new URL(session, address), { method: "DELETE", headers: auth, keepalive: true })
      .catch(() => {});
  };
  try {
    signal.throwIfAborted();
    await peer.setRemoteDescription({ type: "answer", sdp: text });
  } catch (thrown) {
    end();
    throw thrown;
  }
  return end;
}

/**
 * @param {number} status
 * @param {string} text a problem of ours, or of the media server
 */
function refusal(status, text) {
  let code = status === 404 ? "not_found" : "";
  let words = `${status}`;
  try {
    const said = JSON.parse(text);
    code = said.code ?? code;
    words = said.detail ?? said.error ?? words;
  } catch (thrown) {
    words = text.slice(0, 200) || failureOf(thrown).message;
  }
  return Object.assign(new Error(String(words)), { code, status });
}

/**
 * Hears when a connection is lost; "disconnected" may mend itself, and the player sees a picture
 * that stands still.
 * @param {RTCPeerConnection} peer
 * @param {(why: unknown) => void} lost
 */
export function tellLoss(peer, lost) {
  peer.addEventListener("connectionstatechange", () => {
    const { connectionState: state } = peer;
    if (state === "failed" || state === "closed") {
      lost(Object.assign(new Error(`The connection has ${state}.`), { code: "disconnected" }));
    }
  });
}

/**
 * Half the time a packet takes there and back, in ms; 0 if not known yet.
 * @param {RTCStatsReport} stats
 */
export function oneWayMs(stats) {
  let ms = 0;
  stats.forEach((report) => {
    if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime) {
      ms = report.currentRoundTripTime * 500;
    }
  });
  return ms;
}
