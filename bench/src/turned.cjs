// Prints, in microseconds, the median time until a connection stands: to an address, and to a name that is turned to it.
const net = require('net');
const [port, rounds] = process.argv.slice(2).map(Number);

const connected = (host) => new Promise((done, failed) => {
  const began = process.hrtime.bigint();
  const socket = net.connect({ host, port });
  socket.on('error', failed);
  socket.on('connect', () => {
    const took = Number(process.hrtime.bigint() - began) / 1e3;
    socket.destroy();
    socket.on('close', () => done(took));
  });
});
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

(async () => {
  const times = { direct: [], turned: [] };
  for (let round = 0; round < rounds; round++) {
    times.direct.push(await connected('127.0.0.1'));
    times.turned.push(await connected('sts.amazonaws.com'));
  }
  console.log(JSON.stringify([median(times.direct), median(times.turned)]));
})();
