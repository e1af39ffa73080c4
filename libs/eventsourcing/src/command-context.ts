import { createHash, createHmac, createSecretKey, type Hash, type Hmac } from 'node:crypto';

/** Who commands, and which command it is: made from a call by libs/service, or from an event, a timer, another command by the functions here. */
export interface CommandContext {
  /** 16 bytes. The same id is the same command, however often it arrives. */
  readonly commandId: Uint8Array;
  /** 32 bytes. The same id with another fingerprint is another request under a used key: refused. */
  readonly fingerprint: Uint8Array;
  readonly correlationId: string;
  readonly causationId?: string;
  /** Trace id (16 bytes) and span id (8 bytes). */
  readonly traceParent?: Uint8Array;
  /** Milliseconds since the epoch; no retry begins after it. */
  readonly deadlineMs?: number;
}

/**
 * The command a call makes: 16 bytes over caller, rpc and idempotency key. A key that is a UUIDv7 lends its 48 bits of
 * time as the prefix: time-ordered ids keep the store's index in one place.
 */
export function commandIdOf(caller: string, rpc: string, idempotencyKey: string): Buffer {
  const hash = hashOf('rpc', caller, rpc, idempotencyKey).subarray(0, 16);
  const time = uuidVersion7Time(idempotencyKey);
  return time ? Buffer.concat([time, hash.subarray(0, 10)]) : hash;
}

/** Requests hold passwords and national numbers, so never a bare hash of them. `secret`: 32 bytes or more, kept out of the store. */
export function fingerprintOf(secret: Uint8Array, caller: string, idempotencyKey: string, request: Uint8Array): Buffer {
  return keyedHashOf(secret, 'fingerprint', caller, idempotencyKey, request);
}

/** A further commit of the same command; each step its own name. */
export function derivedContext(context: CommandContext, step: string): CommandContext {
  return { ...context, commandId: hashOf('step', context.commandId, step).subarray(0, 16), fingerprint: hashOf('step', context.fingerprint, step) };
}

/**
 * A step whose events one client will see. Correlation and causation become ids that exist at that client alone (two
 * clients may hold no identifier in common); who has the whole ledger can work them out from the original again.
 */
export function contextForClient(context: CommandContext, clientId: string): CommandContext {
  const { causationId, traceParent: _, ...derived } = derivedContext(context, `client ${clientId}`);
  return {
    ...derived,
    correlationId: shortHash('correlation', context.correlationId, clientId),
    ...(causationId && { causationId: shortHash('causation', causationId, clientId) }),
  };
}

/** What a reaction does about an event: the same command however often the event arrives. */
export function reactionContext(reaction: string, cause: { readonly id: Uint8Array; readonly correlationId: string; readonly traceParent?: Uint8Array }): CommandContext {
  return {
    commandId: hashOf('reaction', cause.id, reaction).subarray(0, 16),
    fingerprint: hashOf('reaction-fingerprint', cause.id, reaction),
    correlationId: cause.correlationId,
    causationId: Buffer.from(cause.id).toString('hex'),
    ...(cause.traceParent?.length === 24 && { traceParent: cause.traceParent }),
  };
}

/** What a timer does at a thing's deadline: once, whoever's timer runs and however often. */
export function timerContext(thing: string, deadlineMs: number): CommandContext {
  return {
    commandId: hashOf('timer', thing, String(deadlineMs)).subarray(0, 16),
    fingerprint: hashOf('timer-fingerprint', thing, String(deadlineMs)),
    correlationId: shortHash('timer-correlation', thing, String(deadlineMs)),
  };
}

/** Expiry is decided from data at decision time, never by a timer having run. 0: never expires. */
export function hasExpired(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs !== 0 && nowMs >= expiresAtMs;
}

/** Each part with its length before it, so that no two lists of parts are the same bytes. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): Buffer {
  return withLengths(createHash('sha256'), parts).digest();
}

/** The same under a secret of 32 bytes or more: HMAC-SHA-256. */
export function keyedHashOf(secret: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer {
  if (secret.length < 32) throw new Error('a secret to hash with has at least 32 bytes');
  // As a key object: node takes five times as long to make one of bytes by itself.
  return withLengths(createHmac('sha256', createSecretKey(secret)), parts).digest();
}

function withLengths<Hashing extends Hash | Hmac>(hash: Hashing, parts: readonly (string | Uint8Array)[]): Hashing {
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash;
}

function shortHash(...parts: readonly string[]): string {
  return hashOf(...parts).subarray(0, 16).toString('hex');
}

function uuidVersion7Time(key: string): Buffer | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(key);
  return match ? Buffer.from(`${match[1]}${match[2]}`, 'hex') : undefined;
}
