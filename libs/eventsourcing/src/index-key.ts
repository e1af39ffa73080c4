import type { IndexValue, PageQuery } from './read-model.js';

const numberTag = 0x10;
const stringTag = 0x20;

/**
 * The values of an index as one key whose byte order is the index order (numbers before strings, strings by UTF-8
 * bytes), so that any index is one column and a prefix of values is a prefix of bytes.
 */
export function indexKey(values: readonly IndexValue[]): Buffer {
  return Buffer.concat(values.map((value) => (typeof value === 'number' ? numberKey(value) : stringKey(value))));
}

/**
 * The keys of a page, from the first on and below the second. `equals` is a prefix of the key; a cursor narrows one of
 * the ends, and never widens it: it may come from a caller.
 */
export function pageBounds({ equals = [], after, descending }: Pick<PageQuery, 'equals' | 'after' | 'descending'>): readonly [from: Buffer, below: Buffer] {
  const from = indexKey(equals);
  const below = afterPrefix(from);
  if (!after) return [from, below];
  if (descending) return [from, smaller(indexKey(after), below)];
  return [larger(rightAfter(indexKey(after)), from), below];
}

/** Above every key that starts with `prefix`: no tag reaches 0xff. */
function afterPrefix(prefix: Uint8Array): Buffer {
  return Buffer.concat([prefix, Uint8Array.of(0xff)]);
}

/** The next key of all: nothing lies between a key and itself with a zero byte. */
function rightAfter(key: Uint8Array): Buffer {
  return Buffer.concat([key, Uint8Array.of(0x00)]);
}

function smaller(left: Buffer, right: Buffer): Buffer {
  return Buffer.compare(left, right) < 0 ? left : right;
}

function larger(left: Buffer, right: Buffer): Buffer {
  return Buffer.compare(left, right) > 0 ? left : right;
}

/** An IEEE double sorts by its bytes once the sign bit is flipped, or every bit where it is negative. */
function numberKey(value: number): Buffer {
  if (!Number.isSafeInteger(value)) throw new TypeError('an index value is a string or a safe integer');
  const key = Buffer.alloc(9);
  key[0] = numberTag;
  key.writeDoubleBE(value === 0 ? 0 : value, 1);
  if (value < 0) for (let index = 1; index < 9; index++) key[index] = ~key[index]! & 0xff;
  else key[1]! |= 0x80;
  return key;
}

/** Ends in 00 01; a zero byte inside is 00 ff. A shorter string therefore comes first. */
function stringKey(value: string): Buffer {
  const escaped = value.includes('\0') ? value.split('\0').map((part) => Buffer.from(part)) : [Buffer.from(value)];
  const parts = escaped.flatMap((part, index) => (index === 0 ? [part] : [Uint8Array.of(0x00, 0xff), part]));
  return Buffer.concat([Uint8Array.of(stringTag), ...parts, Uint8Array.of(0x00, 0x01)]);
}
