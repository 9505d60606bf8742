// One base64 file per line in, one answer per line out. The first argument is the dotenv package.
const { parse } = require(process.argv[2]);
require('./batch')((file) => parse(file));
