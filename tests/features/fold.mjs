// Feeds RoomState of liveroom-state.js with what tests/features recorded (JSON on stdin), and prints
// [user, step, field, the client's value, a newcomer's value] wherever the two differ.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { EVENTS, RoomState } from "../../server/web/pages/liveroom-state.js";

const plain = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

function stateOf(reply) {
  const state = new RoomState();
  state.reset(structuredClone(reply));
  return state;
}

function shown(state, all) {
  const { room, mine, orders, epoch, seq } = state;
  const byId = Object.fromEntries(orders.map((order) => [order.order, order]));
  return plain({ ...room, mine: all ? mine : mine.claims, orders: byId, epoch, seq });
}

function* unlike(user, step, state, reply, all) {
  const ours = shown(state, all);
  for (const [field, theirs] of Object.entries(shown(stateOf(reply), all))) {
    if (!isDeepStrictEqual(ours[field], theirs)) yield [user, step, field, ours[field], theirs];
  }
}

function* faults(user, { joined, steps, resumed }, all) {
  const state = stateOf(joined);
  for (const { step, events, fresh } of steps) {
    for (const event of events) {
      if (state.apply(structuredClone(event)) === "gap") yield [user, step, event.t, "gap", "none"];
    }
    yield* unlike(user, step, state, fresh, all);
  }
  const last = steps.at(-1).fresh;
  for (const { seq, reply } of resumed) {
    const back = stateOf(reply);
    for (const event of reply.missed ?? []) back.apply(event);
    yield* unlike(user, `a resume from seq ${seq}`, back, last, all);
  }
}

function fold({ records, looksOn }) {
  return Object.entries(records).flatMap(([user, record]) => [
    ...faults(user, record, user === looksOn),
  ]);
}

const [, , what] = process.argv;
const answer = what === "events" ? EVENTS : fold(JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(answer));
