// Decodes a pprof file and says what it holds.
const fs = require('fs');
const zlib = require('zlib');
const { Profile } = require('pprof-format');

const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(process.argv[2])));
const text = (number) => profile.stringTable.strings[Number(number)];
const functions = new Map(profile.function.map((one) => [Number(one.id), one]));
const locations = new Map(profile.location.map((one) => [Number(one.id), one]));
let total = 0n;
let broken = 0;
for (const sample of profile.sample) {
  total += BigInt(sample.value[0]);
  for (const id of sample.locationId) {
    const location = locations.get(Number(id));
    const one = location && functions.get(Number(location.line[0].functionId));
    if (!one || !text(one.name)) broken += 1;
  }
}
const [type] = profile.sampleType;
console.log(JSON.stringify({
  total: String(total),
  duration: String(profile.durationNanos),
  samples: profile.sample.length,
  type: `${text(type.type)}/${text(type.unit)}`,
  comments: profile.comment.map(text),
  broken,
}));
