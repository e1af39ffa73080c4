// Golden bytes of event payloads: `node tools/golden-payloads.mjs` adds one for every message of events.proto that has none yet.
// What is there is never written again: those bytes stand in logs, and a leaf hash hangs on each. Held by
// libs/service/src/golden-payloads.spec.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = join(import.meta.dirname, '..');
const path = join(root, 'proto/golden-payloads.json');
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(join(root, 'libs/contracts/descriptors.binpb'))));
const golden = JSON.parse(readFileSync(path, 'utf8'));

for (const file of [...registry.files].filter(({ name }) => /^tillid\/[a-z]+\/v1\/(events|event)$/.test(name))) {
  const generated = await import(join(root, 'libs/contracts/dist', `${file.name}.js`));
  for (const message of file.messages) {
    if (message.typeName in golden) continue;
    const { decode, encode, fromJSON, toJSON } = generated[message.name];
    const bytes = encode(fromJSON(sampleOf(message))).finish();
    golden[message.typeName] = { bytes: Buffer.from(bytes).toString('hex'), json: toJSON(decode(bytes)) };
  }
}
const sorted = Object.fromEntries(Object.entries(golden).sort(([left], [right]) => (left < right ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(sorted, undefined, 1)}\n`);

/** Every field set, each to something else. */
function sampleOf(message) {
  return Object.fromEntries(message.fields.map((field) => [field.jsonName, field.fieldKind === 'list' ? [valueOf(field, 0), valueOf(field, 1)] : valueOf(field, 0)]));
}

function valueOf(field, nth) {
  if (field.message?.typeName === 'google.protobuf.Timestamp') return new Date(Date.UTC(2026, 10, 24, 12, field.number, nth, 125)).toISOString();
  if (field.message) return sampleOf(field.message);
  if (field.enum) return field.enum.values[1 + nth].number;
  const bytes = Buffer.alloc(16, field.number + nth);
  // Scalar types as google/protobuf/descriptor.proto numbers them.
  return { 8: true, 9: `${field.name} ${nth}`, 12: bytes.toString('base64') }[field.scalar] ?? field.number * 1000 + nth;
}
