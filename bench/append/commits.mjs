import { randomBytes } from 'node:crypto';

export const callers = 64;
/** About what a domain event with its envelope has. */
export const eventBytes = 420;

/** The commit a caller makes next: one event, its own stream. Random bytes come from a pool, for both sides of a pair. */
const pool = Array.from({ length: 4096 }, () => ({ event: randomBytes(eventBytes), fingerprint: randomBytes(32) }));

export function commandId(number) {
  const id = Buffer.alloc(16);
  // Spread as a hash is, or the index would grow at one end.
  id.writeBigUInt64LE(BigInt.asUintN(64, BigInt(number) * 0x9e3779b97f4a7c15n), 0);
  id.writeUInt32LE(number, 8);
  return id;
}

export function bytesOf(number) {
  return pool[number % pool.length];
}

export function commitOf(number, stream, expectedRevision) {
  const { event, fingerprint } = bytesOf(number);
  return { commandId: commandId(number), fingerprint, writes: [{ stream, expectedRevision, events: [event] }] };
}
