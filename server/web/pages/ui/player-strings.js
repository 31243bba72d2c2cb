// The words of the picture, fetched with its player. See strings.js.

/** @import { Words } from "./strings.js" */

/** @satisfies {Record<string, [chinese: Words, english: Words]>} */
export const PLAYER_STRINGS = {
  "player.connecting": ["正在连接画面…", "Connecting to the picture…"],
  "player.playing": ["直播画面", "Playing live"],
  "player.replaying": ["正在播放录像", "Playing the recording"],
  "player.stalled": ["画面卡住了，正在等…", "The picture is stuck, waiting for it…"],
  "player.retrying": ["画面断了，{n} 秒后重试", "The picture is away, trying again in {n} s"],
  "player.ended": ["画面已结束", "The picture has ended"],
  "player.tap": ["点一下播放", "Tap to play"],
  "player.now": ["现在重试", "Try now"],
  "player.mute": ["静音", "Mute"],
  "player.pip": ["画中画", "Picture in picture"],
  "player.no_way": ["这个浏览器播放不了这路画面", "This browser can’t play this stream"],
  "player.no_hls": ["这个浏览器要用 hls.js 才能播放，而服务器上没有：请运营方安装 npm 后执行 make setup",
    "This browser needs hls.js to play this stream, and the server lacks it: its operator runs make setup where npm is"],
  "player.blocked": ["这路画面的地址不在服务器允许的范围内（media.stream_origins）",
    "The address of this stream is not among those that the server allows (media.stream_origins)"],
  "player.full": ["看画面的人太多了，{n} 秒后重试", "Too many watch the picture now, trying again in {n} s"],
};
