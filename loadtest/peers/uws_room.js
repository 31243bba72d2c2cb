// A room on uWebSockets.js, with its own publish and subscribe.
// https://github.com/uNetworking/uWebSockets.js/blob/master/examples/PubSub.js
const uWS = require('@trufflesuite/uws-js-unofficial');

const app = uWS.App().ws('/*', {
  maxBackpressure: 16 * 1024 * 1024,
  open: (ws) => ws.subscribe('room'),
  message: (ws, message, isBinary) => app.publish('room', message, isBinary),
});

app.listen('127.0.0.1', Number(process.argv[2]), (socket) => { if (!socket) process.exit(1); });
