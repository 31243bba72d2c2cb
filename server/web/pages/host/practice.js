// Practice: a room like this one that nobody is told of, in one press, and never to be mistaken.

import { h, icon } from "../ui/dom.js";
import { rest } from "../ui/session.js";
import { sure } from "../ui/sheet.js";
import { t } from "../ui/strings.js";
import { viewOf } from "../ui/view.js";
import { attempt } from "./shelf.js";

/** @import { Room } from "../liveroom.js" */

const BACK = "#back=";

/** @param {Room} room */
export function practiceButton(room) {
  return h("button.plain.small-button.practise", { type: "button", data: { do: "practise" },
    onclick: () => practise(room) }, icon("eye"), t("practice.start"));
}

/** @param {Room} room */
async function practise(room) {
  if (!await sure(t("practice.sure"), t("practice.start"))) return;
  const { room: from, title, host, host_name: name, time_zone: zone } = viewOf(room);
  const id = `practice-${Date.now().toString(36)}`;
  const made = await attempt(rest("POST", "/v1/rooms", { room: id, title, practice: true, shelf_from: from,
    ...(zone && { time_zone: zone }),
    ...(room.state.you?.user !== host && { host, host_name: name }) }));
  if (made) location.href = `/host/${encodeURIComponent(id)}${BACK}${encodeURIComponent(from)}`;
}

/**
 * The band that says of a practice that it is one, as long as one looks at it.
 * @param {Room} room
 */
export function practiceBand(room) {
  const back = location.hash.startsWith(BACK) ? decodeURIComponent(location.hash.slice(BACK.length)) : "";
  const band = h("p.practice-band", { role: "note" }, icon("eye"),
    h("span", {}, h("b", {}, t("room.practice")), " ", t("practice.band")),
    back !== "" && h("a.plain.small-button.button", { href: `/host/${encodeURIComponent(back)}` }, t("practice.back")));
  const draw = () => {
    const { practice } = viewOf(room);
    band.hidden = !practice;
    document.body.classList.toggle("is-practice", practice);
  };
  return { band, draw };
}
