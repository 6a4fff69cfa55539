'use strict';
// Runs a function on Node.js 4.3, 6.10 and 8.10, for which AWS never published its client. Results, errors and log
// lines have the form of that time.
// Source: Lambda Developer Guide of 2017, "Function Errors (Node.js)", "The Context Object (Node.js)", "Logging (Node.js)".
require('./start.cjs');
var channel = require('./channel.cjs');
var fs = require('fs');
var http = require('http');
var path = require('path');
var util = require('util');

// Type, length, and the time in microseconds stand before each entry of the log.
var LOG_FRAME = 0xa55a0003;
var LOG_PREFIX = 16;
var takesPromises = Number(process.versions.node.split('.')[0]) >= 8;
var telemetry = Number(process.env._LAMBDA_TELEMETRY_LOG_FD);
delete process.env._LAMBDA_TELEMETRY_LOG_FD;
// What the current invocation does once nothing is left to wait for.
var whenEmpty;
var requestId;

function log(text) {
  var now = new Date();
  var line = now.toISOString() + '\t' + requestId + '\t' + text + '\n';
  var length = Buffer.byteLength(line);
  var microseconds = now.getTime() * 1000;
  var frame = Buffer.alloc ? Buffer.alloc(LOG_PREFIX + length) : new Buffer(LOG_PREFIX + length);
  frame.writeUInt32BE(LOG_FRAME, 0);
  frame.writeUInt32BE(length, 4);
  frame.writeUInt32BE(Math.floor(microseconds / 0x100000000), 8);
  frame.writeUInt32BE(microseconds % 0x100000000, 12);
  frame.write(line, LOG_PREFIX);
  for (var sent = 0; sent < frame.length; ) sent += fs.writeSync(telemetry, frame, sent, frame.length - sent);
}
['log', 'info', 'warn', 'error'].forEach(function (name) {
  console[name] = function () {
    log(util.format.apply(util, arguments));
  };
});

/** The stack as far as it is the function's own: it ends where these files begin. */
function stackOf(error) {
  var lines = String(error.stack).split('\n');
  for (var own = 0; own < lines.length && lines[own].indexOf(__dirname + path.sep) < 0; ) own += 1;
  return lines.slice(0, own);
}
function told(error) {
  if (!(error instanceof Error)) return { errorMessage: String(error) };
  var frames = stackOf(error).filter(function (line) {
    return /^\s*at /.test(line);
  });
  var places = frames.map(function (line) {
    return line.replace(/^\s*at /, '');
  });
  return { errorMessage: error.message, errorType: error.name, stackTrace: places };
}

/** Tells that nothing can be run, and ends. */
function failInit(text, payload) {
  log(text);
  var body = JSON.stringify(payload);
  var api = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
  var headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  var call = { hostname: api[0], port: api[1], method: 'POST', path: '/2018-06-01/runtime/init/error', headers: headers };
  var request = http.request(call, function (response) {
    response.resume();
    response.on('end', function () {
      process.exit(1);
    });
  });
  request.on('error', function () {
    process.exit(1);
  });
  request.end(body);
}

function load(handler) {
  var match = /^(.*?)([^/]*?)\.([^/]*)$/.exec(handler);
  if (!match) {
    failInit('Bad handler ' + handler, { errorMessage: 'Bad handler ' + handler });
    return undefined;
  }
  var name = match[2];
  var app;
  try {
    app = require(path.resolve(process.cwd(), match[1], name));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      failInit("Unable to import module '" + name + "': " + stackOf(error).join('\n'), {
        errorMessage: "Unable to import module '" + name + "'",
      });
    } else if (error instanceof SyntaxError) {
      failInit("Syntax error in module '" + name + "': " + stackOf(error).join('\n'), {
        errorMessage: "Syntax error in module '" + name + "'",
      });
    } else {
      failInit('module initialization error: ' + stackOf(error).join('\n'), told(error));
    }
    return undefined;
  }
  var found = match[3].split('.').reduce(function (object, key) {
    return object && object[key];
  }, app);
  if (typeof found !== 'function') {
    var missing = "Handler '" + match[3] + "' missing on module '" + name + "'";
    failInit(missing, { errorMessage: missing });
    return undefined;
  }
  return found;
}

function invoke(handler, event, headers) {
  var id = headers['lambda-runtime-aws-request-id'];
  var deadline = headers['lambda-runtime-deadline-ms'];
  var waits = true;
  var isOver = false;
  requestId = id;
  if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];

  function answer(error, result) {
    whenEmpty = undefined;
    var failed = error !== null && error !== undefined;
    var body;
    if (!failed) {
      try {
        body = JSON.stringify(result === undefined ? null : result);
      } catch (cause) {
        failed = true;
        error = 'Unable to stringify body as json: ' + cause;
      }
    }
    if (failed) {
      body = JSON.stringify(told(error));
      log(body);
      channel.error(id, body, '');
    } else {
      channel.done(id, body === undefined ? 'null' : body);
    }
    next(handler);
  }
  function end(error, result) {
    if (isOver) return;
    isOver = true;
    // The rest of this turn belongs to the invocation still.
    setImmediate(answer, error, result);
  }
  function callback(error, result) {
    if (isOver) return;
    if (!waits) {
      end(error, result);
      return;
    }
    isOver = true;
    whenEmpty = function () {
      answer(error, result);
    };
  }
  whenEmpty = function () {
    isOver = true;
    answer(null, null);
  };

  var context = {};
  Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
    enumerable: true,
    get: function () {
      return waits;
    },
    set: function (value) {
      waits = value;
    },
  });
  context.done = end;
  context.succeed = function (result) {
    end(null, result);
  };
  context.fail = function (error) {
    end(error === null || error === undefined ? 'handled' : error);
  };
  context.logGroupName = process.env.AWS_LAMBDA_LOG_GROUP_NAME;
  context.logStreamName = process.env.AWS_LAMBDA_LOG_STREAM_NAME;
  context.functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
  context.memoryLimitInMB = process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  context.functionVersion = process.env.AWS_LAMBDA_FUNCTION_VERSION;
  context.getRemainingTimeInMillis = function () {
    return deadline - Date.now();
  };
  context.invokeid = id;
  context.awsRequestId = id;
  context.invokedFunctionArn = headers['lambda-runtime-invoked-function-arn'];
  var client = headers['lambda-runtime-client-context'];
  var identity = headers['lambda-runtime-cognito-identity'];
  if (client) context.clientContext = JSON.parse(client);
  if (identity) context.identity = JSON.parse(identity);

  var result = handler(event, context, callback);
  if (takesPromises && result && typeof result.then === 'function') {
    result.then(context.succeed, context.fail);
  }
}

function next(handler) {
  channel.next(function (error, given) {
    if (error) process.exit(1);
    invoke(handler, JSON.parse(given.bodyJson), given.headers);
  });
}

process.on('beforeExit', function () {
  if (whenEmpty) whenEmpty();
});
process.on('uncaughtException', function (error) {
  log(error && error.stack ? stackOf(error).join('\n') : String(error));
  process.exit(1);
});
var handler = load(process.env._HANDLER);
if (handler) next(handler);
