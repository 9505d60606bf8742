// One base64 file per line in, one answer per line out.
const { parseEnv } = require('node:util');
require('./batch')((file) => parseEnv(file.toString()));
