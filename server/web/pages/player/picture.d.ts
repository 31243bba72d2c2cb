// What the player's modules say to each other.

/** How the picture can be had. `file` and `hls` without a token are a room's own stream address. */
export interface Source {
  kind: "whep" | "hls" | "file" | "recording";
  url: string;
  token?: string;
}

/** `GET /v1/rooms/{room}/picture`. */
export interface PictureSources {
  sources: Source[];
  /** When somebody last began to send the picture, Unix ms; 0: nobody did. */
  at: number;
  until: number;
}

/** `POST /v1/rooms/{room}/picture/publish`. */
export interface PublishPlace { url: string; token: string; until: number }

/** `POST /v1/rooms/{room}/stream-key`; empty texts are absent. */
export interface StreamKey { key?: string; whip?: string; rtmp?: string; rtmp_key?: string }

/** A picture on its way into a <video>, until the signal that it was opened with. */
export interface Way {
  /** How far the picture is behind, in ms; null if it can't be told. */
  latency(): Promise<number | null>;
}

/** Resolves once the <video> has something to play; rejects with a Failure. */
export type Open = (source: Source, video: HTMLVideoElement, signal: AbortSignal,
  lost: (why: unknown) => void) => Promise<Way>;

/** "tap": the browser wants one; "none": there is nothing to play, and nobody waits for it. */
export type PlayerState = "connecting" | "playing" | "stalled" | "retrying" | "ended" | "tap" | "none";

export interface PlayerOptions {
  /** Names the sources anew before each try: their tokens are soon over. */
  find: () => Promise<Source[]>;
  title: string;
  artist: string;
  /** Whether the picture is a recording, which ends. */
  isRecording?: boolean;
  onState?: (state: PlayerState) => void;
}
