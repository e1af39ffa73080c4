import { createHmac, randomUUID } from 'node:crypto';
import { AuthenticationServiceService as rpcs, SubjectServiceService, type BeginSignInReply, type CodeCard, type TakeSignInReply } from '@tillid/contracts/authentication/v1/service';
import { Event } from '@tillid/contracts/event/v1/event';
import { AssuranceLevel, CitizenBlocked, CitizenClosed, CitizenRegistered, CitizenUnblocked, IdentityProved } from '@tillid/contracts/identity/v1/events';
import { SharedTokenKeys, systemIds } from '@tillid/crypto';
import { decodeEnvelope, eventCodec, type EventOf, followLog, hashOf, ProgressBook } from '@tillid/eventsourcing';
import { inMemoryEventStore, inMemoryExpiringStore, inMemoryReadModelStore, inMemoryVault } from '@tillid/eventsourcing/in-memory';
import { Refused } from '@tillid/kernel';
import { inMemoryService } from '@tillid/service';
import { inMemorySecrets } from '@tillid/testing';
import { assembleAuthentication } from '../src/assemble-authentication.js';
import { sources } from '../src/read-models.js';
import { AuthenticationController } from '../src/authentication.controller.js';
import { authenticationEvents } from '../src/domain/authentication.events.js';
import { SubjectController } from '../src/subject.controller.js';
import { ownTokenGuard } from '../src/tokens/own-token-guard.js';

const identityEvents = eventCodec('tillid.identity.v1', { CitizenRegistered, IdentityProved, CitizenBlocked, CitizenUnblocked, CitizenClosed });

export const bank = { kind: 'relying_service', id: 'fjordbanken' } as const;
export const hospital = { kind: 'relying_service', id: 'sundby-hospital' } as const;
export const portal = { kind: 'citizen_agent', id: 'portal' } as const;
export const otherAgent = { kind: 'citizen_agent', id: 'other-agent' } as const;
export const operator = { kind: 'operator', id: 'olga' } as const;
export const official = { kind: 'official', id: 'anna' } as const;
export const consentService = { kind: 'service', id: 'consent' } as const;
export const goodPassword = 'korrekt hest batteri';
export const key = () => randomUUID();

export interface Person {
  readonly citizenId: string;
  readonly userId: string;
  readonly password: string;
  readonly card: CodeCard;
}
type AnyCaller = typeof bank | typeof hospital | typeof portal | typeof otherAgent;

/** Authentication on stores in memory, behind everything but sockets; identity is a log and a key ring that the spec writes. */
export async function authenticationTown({ openSignInsPerClient = 1000, strangersTriesMax = 100_000, refusesUnrecorded = false } = {}) {
  let nowMs = Date.parse('2026-11-24T08:00:00Z');
  const clock = { nowMs: () => nowMs };
  const store = inMemoryEventStore();
  const identity = inMemoryEventStore();
  const progress = new ProgressBook();
  const keysAsked: string[] = [];
  const destroyed = new Set<string>();
  const vault = inMemoryVault();
  const signIns = inMemoryExpiringStore();
  const devices = inMemoryExpiringStore();
  let keyRingDown = false;
  /** How much of authentication's log audit has under its signed tree; undefined: it does not answer. */
  let recorded: number | undefined = Infinity;
  let whenIdentityIsAsked = (): void => undefined;
  const { service, recordWatch, consumers } = await assembleAuthentication({
    clock,
    ids: systemIds,
    store,
    vault,
    progress,
    signIns,
    tries: inMemoryExpiringStore({ maxEntries: strangersTriesMax }),
    devices,
    readModels: inMemoryReadModelStore(),
    citizenKeys: {
      keyOf: (citizenId) => {
        keysAsked.push(citizenId);
        if (keyRingDown) return Promise.reject(new Refused('peer.unavailable', 'unknown_outcome'));
        if (destroyed.has(citizenId)) return Promise.reject(new Refused('key_ring.key_destroyed', 'precondition'));
        return Promise.resolve(createHmac('sha256', 'key ring').update(citizenId).digest());
      },
    },
    identityHead: async () => {
      whenIdentityIsAsked();
      return (await identity.head()).position;
    },
    secrets: { pairwise: Buffer.alloc(32, 1), userIds: Buffer.alloc(32, 2), signIns: Buffer.alloc(32, 3) },
    tokenKeys: new SharedTokenKeys(inMemorySecrets(), clock, systemIds),
    issuer: 'town.test',
    ...(refusesUnrecorded && {
      unrecorded: {
        limitMs: 60_000,
        async integratedPosition() {
          if (recorded === undefined) throw new Error('audit is away');
          return Math.min(recorded, (await store.head()).position);
        },
      },
    }),
    limits: { hashes: { atOnce: 2, knownPlaces: 50, unknownPlaces: 200 }, openSignInsPerClient, sessionLifetimeMs: 3_600_000 },
  });
  const follow = ({ source, consumer }: (typeof consumers)[number]) => followLog({ source, consumer, clock, book: progress, store: source === sources.identity ? identity : store });
  const own = consumers.filter(({ source }) => source === sources.authentication).map(follow);
  const followIdentity = () => consumers.filter(({ source }) => source === sources.identity).map(follow);
  let fromIdentity = followIdentity();
  for (const follower of [...own, ...fromIdentity]) follower.start();
  const front = inMemoryService({
    name: 'authentication',
    controllers: [new AuthenticationController(service), new SubjectController(service)],
    store,
    progress,
    clock,
    tokens: ownTokenGuard(service),
  });

  const settled = async (): Promise<void> => {
    const patience = AbortSignal.timeout(10_000);
    for (const { source, consumer } of consumers.filter((each) => each.source === sources.identity)) await progress.waitFor(consumer.name, source, (await identity.head()).position, patience);
    // A reaction may write, and then there is more to react to.
    for (let before = -1, head = 0; before !== head; ) {
      before = head;
      head = (await store.head()).position;
      for (const { source, consumer } of consumers.filter((each) => each.source === sources.authentication)) await progress.waitFor(consumer.name, source, head, patience);
    }
  };

  const town = {
    service,
    front,
    vault,
    /** As if the process died once it had written to the log: nothing gets into the stores of sign-ins and devices any more. */
    async dyingBeforeExpiringStores(work: () => Promise<unknown>): Promise<void> {
      const both = [signIns, devices].map((store) => ({ store, compareAndSet: store.compareAndSet }));
      for (const { store } of both) store.compareAndSet = () => Promise.reject(new Error('killed'));
      try {
        await work();
      } finally {
        for (const { store, compareAndSet } of both) store.compareAndSet = compareAndSet;
      }
    },
    keysAsked,
    destroyed,
    settled,
    passTime: (ms: number) => void (nowMs += ms),
    now: () => nowMs,
    /** The feed from identity stands still. */
    holdIdentity: () => Promise.all(fromIdentity.map((follower) => follower.stop())),
    /** It stands still until somebody asks identity how far it is. */
    async holdIdentityUntilAsked() {
      await town.holdIdentity();
      whenIdentityIsAsked = () => {
        whenIdentityIsAsked = () => undefined;
        fromIdentity = followIdentity();
        for (const follower of fromIdentity) follower.start();
      };
    },
    /** Audit has so much, or does not answer; and the service, which looks every second, has looked. */
    async auditHas(position: number | undefined): Promise<void> {
      recorded = position;
      await recordWatch?.look().catch(() => undefined);
    },
    /** Identity answers nobody, until it is up again. */
    keyRingIsDown: (down: boolean) => void (keyRingDown = down),

    async identityTells(event: EventOf<typeof identityEvents>): Promise<void> {
      const position = (await identity.head()).position + 1;
      const stream = `citizen-${event.citizenId}`;
      const revision = (await identity.lastRevision(stream)) + 1;
      const envelope = Event.fromPartial({ id: systemIds.bytes(16), salt: systemIds.bytes(16), source: sources.identity, stream, revision, occurredAt: new Date(nowMs), subject: event.citizenId });
      const bytes = identityEvents.encode(event, envelope);
      await identity.append({ commandId: hashOf('told', String(position)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream, expectedRevision: revision - 1, events: [bytes] }] });
    },

    /** Everything this service has recorded, oldest first. */
    async events() {
      const stored = await store.readAll(0, 100_000);
      return stored.flatMap(({ bytes, position }) => authenticationEvents.decode(bytes, position) ?? []);
    },
    async types(after = 0): Promise<string[]> {
      const stored = await store.readAll(after, 100_000);
      return stored.map(({ bytes }) => decodeEnvelope(bytes).type.split('.').at(-1) ?? '');
    },
    head: async () => (await store.head()).position,

    async citizen(proof = AssuranceLevel.SUBSTANTIAL): Promise<string> {
      const citizenId = systemIds.newId();
      await town.identityTells({ type: 'CitizenRegistered', citizenId, detailsId: 'd', nationalNumberHmac: Buffer.alloc(32), attributes: [] });
      if (proof !== AssuranceLevel.UNSPECIFIED) await town.identityTells({ type: 'IdentityProved', citizenId, proofId: 'p', level: proof, evidenceKind: 'passport', provedBy: 'anna', proposedBy: '' });
      return citizenId;
    },
    letter: (citizenId: string) => front.as(official).call(rpcs.issueActivationCode, { idempotencyKey: key(), citizenId }),
    async person(userId: string, proof?: AssuranceLevel): Promise<Person> {
      const citizenId = await town.citizen(proof);
      const { activationId, activationCode } = await town.letter(citizenId);
      const { card } = await front.as(portal).call(rpcs.activateKey, { idempotencyKey: key(), activationId, activationCode, userId, password: goodPassword });
      return { citizenId, userId, password: goodPassword, card: card! };
    },

    begin: (caller: AnyCaller = bank, level = AssuranceLevel.SUBSTANTIAL): Promise<BeginSignInReply> => front.as(caller).call(rpcs.beginSignIn, { idempotencyKey: key(), level }),
    take: (handOver: string, agent: AnyCaller = portal): Promise<TakeSignInReply> => front.as(agent).call(rpcs.takeSignIn, { idempotencyKey: key(), handOver }),
    async begun(caller: AnyCaller = bank, level = AssuranceLevel.SUBSTANTIAL) {
      const began = await town.begin(caller, level);
      return { ...began, ...(await town.take(began.handOver)) };
    },
    password: ({ signInId, agentSecret }: { signInId: string; agentSecret: string }, userId: string, password: string, deviceSecret = '') =>
      front.as(portal).call(rpcs.submitPassword, { idempotencyKey: key(), signInId, agentSecret, userId, password, deviceSecret }),
    code: ({ signInId, agentSecret }: { signInId: string; agentSecret: string }, code: string) => front.as(portal).call(rpcs.submitCode, { idempotencyKey: key(), signInId, agentSecret, code }),
    redeem: ({ signInId, signInSecret }: { signInId: string; signInSecret: string }, caller: AnyCaller = bank) => front.as(caller).call(rpcs.redeemSignIn, { idempotencyKey: key(), signInId, signInSecret }),

    /** Password and code; not yet redeemed. */
    async completed(person: Person, caller: AnyCaller = bank, deviceSecret = '') {
      const begun = await town.begun(caller);
      const { codeNumber } = await town.password(begun, person.userId, person.password, deviceSecret);
      return { ...begun, ...(await town.code(begun, keyOf(person.card, codeNumber))) };
    },
    async signedIn(person: Person, caller: AnyCaller = bank) {
      const done = await town.completed(person, caller);
      return { ...done, ...(await town.redeem(done, caller)) };
    },
    linkSubject: (citizenId: string, clientId: string) => front.as(consentService).call(SubjectServiceService.linkSubject, { citizenId, clientId }),
    active: async (token: string, caller: AnyCaller = bank) => (await front.as(caller).call(rpcs.introspectToken, { token })).active,

    async close(): Promise<void> {
      await Promise.all([...own, ...fromIdentity].map((follower) => follower.stop()));
      await store.close();
    },
  };
  for (const [client, name] of [[bank, 'Fjordbanken'], [hospital, 'Sundby Hospital'], [portal, 'Borgerportalen'], [otherAgent, 'En anden']] as const) {
    await front.as(operator).call(rpcs.registerClient, { idempotencyKey: key(), clientId: client.id, name, kind: client.kind, dataProvider: false });
  }
  return town;
}

export type AuthenticationTown = Awaited<ReturnType<typeof authenticationTown>>;

/** The key beside a number on the card. */
export function keyOf(card: CodeCard, number: string): string {
  const code = card.codes.find((each) => each.number === number);
  if (!code) throw new Error(`no code ${number} on the card`);
  return code.key;
}

export const wrongKey = (right: string): string => (right === '000000' ? '000001' : '000000');
