'use strict';
// Leads connections to AWS's names to gureum, at the socket: whatever speaks over it (http, https, http2, fetch, any SDK)
// keeps the host, the port and the TLS server name that it knows, and nothing of it is patched.
//
// To be loaded before everything else (`node --require`), with the place in GUREUM_TURN: `host:port`, the host an IP
// address. With a certificate in GUREUM_CA (PEM, the text itself) turned TLS trusts it besides what it trusts anyway.
// Runs on every Node.js from 4.3 on, so it is written in what that one understands.
const net = require('net');

// kernel::AWS_SUFFIXES
const SUFFIXES = ['amazonaws.com', 'on.aws', 'api.aws', 'localhost.localstack.cloud'];

const place = /^(.+):([0-9]+)$/.exec(process.env.GUREUM_TURN);

function isAws(name) {
  return SUFFIXES.some((suffix) => {
    const cut = name.length - suffix.length;
    return cut >= 0 && name.indexOf(suffix, cut) === cut && (cut === 0 || name[cut - 1] === '.');
  });
}

// Where a connection goes instead. Names below localhost, as the URLs of functions have them, are this machine (RFC 6761),
// which not every system's resolver knows.
function placeOf(options) {
  if (!options || typeof options.host !== 'string') return undefined;
  const name = options.host.toLowerCase().replace(/\.$/, '');
  if (isAws(name)) return { host: place[1].replace(/^\[|\]$/g, ''), port: Number(place[2]) };
  return /\.localhost$/.test(name) ? { host: '127.0.0.1' } : undefined;
}

// The options of a call of `connect`, which takes them in an object, in an array that Node has made of the arguments
// already, or as port and host. `undefined` for a path, which is no name.
function optionsOf(args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (first !== null && typeof first === 'object') return first.path ? undefined : first;
  return typeof args[1] === 'string' ? { port: first, host: args[1] } : undefined;
}

function callbackOf(args) {
  const all = Array.isArray(args[0]) ? args[0] : args;
  const last = all[all.length - 1];
  return typeof last === 'function' ? last : undefined;
}

// Only here, and not for the whole process: a start that never speaks TLS pays nothing, and a function that brings roots
// of its own keeps them. Node gives a context a store of its own before it adds to it.
const authority = process.env.GUREUM_CA;
const trusting = new WeakSet();
function trust(socket) {
  const secure = socket._tlsOptions && socket._tlsOptions.secureContext;
  if (!authority || !secure || trusting.has(secure)) return;
  secure.context.addCACert(authority);
  trusting.add(secure);
}

const connect = net.Socket.prototype.connect;
function turnedConnect() {
  const options = optionsOf(arguments);
  const elsewhere = placeOf(options);
  if (!elsewhere) return connect.apply(this, arguments);
  // A copy: TLS checks the certificate against the name in the original afterwards.
  const turned = Object.assign({}, options, elsewhere);
  for (const name of ['lookup', 'family', 'localAddress', 'localPort']) delete turned[name];
  // A port of ours answers for every name, so each TLS client has to say which one it wants.
  if (this.setServername && !options.servername) this.setServername(options.host);
  trust(this);
  connect.call(this, turned, callbackOf(arguments));
  // Where Node keeps the name for a TLS that is put over this socket later.
  this._host = options.host;
  return this;
}
if (place) net.Socket.prototype.connect = turnedConnect;
