// The player of a room: where its picture comes from.

import { rest } from "../ui/session.js";
import { Player } from "./player.js";
import { styled } from "./sheet.js";
import { ownSource } from "./ways.js";

/**
 * @import { RoomView } from "../liveroom.js"
 * @import { PictureSources, PlayerState, Source } from "./picture.js"
 */

await styled;

/**
 * @param {RoomView} room
 * @param {() => number} at the moment from which a recording is played, ms since the start
 * @param {(state: PlayerState) => void} [onState]
 */
export function playerOf(room, at, onState) {
  const isRecording = room.phase === "ended";
  /** @returns {Promise<Source[]>} */
  async function find() {
    if (room.stream_url && !isRecording) return [ownSource(room.stream_url)];
    /** @type {PictureSources} */
    const { sources } = await rest("GET", `/v1/rooms/${encodeURIComponent(room.room)}/picture`);
    return sources.map((source) => (isRecording ? from(source, room, at()) : source));
  }
  return new Player({ find, title: room.title, artist: room.host_name, isRecording, onState });
}

/**
 * A recording from a moment on: MediaMTX takes a moment of the clock, and a time to play.
 * @param {Source} source
 * @param {RoomView} room
 * @param {number} at
 * @returns {Source}
 */
function from(source, { started, ended }, at) {
  const url = new URL(source.url, location.href);
  url.searchParams.set("start", new Date(started + at).toISOString());
  url.searchParams.set("duration", String(Math.max(1, (ended - started - at) / 1000)));
  return { ...source, url: url.href };
}
