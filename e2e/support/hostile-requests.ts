import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, type DescField, type DescMethod, fromBinary, ScalarType } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { checkout } from './system.js';
import { lengthDelimited, tag, varint } from './wire.js';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(join(checkout, 'libs/contracts/descriptors.binpb'))));

export function isStream(path: string): boolean {
  const kind = methodOf(path)?.methodKind;
  return kind !== undefined && kind !== 'unary';
}

/** Undefined for what is not in our contract: health, reflection. */
function methodOf(path: string): DescMethod | undefined {
  const [, service, name] = path.split('/');
  return registry.getService(service!)?.methods.find((method) => method.name === name);
}

/**
 * The request an honest client would send, with one field of it missing, of another type, or absurd: what gets past the
 * decoder, and must be refused by whoever reads the field.
 */
export function requestsWithOneBadField(path: string): readonly (readonly [name: string, bytes: Buffer])[] {
  const { fields } = methodOf(path)!.input;
  return fields.flatMap((field) =>
    badValues(field).map(([name, bytes]) => [`${field.name} ${name}`, Buffer.concat([...fields.filter((other) => other !== field).map(honest), bytes])] as const),
  );
}

function badValues(field: DescField): readonly (readonly [name: string, bytes: Buffer])[] {
  const text = (value: string | Buffer) => Buffer.concat([tag(field.number, 2), lengthDelimited(Buffer.from(value))]);
  const number = (value: Buffer) => Buffer.concat([tag(field.number, 0), value]);
  const beyond = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  const missing = ['missing', Buffer.alloc(0)] as const;
  if (isNumber(field)) return [missing, ['as text', text('twelve')], ['of 2^64 - 1', number(beyond)], ['of 99', number(varint(99))]];
  return [
    missing,
    ['as a number', number(varint(7))],
    ['of 50,000 characters', text('x'.repeat(50_000))],
    ['that is not UTF-8', text(Buffer.from([0xc3, 0x28, 0xff, 0xfe]))],
    ['with control characters', text('a\u0000b\r\nc\u202e<script>@#../../')],
    // Of a field that is there once, the last one counts: nothing is wrong with that.
    ...(field.fieldKind === 'list' ? [['a thousand times', Buffer.concat(Array.from({ length: 1000 }, () => honest(field)))] as const] : []),
  ];
}

function isNumber(field: DescField): boolean {
  return field.fieldKind === 'enum' || (field.fieldKind === 'scalar' && field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES);
}

function honest(field: DescField): Buffer {
  if (isNumber(field)) return Buffer.concat([tag(field.number, 0), varint(1)]);
  return Buffer.concat([tag(field.number, 2), lengthDelimited(content(field))]);
}

function content(field: DescField): Buffer {
  const message = field.message;
  if (message?.typeName === 'google.protobuf.Timestamp') return Buffer.concat([tag(1, 0), varint(Math.floor(Date.now() / 1000) + 3600)]);
  if (message) return Buffer.concat(message.fields.map(honest));
  // Long enough for a key or a secret, and in the alphabet of ids: what is looked up with it is looked up, and not there.
  return Buffer.from('a'.repeat(field.name.endsWith('_id') ? 26 : 43));
}
