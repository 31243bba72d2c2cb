// liveroom.js in Node, in a network that lets no WebSocket through. Arguments: base, room, tokens:
// each is given once, the last one for good.
//
// Reads lines of JSON: ["send", [[op, fields]...]] sends all at once, ["close"] leaves, ["hurry", n]
// makes waits end n times as fast, ["await", text] waits for a comment, ["shelf"] reads all of it.
// Prints lines of JSON: {joined}, {closed}, {told: [what became of each command that was sent]},
// {comments: how many are kept}, {shelf: its skus}. Ends by itself once nothing is under way.

import { createInterface } from "node:readline";

globalThis.WebSocket = undefined;
globalThis.sessionStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const wait = globalThis.setTimeout;
let hurry = 1;
globalThis.setTimeout = (call, ms, ...rest) => wait(call, ms / hurry, ...rest);
const { Room } = await import("../../server/web/pages/liveroom.js");

const [, , base, name, ...tokens] = process.argv;
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const token = () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
const room = new Room({ base, room: name, token });
room.on("joined", ({ resumed }) => print({ joined: resumed }));
room.on("status", (status, { code }) => { if (status === "closed") print({ closed: code }); });
room.join().catch(() => {});

const DOES = {
  hurry: (times) => { hurry = times; },
  close: () => room.close(),
  shelf: async () => {
    await room.readShelf();
    print({ shelf: room.state.room.shelf.map(({ sku }) => sku) });
  },
  await: (text) => {
    const look = () => {
      const { comments } = room.state.room;
      if (comments.at(-1)?.text !== text) return;
      off();
      print({ comments: comments.length });
    };
    const off = room.on("change", look);
    look();
  },
  send: async (commands) => {
    const told = await Promise.allSettled(commands.map(([op, fields]) => room.send(op, fields)));
    print({ told: told.map(({ reason }) => reason === undefined ? "ok"
      : { code: reason.code, unanswered: reason.unanswered, retryMs: reason.retryMs }) });
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const [what, argument] = JSON.parse(line);
  DOES[what](argument);
}
