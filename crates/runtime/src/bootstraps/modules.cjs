'use strict';
// Where a function finds the SDK on a host that refuses private mounts. There /var/runtime and /var/node_modules, in
// which NODE_PATH and Node's own search would find it, are not to be seen: both are led to this folder.
var path = require('path');
var fs = require('fs');
var Module = require('module');

var SDK = path.join(__dirname, 'node_modules');
var isSeen = __dirname === process.env.LAMBDA_RUNTIME_DIR;

if (!isSeen) {
  // AWS's client for Node.js 24 takes the handler from there.
  process.env.LAMBDA_TASK_ROOT = process.cwd();
  if (fs.existsSync(SDK)) {
    Module.globalPaths.push(SDK);
    leadImports();
  }
}

/** ES modules do not look at global paths. Node.js 22.15 and later can be told so without a second thread. */
function leadImports() {
  var here = path.join(__dirname, 'sdk.cjs');
  if (!Module.registerHooks) return;
  Module.registerHooks({
    resolve: function (specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        var isBare = /^(@[\w-]+\/)?[\w-][\w.-]*(\/|$)/.test(specifier);
        if (!isBare || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
        try {
          return next(specifier, Object.assign({}, context, { parentURL: require('url').pathToFileURL(here).href }));
        } catch (_) {
          throw error;
        }
      }
    },
  });
}
