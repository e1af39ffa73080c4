import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import type { AuthorizeShareReply } from '@tillid/contracts/consent/v1/service';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { IdentityServiceService, KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { type KeyEncryptionKeys, newKeyEncryptionKeys, systemIds } from '@tillid/crypto';
import { eventCodec, type EventLog, followLog, handle, hashOf, ProgressBook, type RecordedEvent, timerContext } from '@tillid/eventsourcing';
import { inMemoryEventStore, inMemoryReadModelStore, inMemoryVault } from '@tillid/eventsourcing/in-memory';
import { Refused } from '@tillid/kernel';
import { inMemoryService } from '@tillid/service';
import { identityEvents } from '../src/domain/identity.codec.js';
import type { IdentityEvent } from '../src/domain/identity.messages.js';
import { assembleIdentity } from '../src/identity.assembly.js';
import { IdentityController, KeyRingController } from '../src/identity.controller.js';
import type { IdentityStores } from '../src/identity.stores.js';
import { InMemoryCitizenKeyRecords, InMemoryKeyUseCounts } from '../src/key-ring/key-ring.in-memory.js';

export const dayMs = 86_400_000;
export const eid = 'https://data.gov.dk/model/core/eid/';
export const address = 'https://data.gov.dk/model/core/address';
export const publicTask = 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e';
export const ida = { nationalNumber: '660781-1234', firstName: 'Ida Marie', lastName: 'Holmsted', address: 'Havnegade 17, 5000 Odense C', email: 'ida.holmsted@eksempel.dk' };

const linkedEvents = eventCodec('tillid.authentication.v1', { SubjectLinked });

export function inMemoryStores(): IdentityStores {
  return { events: inMemoryEventStore(), readModels: inMemoryReadModelStore(), vault: inMemoryVault(), keys: new InMemoryCitizenKeyRecords(), keyUseCounts: new InMemoryKeyUseCounts() };
}

/** A share as consent holds it; what identity, as its provider, may know. */
export interface Share {
  readonly receiverId: string;
  readonly citizenId: string;
  readonly attributes: readonly string[];
  readonly refusal?: string;
  status: 'requested' | 'authorized' | 'completed';
}

/**
 * Identity behind its gate, and of the others what they are to it: authentication's log and maker of pseudonyms, and
 * the two answers of consent. `keyEncryptionKeys` survive a restart over the same stores, as their file does.
 */
export async function identityTown(stores: IdentityStores = inMemoryStores(), keyEncryptionKeys: { current: KeyEncryptionKeys } = { current: newKeyEncryptionKeys(systemIds) }) {
  const clock = { ms: Date.UTC(2026, 10, 24, 9), nowMs: () => clock.ms };
  const log: EventLog<IdentityEvent> = { store: stores.events, codec: identityEvents, source: 'identity/0', clock, ids: systemIds };
  const progress = new ProgressBook();
  const authenticationLog: EventLog<{ type: 'SubjectLinked' } & SubjectLinked> = { store: inMemoryEventStore(), codec: linkedEvents, source: 'authentication/0', clock, ids: systemIds };

  const linkSubject = async (citizenId: string, clientId: string): Promise<string> => {
    const pseudonym = hashOf(citizenId, clientId).toString('hex').replace(/[^a-f2-7]/g, '').padEnd(26, 'q').slice(0, 26);
    const decider = { initial: false, decide: (_: object, linked: boolean) => (linked ? [] : [{ type: 'SubjectLinked' as const, citizenId, clientId, pseudonym }]), evolve: () => true };
    const envelope = () => ({ subject: citizenId, actor: { kind: ActorKind.SYSTEM, id: 'authentication' } });
    await handle(authenticationLog, timerContext(`link ${pseudonym}`, 0), [{ stream: `subject-${pseudonym}`, decider, command: {}, envelope }]);
    return pseudonym;
  };

  const shares = new Map<string, Share>();
  const yeses = new Map<string, AuthorizeShareReply>();
  /** Named steps that fail once: 'before' they reach the peer, or 'after' it has done its part. */
  const failing = new Map<string, 'before' | 'after'>();
  const step = async <Reply>(name: string, work: () => Promise<Reply>): Promise<Reply> => {
    const fail = failing.get(name);
    failing.delete(name);
    if (fail === 'before') throw new Refused('peer.unavailable', 'unknown_outcome');
    const reply = await work();
    if (fail === 'after') throw new Refused('peer.unavailable', 'unknown_outcome');
    return reply;
  };
  const consent = {
    authorizeShare: ({ shareId = '', idempotencyKey = '', receiverId: broughtBy = '' }) =>
      step('authorizeShare', async () => {
        const known = yeses.get(idempotencyKey);
        if (known) return known;
        const share = shares.get(shareId);
        if (share?.receiverId !== broughtBy) throw new Refused('share.unknown', 'not_found');
        if (share.refusal) throw new Refused(share.refusal, 'precondition');
        if (share.status === 'completed') throw new Refused('share.expired', 'precondition');
        share.status = 'authorized';
        const { citizenId: subject, attributes, receiverId } = share;
        const yes = { subject, attributes: [...attributes], receiverId, purpose: 'https://w3id.org/dpv#ServiceProvision', basis: shareId.split('.')[0]!, validUntil: new Date(clock.ms + 60_000) };
        yeses.set(idempotencyKey, yes);
        return yes;
      }),
    completeShare: ({ shareId = '' }) =>
      step('completeShare', async () => {
        const share = shares.get(shareId);
        if (share?.status !== 'authorized' && share?.status !== 'completed') throw new Refused('share.not_authorized', 'precondition');
        share.status = 'completed';
        return {};
      }),
  };
  const authentication = { linkSubject: ({ citizenId = '', clientId = '' }) => step('linkSubject', async () => ({ pseudonym: await linkSubject(citizenId, clientId) })) };

  const { parts, lists, timed } = await assembleIdentity({
    log: { store: stores.events, codec: identityEvents, source: 'identity/0', clock, ids: systemIds },
    ids: systemIds,
    stores,
    consent,
    authentication,
    nationalNumberSecret: Buffer.alloc(32, 3),
    decoySecret: Buffer.alloc(32, 5),
    keyEncryptionKeys: {
      read: async () => keyEncryptionKeys.current,
      async replace(expected, next) {
        if (keyEncryptionKeys.current !== expected) return false;
        keyEncryptionKeys.current = next;
        return true;
      },
    },
    keyEncryptionKeyPolicy: { rotateAfterMs: 30 * dayMs, keepRetiredMs: 35 * dayMs },
    catchUp: async ({ signal }) => progress.waitFor('on-subject-linked', 'authentication/0', (await authenticationLog.store.head()).position, signal),
  });
  const follower = followLog({ source: 'authentication/0', consumer: lists[0]!.consumer, book: progress, clock, store: authenticationLog.store });
  follower.start();
  const service = inMemoryService({ name: 'identity', controllers: [new IdentityController(parts), new KeyRingController(parts)], store: stores.events, progress, clock });

  const newKey = () => systemIds.newId();
  const callers = {
    official: service.as({ kind: 'official', id: 'official-1' }),
    secondOfficial: service.as({ kind: 'official', id: 'official-2' }),
    operator: service.as({ kind: 'operator', id: 'oda' }),
    egebaek: service.as({ kind: 'relying_service', id: 'egebaek' }),
    sundby: service.as({ kind: 'relying_service', id: 'sundby' }),
    authenticationService: service.as({ kind: 'service', id: 'authentication' }),
    consentService: service.as({ kind: 'service', id: 'consent' }),
  };

  const town = {
    clock, parts, stores, timed, shares, failing, linkSubject,
    asAt: (id: string) => service.as({ kind: 'relying_service', id }),
    ...callers,
    newKey,

    async register(details: Partial<typeof ida> = {}, idempotencyKey = newKey()): Promise<string> {
      const { citizenId } = await callers.official.call(IdentityServiceService.registerCitizen, { idempotencyKey, details: { ...ida, ...details } });
      return citizenId;
    },
    prove: (citizenId: string, level: AssuranceLevel, by: 'official' | 'secondOfficial' = 'official', evidenceKind = 'passport', idempotencyKey = newKey()) =>
      callers[by].call(IdentityServiceService.proveIdentity, { idempotencyKey, citizenId, level, evidenceKind }),
    read: (citizenId: string, attributes: string[], idempotencyKey = newKey()) =>
      callers.official.call(IdentityServiceService.readCitizen, { idempotencyKey, citizenId, attributes, basis: publicTask, purpose: 'https://w3id.org/dpv#IdentityVerification' }),
    block: (citizenId: string, idempotencyKey = newKey()) => callers.official.call(IdentityServiceService.blockCitizen, { idempotencyKey, citizenId, reason: 'reported_stolen' }),
    unblock: (citizenId: string, idempotencyKey = newKey()) => callers.official.call(IdentityServiceService.unblockCitizen, { idempotencyKey, citizenId }),
    close: (citizenId: string, destroyKey = false, idempotencyKey = newKey()) => callers.official.call(IdentityServiceService.closeCitizen, { idempotencyKey, citizenId, reason: 'death', destroyKey }),
    useKey: (citizenId: string, by: 'authenticationService' | 'consentService' = 'authenticationService') => callers[by].call(KeyRingServiceService.useCitizenKey, { citizenId }),

    async statusOf(citizenId: string): Promise<string> {
      return (await town.read(citizenId, [`${eid}age`])).status;
    },
    /** Everything in the log, in order; of one type when named. */
    async events(type?: IdentityEvent['type']): Promise<RecordedEvent<IdentityEvent>[]> {
      const stored: RecordedEvent<IdentityEvent>[] = [];
      for (let after = 0; ; ) {
        const page = await log.store.readAll(after, 1000);
        if (page.length === 0) return stored.filter(({ event }) => type === undefined || event.type === type);
        stored.push(...page.flatMap(({ bytes, position }) => identityEvents.decode(bytes, position) ?? []));
        after = page.at(-1)!.position;
      }
    },
    async stop(): Promise<void> {
      await follower.stop();
      for (const store of [stores.readModels, stores.vault, stores.keys, stores.events, authenticationLog.store]) await store.close();
    },
  };
  return town;
}

export type IdentityTown = Awaited<ReturnType<typeof identityTown>>;
