// The word for where a room stands, or for what it is instead.

import { beside } from "./bidi.js";
import { phaseText, t } from "./strings.js";

/** @import { RoomView } from "../liveroom.js" */

/**
 * Its phase; or that it was cancelled, is a draft, or practice.
 * @param {Pick<RoomView, "phase"> & Partial<RoomView>} room
 */
export function roomText({ phase, cancelled, draft, practice }) {
  if (cancelled) return t("phase.cancelled");
  if (draft) return t("room.draft");
  return practice ? beside(t("room.practice"), phaseText(phase)) : phaseText(phase);
}
