'use strict';
// AWS's runtime client has one native part, which speaks HTTP from C++. This stands in its place.
const Module = require('module');
const channel = require('./channel.cjs');

const rapidClient = {
  next: () =>
    new Promise((resolve, reject) => channel.next((error, event) => (error ? reject(error) : resolve(event)))),
  done: channel.done,
  error: channel.error,
};

const load = Module._load;
Module._load = function (request) {
  if (request !== './rapid-client.node') return load.apply(this, arguments);
  // Asked for once, before the function's code is loaded: that finds Node.js as it was.
  Module._load = load;
  return rapidClient;
};
