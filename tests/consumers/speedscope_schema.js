// Checks files against the schema that speedscope ships; prints what is wrong, or nothing.
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv');

const shipped = path.join(process.env.NODE_PATH, 'speedscope/dist/release/file-format-schema.json');
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(fs.readFileSync(shipped)));
for (const file of process.argv.slice(2)) {
  if (!validate(JSON.parse(fs.readFileSync(file)))) {
    console.log(path.basename(file), JSON.stringify(validate.errors.slice(0, 5)));
  }
}
