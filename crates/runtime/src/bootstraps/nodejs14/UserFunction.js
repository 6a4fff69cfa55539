/*
 * Finds the handler on Node.js 10, 12 and 14. AWS's client required it at once there; the later one, which waits, and so
 * leaves other stack traces, stands beside this as UserFunctionModules.js and loads ES modules and tells streaming ones.
 */
'use strict';
const fs = require('fs');
const path = require('path');
const { HandlerNotFound, ImportModuleError, MalformedHandlerName, UserCodeSyntaxError } = require('./Errors.js');
const modules = require('./UserFunctionModules.js');

const FUNCTION_EXPR = /^([^.]*)\.(.*)$/;
const takesModules = Number(process.versions.node.split('.')[0]) >= 14;

function _tryRequire(appRoot, moduleRoot, name) {
  const lambdaStylePath = path.resolve(appRoot, moduleRoot, name);
  if (fs.existsSync(lambdaStylePath) || fs.existsSync(lambdaStylePath + '.js')) {
    return require(lambdaStylePath);
  }
  // Relative to the function's folder, not to this file's.
  const nodeStylePath = require.resolve(name, { paths: [appRoot, moduleRoot] });
  // NODE_PATH leads to these files, too, which are no function.
  if (path.dirname(nodeStylePath) === __dirname) throw _notFound(name);
  return require(nodeStylePath);
}

/** As Node.js says it. */
function _notFound(request) {
  const stack = [];
  for (let from = module; from; from = from.parent) stack.push(from.filename);
  const hasStack = Number(process.versions.node.split('.')[0]) >= 12;
  const required = hasStack ? '\nRequire stack:\n- ' + stack.join('\n- ') : '';
  const error = new Error(`Cannot find module '${request}'${required}`);
  error.code = 'MODULE_NOT_FOUND';
  return error;
}

function _hasTypeModule(folder) {
  const description = path.join(folder, 'package.json');
  if (fs.existsSync(description)) {
    try {
      return JSON.parse(fs.readFileSync(description, 'utf8')).type === 'module';
    } catch (_) {
      return false;
    }
  }
  return folder !== path.dirname(folder) && !folder.endsWith('/node_modules') && _hasTypeModule(path.dirname(folder));
}

function _isModule(file) {
  if (fs.existsSync(file)) return false;
  if (fs.existsSync(file + '.js')) return _hasTypeModule(path.dirname(file));
  return fs.existsSync(file + '.mjs');
}

function _giveStreaming() {
  const { STREAM_RESPONSE } = modules;
  global.awslambda = {
    streamifyResponse: (handler, options) => {
      handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = STREAM_RESPONSE;
      if (options && typeof options.highWaterMark === 'number') {
        handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = parseInt(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream: require('./HttpResponseStream.js'),
  };
}

//@219
function _loadUserApp(appRoot, moduleRoot, module) {
  try {
    return _tryRequire(appRoot, moduleRoot, module);
  } catch (e) {
    if (e instanceof SyntaxError) throw new UserCodeSyntaxError(e);
    else if (e.code === 'MODULE_NOT_FOUND')
      throw new ImportModuleError(e);
    throw e;
  }
}

//@287
module.exports = Object.assign({}, modules);
module.exports.load = function (appRoot, fullHandlerString) {
  if (fullHandlerString.includes('..')) {
    throw new MalformedHandlerName(
      `'${fullHandlerString}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`
    );
  }
  const handlerString = path.basename(fullHandlerString);
  const moduleRoot = fullHandlerString.substring(0, fullHandlerString.indexOf(handlerString));
  const match = handlerString.match(FUNCTION_EXPR);
  if (!match) throw new MalformedHandlerName('Bad handler');
  if (takesModules && _isModule(path.resolve(appRoot, moduleRoot, match[1]))) return modules.load(appRoot, fullHandlerString);
  if (takesModules) _giveStreaming();
  let userApp = _loadUserApp(appRoot, moduleRoot, match[1]);
  const handlerFunc = match[2].split('.').reduce((nested, key) => nested && nested[key], userApp);
  if (!handlerFunc) throw new HandlerNotFound(`${fullHandlerString} is undefined or not exported`);
  if (typeof handlerFunc !== 'function') throw new HandlerNotFound(`${fullHandlerString} is not a function`);
  return handlerFunc;
};
