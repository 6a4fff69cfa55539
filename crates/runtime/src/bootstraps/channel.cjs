'use strict';
// The private channel to the platform, for every Node.js from 4.3 on: events come in on descriptor 3, answers leave on
// descriptor 4.
var fs = require('fs');
var net = require('net');
var timers = require('timers');

var EVENTS = 3;
var ANSWERS = 4;
var NEXT = 1;
var RESPONSE = 2;
var ERROR = 3;
var PREFIX = 12;

var events = new net.Socket({ fd: EVENTS, readable: true, writable: false });
// Only a waiting `next` keeps the process alive: while a handler runs, its own timers decide when the loop is empty.
events.unref();
var chunks = [];
var received = 0;
var waiting;

events.on('data', function (chunk) {
  chunks.push(chunk);
  received += chunk.length;
  deliver();
});
events.on('close', function () {
  if (waiting) waiting(new Error('Failed to get next invocation, the platform is gone'));
});

function deliver() {
  if (!waiting || received < PREFIX) return;
  if (chunks.length > 1 && chunks[0].length < PREFIX) chunks = [Buffer.concat(chunks)];
  var head = chunks[0].readUInt32BE(4);
  var end = PREFIX + head + chunks[0].readUInt32BE(8);
  if (received < end) return;
  var all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  chunks = all.length > end ? [all.slice(end)] : [];
  received = all.length - end;
  var headers = JSON.parse(all.toString('utf8', PREFIX, PREFIX + head));
  headers['lambda-runtime-deadline-ms'] = Number(headers['lambda-runtime-deadline-ms']);
  var answer = waiting;
  waiting = undefined;
  events.unref();
  answer(null, { bodyJson: all.toString('utf8', PREFIX + head, end), headers: headers });
}

function send(kind, head, body) {
  var headLength = Buffer.byteLength(head);
  var bodyLength = Buffer.byteLength(body);
  var length = PREFIX + headLength + bodyLength;
  var frame = Buffer.allocUnsafe ? Buffer.allocUnsafe(length) : new Buffer(length);
  frame.writeUInt32BE(kind, 0);
  frame.writeUInt32BE(headLength, 4);
  frame.writeUInt32BE(bodyLength, 8);
  frame.write(head, PREFIX);
  frame.write(body, PREFIX + headLength);
  // Written before the call returns, as the native client does: `process.exit` may follow at once.
  for (var sent = 0; sent < length; ) sent += fs.writeSync(ANSWERS, frame, sent, length - sent);
}

// Timers that a function leaves behind go on, but no later invocation waits for them: what an early answer
// (`callbackWaitsForEmptyEventLoop = false`) left over would otherwise hold up the next callback until it times out.
var started = [];
var weak = typeof WeakRef === 'function';
['setTimeout', 'setInterval'].forEach(function (name) {
  var start = global[name];
  function tracked() {
    var timer = start.apply(this, arguments);
    started.push(weak ? new WeakRef(timer) : timer);
    return timer;
  }
  var keys = Object.getOwnPropertyNames(start).concat(Object.getOwnPropertySymbols(start));
  keys.forEach(function (key) {
    var property = Object.getOwnPropertyDescriptor(start, key);
    var own = Object.getOwnPropertyDescriptor(tracked, key);
    if (!own || own.configurable) Object.defineProperty(tracked, key, property);
  });
  global[name] = tracked;
  timers[name] = tracked;
});
function leaveTimers() {
  started.forEach(function (kept) {
    var timer = weak ? kept.deref() : kept;
    if (timer) timer.unref();
  });
  started = [];
}

/** Asks for the next event; `answer(error, { bodyJson, headers })`. */
exports.next = function (answer) {
  leaveTimers();
  waiting = answer;
  events.ref();
  send(NEXT, '', '');
  deliver();
};
exports.done = function (id, body) {
  send(RESPONSE, JSON.stringify({ id: decodeURIComponent(id) }), body);
};
exports.error = function (id, body, xray) {
  send(ERROR, JSON.stringify({ id: decodeURIComponent(id), xray: xray }), body);
};
