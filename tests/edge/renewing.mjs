// A page with liveroom.js in Node: joins with a token that soon expires, is asked for a new one, and
// stays in the room. Prints what it was asked and heard, as JSON. Arguments: base, then tokens.

import { Room } from "../../server/web/pages/liveroom.js";

const [, , base, ...tokens] = process.argv;
globalThis.sessionStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const told = { asked: [], statuses: [], notices: [], resumed: null, end: null };
const room = new Room({
  base,
  room: "r1",
  token: ({ ended }) => {
    told.asked.push(ended);
    return tokens.length > 1 ? tokens.shift() : tokens[0];
  },
});
const done = () => {
  process.stdout.write(JSON.stringify(told));
  process.exit(0);
};
room.on("notice", ({ text }) => {
  told.notices.push(text);
  if (text === "over") done();
});
room.on("joined", ({ resumed }) => {
  told.resumed = resumed;
  process.stderr.write("joined\n");
});
room.on("status", (status, { code, closeCode }) => {
  told.statuses.push(status);
  if (status === "closed") {
    told.end = code ?? closeCode;
    done();
  }
});
room.join().catch(() => {});
