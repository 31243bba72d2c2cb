// What the player uses of hls.js, whose file is not ours: see player/hls-library.js.

export interface HlsError { fatal: boolean; details: string; response?: { code: number } }

export default class Hls {
  static isSupported(): boolean;
  static Events: { ERROR: "hlsError" };
  constructor(config: { enableWorker: boolean; lowLatencyMode: boolean });
  /** Seconds behind the live edge. */
  readonly latency: number;
  on(event: "hlsError", heard: (name: string, error: HlsError) => void): void;
  loadSource(url: string): void;
  attachMedia(video: HTMLVideoElement): void;
  destroy(): void;
}
