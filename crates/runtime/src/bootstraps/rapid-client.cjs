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

// V8's flags make Node.js compile its own modules anew, and these two are the dearest of a start: 10 ms. The client asks for
// them at once and needs them when an answer is streamed, when a start fails and when something is wrong.
const later = {
  http: {
    Agent: class {
      constructor(options) {
        this.options = options;
      }
      get real() {
        Object.defineProperty(this, 'real', { value: new (require('http').Agent)(this.options) });
        return this.real;
      }
    },
    request: (options, onAnswer) =>
      require('http').request(Object.assign({}, options, { agent: options.agent && options.agent.real }), onAnswer),
  },
  assert: {
    strict: {
      ok: (value, message) => {
        if (!value) require('assert').strict.ok(value, message);
      },
    },
  },
};

const load = Module._load;
Module._load = function (request) {
  if (request === './rapid-client.node') {
    // Asked for once, before the function's code is loaded: that finds Node.js as it was.
    Module._load = load;
    return rapidClient;
  }
  return Object.prototype.hasOwnProperty.call(later, request) ? later[request] : load.apply(this, arguments);
};
