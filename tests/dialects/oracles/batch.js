// Answers each line of standard input: `set` and then name:value pairs in base64.
const base64 = (text) => Buffer.from(text, 'utf8').toString('base64');

module.exports = (read) => {
  const files = require('node:fs').readFileSync(0, 'latin1').split('\n').slice(0, -1);
  const answers = files.map((file) => {
    const variables = read(Buffer.from(file, 'base64'));
    const pairs = Object.getOwnPropertyNames(variables)
      .map((name) => ` ${base64(name)}:${base64(variables[name])}`);
    return `set${pairs.join('')}\n`;
  });
  process.stdout.write(answers.join(''));
};
