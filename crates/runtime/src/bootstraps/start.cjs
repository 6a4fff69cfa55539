'use strict';
// What comes before anything else on every Node.js: AWS's names lead here, and the SDK is found.
require('./turn.cjs');
// Ours, and no part of what a function sees.
delete process.env.GUREUM_TURN;
delete process.env.GUREUM_CA;
require('./modules.cjs');

// AWS sets it from Node.js 10 to 18. Set here, it reaches the programs that a function starts, and costs its own start nothing.
const AUTHORITIES = __dirname + '/ca-cert.pem';
const major = Number(process.versions.node.split('.')[0]);
if (major >= 10 && major <= 18 && !process.env.NODE_EXTRA_CA_CERTS && require('fs').existsSync(AUTHORITIES)) {
  process.env.NODE_EXTRA_CA_CERTS = AUTHORITIES;
}
