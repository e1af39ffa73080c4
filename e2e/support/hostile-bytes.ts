import { lengthDelimited, tag } from './wire.js';

/** Requests no honest client sends, each with the name a failure is reported under. */
export function hostileRequests(seed: number): readonly (readonly [name: string, bytes: Buffer])[] {
  const random = generator(seed);
  const noise = Array.from({ length: 6 }, (_, index) => [`noise ${index}`, Buffer.from(Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 256)))] as const);
  return [
    ['nothing at all', Buffer.alloc(0)],
    ['a field cut short', Buffer.from([0x0a, 0x7f, 0x41])],
    ['a length beyond 2^31', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a varint of eleven bytes', Buffer.from([0x08, ...Array.from({ length: 11 }, () => 0xff), 0x01])],
    ['2^64 - 1 in every numeric field', Buffer.concat(fields(12, 0, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])))],
    ['strings where numbers belong', Buffer.concat(fields(12, 2, lengthDelimited(Buffer.from('twelve'))))],
    ['text that is not UTF-8', Buffer.concat(fields(12, 2, lengthDelimited(Buffer.from([0xc3, 0x28, 0xff, 0xfe]))))],
    ['control characters and line breaks', Buffer.concat(fields(12, 2, lengthDelimited(Buffer.from('a\u0000b\r\nc\u202e<script>@#../../'))))],
    ['strings of 50,000 characters', Buffer.concat(fields(3, 2, lengthDelimited(Buffer.alloc(15_000, 'x'))))],
    ['three megabytes', Buffer.concat(fields(1, 2, lengthDelimited(Buffer.alloc(3_000_000, 'x'))))],
    ['ten thousand repeated fields', Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x22, 0x01, 0x61])))],
    ['groups, nested', Buffer.alloc(2_000, 0x0b)],
    ...noise,
  ];
}

function fields(count: number, wireType: number, value: Buffer): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.concat([tag(index + 1, wireType), value]));
}

/** mulberry32: the same bytes for the same seed, so that a failure can be seen again. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
