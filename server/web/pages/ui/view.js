// The room as a part of a page draws it.

/** @import { RoomState, RoomView } from "../liveroom.js" */

/**
 * What a room shows. Parts are drawn from the first join on: before it this throws.
 * @param {{state: RoomState}} room
 * @returns {RoomView}
 */
export function viewOf({ state }) {
  if (!state.room) throw new Error("The room is drawn before it was joined.");
  return state.room;
}
