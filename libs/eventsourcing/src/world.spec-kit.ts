import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { ConsentGranted, ConsentRequested, ConsentWithdrawn } from '@tillid/contracts/consent/v1/events';
import { ActorKind, type SignedHead } from '@tillid/contracts/event/v1/event';
import { refusals } from '@tillid/kernel';
import { chained, commonEvents, eventCodec, handle, keySuccessionText, signedHeadText, startingPoint, type CommandContext, type Decider, type EnvelopeFields, type EventLog, type EventOf, type EventStore, type FeedBatch } from './index.js';
import { inMemoryEventStore } from './in-memory/index.js';

/** The smallest service there is: a consent is asked for once and withdrawn once; asking reserves its text version. */
export const consentEvents = eventCodec('tillid.consent.v1', { ConsentRequested, ConsentGranted, ConsentWithdrawn }, {
  reservations: (event) => (event.type === 'ConsentRequested' && event.textVersion ? { reserve: [`text:${event.textVersion}`] } : {}),
});
export type ConsentEvent = EventOf<typeof consentEvents>;

export type ConsentCommand =
  | { readonly type: 'Request'; readonly textVersion?: string }
  | { readonly type: 'Grant'; readonly times?: number }
  | { readonly type: 'Withdraw' };
export interface ConsentState {
  readonly status: 'none' | 'requested' | 'withdrawn';
  readonly grants: number;
}
const refuse = refusals({ 'consent.not_requested': 'precondition', 'consent.withdrawn': 'precondition' });

export const consent: Decider<ConsentCommand, ConsentState, ConsentEvent> = {
  initial: { status: 'none', grants: 0 },
  decide(command, state) {
    switch (command.type) {
      case 'Request':
        return state.status === 'none' ? [requested(command.textVersion)] : [];
      case 'Grant':
        if (state.status === 'none') throw refuse('consent.not_requested');
        if (state.status === 'withdrawn') throw refuse('consent.withdrawn');
        return Array.from({ length: command.times ?? 1 }, (_, index) => granted(`grant-${state.grants + index + 1}`));
      case 'Withdraw':
        if (state.status === 'none') throw refuse('consent.not_requested');
        if (state.status === 'withdrawn') throw refuse('consent.withdrawn');
        return [{ type: 'ConsentWithdrawn', consentId: 'c', reason: 'own_wish' }];
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'ConsentRequested':
        return { ...state, status: 'requested' };
      case 'ConsentGranted':
        return { ...state, grants: state.grants + 1 };
      case 'ConsentWithdrawn':
        return { ...state, status: 'withdrawn' };
    }
  },
};

export function requested(textVersion = ''): ConsentEvent {
  return {
    type: 'ConsentRequested', consentId: 'c', providerId: 'identity', attributes: ['address'], purpose: 'ServiceProvision', textHash: Buffer.alloc(32, 7),
    textVersion, language: 'da', expiresAtMs: 2_000_000_000_000, sharesPerDay: 0, retentionDays: 30, agreementId: 'a',
  };
}

export function granted(grantId: string): ConsentEvent {
  return { type: 'ConsentGranted', consentId: 'c', grantId, attributes: ['address'], textHash: Buffer.alloc(32, 7), expiresAtMs: 2_000_000_000_000 };
}

export const byTheBank: EnvelopeFields = { subject: 'pseudonym-1', clientId: 'fjordbanken', actor: { kind: ActorKind.RELYING_SERVICE, id: 'fjordbanken' } };
export const envelope = (): EnvelopeFields => byTheBank;

export const noon = Date.UTC(2026, 10, 24, 12);
export function testClock(nowMs = noon) {
  return { now: nowMs, nowMs(): number { return this.now; } };
}

export function contextOf(key: string, request = ''): CommandContext {
  return { commandId: Buffer.alloc(16, key), fingerprint: Buffer.alloc(32, `${request || key}`), correlationId: 'correlation-1' };
}

export function consentLog(store: EventStore = inMemoryEventStore(), source = 'consent/0'): EventLog<ConsentEvent> & { readonly clock: ReturnType<typeof testClock> } {
  return { store, codec: consentEvents, source, clock: testClock(), ids: { bytes: randomBytes } };
}

/** A service whose log other services follow: it announces its keys, acts, and signs each head with the key in force there. */
export function consentSource(source = 'consent/0') {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keys = [{ from: 1, publicKey, privateKey }];
  const log = consentLog(inMemoryEventStore(), source);
  let commands = 0;
  const act = (stream: string, command: ConsentCommand) =>
    handle(log, contextOf(`${source} command ${++commands}`.slice(-16)), [{ stream, decider: consent, command, envelope }]);
  /** Another key, vouched for by the one in force. */
  const rotate = async () => {
    const before = keys.at(-1)!;
    const next = generateKeyPairSync('ed25519');
    keys.push({ from: (await log.store.head()).position + 1, ...next });
    await announceKey(log, source, next.publicKey, sign(null, keySuccessionText(source, rawKey(before.publicKey), rawKey(next.publicKey)), before.privateKey), `announce ${keys.length}`);
    return next;
  };
  const keyAt = (position: number) => (keys.findLast(({ from }) => from <= position) ?? keys[0]!).privateKey;
  return { source, log, act, announce: () => announceKey(log, source, publicKey), rotate, keyAt, batch: (after: number, upTo?: number) => batchOf(log.store, source, keyAt, after, upTo), publicKey, privateKey };
}

/** 32 bytes, as SourceKeyAnnounced holds it. */
export function rawKey(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
}

export async function announceKey(log: Pick<EventLog<ConsentEvent>, 'store' | 'clock' | 'ids'>, source: string, publicKey: KeyObject, signature = Buffer.alloc(0), command = 'announce', named = source): Promise<void> {
  const announcement: Decider<null, null, EventOf<typeof commonEvents>> = {
    initial: null,
    decide: () => [{ type: 'SourceKeyAnnounced', source: named, publicKey: rawKey(publicKey), signature }],
    evolve: () => null,
  };
  await handle({ ...log, codec: commonEvents, source }, contextOf(command), [
    { stream: 'source-keys', decider: announcement, command: null, envelope: () => ({ actor: { kind: ActorKind.SYSTEM, id: source } }) },
  ]);
}

export function signHead(source: string, privateKey: KeyObject, position: number, chain: Uint8Array, timeMs: number): SignedHead {
  const head = { source, position, chain: Buffer.from(chain), timeMs };
  return { ...head, signature: sign(null, signedHeadText(head), privateKey) };
}

/** Heads are signed as time goes: position n at n milliseconds past noon. */
export async function batchOf(store: EventStore, source: string, keyAt: (position: number) => KeyObject, after: number, upTo = Infinity): Promise<Required<FeedBatch>> {
  const all = await store.readAll(0, 100_000);
  const events = chained(startingPoint, all.map(({ bytes }) => bytes)).slice(0, upTo);
  const last = events.at(-1) ?? startingPoint;
  const fresh = events.slice(after);
  return { firstPosition: fresh[0]?.position ?? 0, events: fresh.map(({ bytes }) => bytes), head: signHead(source, keyAt(last.position), last.position, last.chain, noon + last.position) };
}
