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

// Of a shelf of which one was not shown all, as in clients.py.
function asFarAsShown({ sales, pin }, client, newcomer) {
  const [ours, theirs] = [client, newcomer].map((products) =>
    new Map(products.map((product) => [product.sku, product])));
  const must = new Set([pin, ...sales.filter(({ status }) => status !== "closed").map(({ sku }) => sku)]);
  const wanted = [...theirs.keys()].filter((sku) => ours.has(sku) || must.has(sku)).sort();
  return [ours, theirs].map((known) => wanted.map((sku) => known.get(sku) ?? null));
}

function* unlike(user, step, state, reply, all, hidSome = false) {
  const ours = shown(state, all);
  const fresh = shown(stateOf(reply), all);
  for (const [field, newcomer] of Object.entries(fresh)) {
    const isPart = field === "shelf" && (hidSome || fresh.shelf_total > newcomer.length);
    const [client, theirs] = isPart ? asFarAsShown(fresh, ours[field], newcomer)
      : [ours[field], newcomer];
    if (!isDeepStrictEqual(client, theirs)) yield [user, step, field, client, theirs];
  }
}

function* faults(user, { joined, steps, resumed }, all) {
  const state = stateOf(joined);
  const hidSome = state.room.shelf_total > state.room.shelf.length;
  for (const { step, events, fresh } of steps) {
    for (const event of events) {
      if (state.apply(structuredClone(event)) === "gap") yield [user, step, event.t, "gap", "none"];
    }
    yield* unlike(user, step, state, fresh, all, hidSome);
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
