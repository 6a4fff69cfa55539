'use strict';
// What comes before anything else on every Node.js: AWS's names lead here, and the SDK is found.
require('./turn.cjs');
// Ours, and no part of what a function sees.
delete process.env.GUREUM_TURN;
delete process.env.GUREUM_CA;
require('./modules.cjs');
