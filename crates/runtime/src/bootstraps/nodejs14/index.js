/*
 * Starts a function on Node.js 10, 12 and 14. On those AWS's client was not one file yet: the function's code is required
 * by UserFunction.js, that by Runtime.js, and that by this file, and every stack trace shows it. The other files here are
 * AWS's, parted again (see runtimes/unbundle.rs).
 */
'use strict';
require('./start.cjs');
require('./rapid-client.cjs');
const LogPatch = require('./LogPatch.js');
const RAPIDClient = require('./RAPIDClient.js');
const Runtime = require('./Runtime.js');
const UserFunction = require('./UserFunction.js');
const Errors = require('./Errors.js');
const BeforeExitListener = require('./BeforeExitListener.js');

LogPatch.patchConsole();
const client = new RAPIDClient(process.env.AWS_LAMBDA_RUNTIME_API);
const errorCallbacks = {
  uncaughtException: (error) => client.postInitError(error, () => process.exit(129)),
  unhandledRejection: (error) => client.postInitError(error, () => process.exit(128)),
};
process.on('uncaughtException', (error) => {
  console.error('Uncaught Exception', Errors.toFormatted(error));
  errorCallbacks.uncaughtException(error);
});
process.on('unhandledRejection', (reason, promise) => {
  const error = new Errors.UnhandledPromiseRejection(reason, promise);
  console.error('Unhandled Promise Rejection', Errors.toFormatted(error));
  errorCallbacks.unhandledRejection(error);
});
BeforeExitListener.reset();
process.on('beforeExit', BeforeExitListener.invoke);

const start = (handlerFunc) =>
  new Runtime(client, handlerFunc, UserFunction.getHandlerMetadata(handlerFunc), errorCallbacks).scheduleIteration();

//@43
const handlerFunc = UserFunction.load(process.cwd(), process.env._HANDLER);
if (typeof handlerFunc === 'function') {
  start(handlerFunc);
} else {
  // A module that fails while it is loaded is an exception of the initialization, not a forgotten promise.
  handlerFunc.then(start).catch((error) => process.emit('uncaughtException', error));
}
