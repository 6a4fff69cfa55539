// Starts AWS's runtime client for Node.js as it was published. Its one native part, `rapid-client.node`, speaks HTTP from
// C++; here the same three calls go over two pipes: events come in on descriptor 3, answers leave on descriptor 4.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import net from 'node:net';
import timers from 'node:timers';

const require = createRequire(import.meta.url);
require('./turn.cjs');
// Ours, and no part of what a function sees.
for (const name of ['GUREUM_TURN', 'GUREUM_CA']) delete process.env[name];

const EVENTS = 3;
const ANSWERS = 4;
const NEXT = 1;
const RESPONSE = 2;
const ERROR = 3;
const PREFIX = 12;

const events = new net.Socket({ fd: EVENTS, readable: true, writable: false });
// Only a waiting `next` keeps the process alive: while a handler runs, its own timers decide when the loop is empty.
events.unref();
let chunks = [];
let received = 0;
let waiting;

events.on('data', (chunk) => {
  chunks.push(chunk);
  received += chunk.length;
  deliver();
});
events.on('close', () => waiting?.reject(new Error('Failed to get next invocation, the platform is gone')));

function deliver() {
  if (!waiting || received < PREFIX) return;
  if (chunks.length > 1 && chunks[0].length < PREFIX) chunks = [Buffer.concat(chunks)];
  const head = chunks[0].readUInt32BE(4);
  const end = PREFIX + head + chunks[0].readUInt32BE(8);
  if (received < end) return;
  const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  chunks = all.length > end ? [all.subarray(end)] : [];
  received = all.length - end;
  const headers = JSON.parse(all.toString('utf8', PREFIX, PREFIX + head));
  headers['lambda-runtime-deadline-ms'] = Number(headers['lambda-runtime-deadline-ms']);
  const { resolve } = waiting;
  waiting = undefined;
  events.unref();
  resolve({ bodyJson: all.toString('utf8', PREFIX + head, end), headers });
}

function send(kind, head, body) {
  const headLength = Buffer.byteLength(head);
  const bodyLength = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(PREFIX + headLength + bodyLength);
  frame.writeUInt32BE(kind, 0);
  frame.writeUInt32BE(headLength, 4);
  frame.writeUInt32BE(bodyLength, 8);
  frame.write(head, PREFIX);
  frame.write(body, PREFIX + headLength);
  // Written before the call returns, as the native client does: `process.exit` may follow at once.
  for (let sent = 0; sent < frame.length; ) sent += fs.writeSync(ANSWERS, frame, sent);
}

// Timers that a function leaves behind go on, but no later invocation waits for them: what an early answer
// (`callbackWaitsForEmptyEventLoop = false`) left over would otherwise hold up the next callback until it times out.
const started = new Set();
for (const name of ['setTimeout', 'setInterval']) {
  const start = globalThis[name];
  const tracked = function (...args) {
    const timer = start.apply(this, args);
    started.add(new WeakRef(timer));
    return timer;
  };
  Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(start));
  globalThis[name] = tracked;
  timers[name] = tracked;
}
function leaveTimers() {
  for (const timer of started) timer.deref()?.unref();
  started.clear();
}

const rapidClient = {
  next() {
    leaveTimers();
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      events.ref();
      send(NEXT, '', '');
      deliver();
    });
  },
  done(id, body) {
    send(RESPONSE, JSON.stringify({ id: decodeURIComponent(id) }), body);
  },
  error(id, body, xray) {
    send(ERROR, JSON.stringify({ id: decodeURIComponent(id), xray }), body);
  },
};

const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  return request === './rapid-client.node' ? rapidClient : load.call(this, request, ...rest);
};
const { run } = await import('../index.mjs');
await run(process.cwd(), process.env._HANDLER);
