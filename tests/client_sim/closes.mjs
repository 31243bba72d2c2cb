// liveroom.js in Node: whether it comes back after each close. Arguments: base, then what to do.
//
//   rule                        {code: whether `comesBack` says so} for all codes there may be
//   websocket|http <room>...    {room: whether a client of that room came back in fact}

globalThis.sessionStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const [, , base, what, ...rooms] = process.argv;
if (what === "http") globalThis.WebSocket = undefined;
const { Room } = await import("../../server/web/pages/liveroom.js");
const { comesBack } = await import("../../server/web/pages/liveroom-ways.js");

/** @param {string} room */
const cameBack = (room) => new Promise((done) => {
  const it = new Room({ base, room });
  it.on("status", (status) => {
    if (status !== "waiting" && status !== "closed") return;
    done(status !== "closed");
    it.close();
  });
  it.join().catch(() => {});
});

const told = what === "rule"
  ? Array.from({ length: 5000 }, (_, code) => [code, comesBack(code)])
  : await Promise.all(rooms.map(async (room) => [room, await cameBack(room)]));
process.stdout.write(JSON.stringify(Object.fromEntries(told)));
process.exit(0);
