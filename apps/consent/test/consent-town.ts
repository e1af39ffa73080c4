import { createHash } from 'node:crypto';
import { ClientRegistered, SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import { AssuranceLevel, CitizenClosed } from '@tillid/contracts/identity/v1/events';
import { systemIds } from '@tillid/crypto';
import { eventCodec, followLog, ProgressBook, type DomainEvent, type Envelope, type EventCodec, type EventStore, type ReadModelStore, type RecordedEvent, type Vault } from '@tillid/eventsourcing';
import { inMemoryEventStore, inMemoryReadModelStore, inMemoryVault } from '@tillid/eventsourcing/in-memory';
import { inMemoryService } from '@tillid/service';
import { assembleConsent } from '../src/consent.assembly.js';
import { sources } from '../src/read-models.js';
import { ConsentController } from '../src/consent.controller.js';
import { consentEvents, type RoomEvent } from '../src/domain/consent.events.js';

const authenticationEvents = eventCodec('tillid.authentication.v1', { ClientRegistered, SubjectLinked });
const identityEvents = eventCodec('tillid.identity.v1', { CitizenClosed });

export const publicTask = 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e';
export const text = 'Egebæk Kommune vil gerne se din adresse.';
export const textHash = createHash('sha256').update(text).digest();
export const dayMs = 86_400_000;

export interface TownStores {
  readonly events: EventStore;
  readonly readModels: ReadModelStore;
  readonly vault: Vault;
}

/**
 * The service behind its gate, and of the others what they are to it: two logs it follows, a key ring, a maker of
 * pseudonyms. Egebæk (a municipality) and Sundby (a hospital) receive; the bank and identity provide.
 */
export async function consentTown(stores: TownStores = { events: inMemoryEventStore(), readModels: inMemoryReadModelStore(), vault: inMemoryVault() }, { following = true } = {}) {
  const clock = { ms: Date.UTC(2026, 10, 24, 9), nowMs: () => clock.ms };
  const authentication = inMemoryEventStore();
  const identity = inMemoryEventStore();
  const progress = new ProgressBook();
  const log = { store: stores.events, codec: consentEvents, source: sources.consent, clock, ids: systemIds };
  const keys = new Map<string, Buffer>();
  const linked = new Map<string, string>();

  const link = async (citizenId: string, clientId: string): Promise<string> => {
    const known = linked.get(`${citizenId} ${clientId}`);
    if (known) return known;
    const pseudonym = systemIds.newId();
    linked.set(`${citizenId} ${clientId}`, pseudonym);
    await tell(authentication, sources.authentication, authenticationEvents, `subject-${pseudonym}`, [{ type: 'SubjectLinked', citizenId, clientId, pseudonym }]);
    return pseudonym;
  };
  /** How much of consent's log audit has under its signed tree; undefined: it does not answer. */
  let recorded: number | undefined = Infinity;
  const peers = {
    headPosition: async () => (await authentication.head()).position,
    linkSubject: link,
    integratedPosition: async () => {
      if (recorded === undefined) throw new Error('audit is away');
      return Math.min(recorded, (await stores.events.head()).position);
    },
    citizenKey: async (citizenId: string) => {
      const key = keys.get(citizenId) ?? systemIds.bytes(32);
      keys.set(citizenId, key);
      return key;
    },
  };
  const { room, recordWatch, consumers } = await assembleConsent({ log, ids: systemIds, vault: stores.vault, readModels: stores.readModels, progress, peers });
  const storeOf: Record<string, EventStore> = { [sources.consent]: stores.events, [sources.authentication]: authentication, [sources.identity]: identity };
  const followers = consumers.map(({ source, consumer }) => followLog({ source, consumer, book: progress, clock, store: storeOf[source]! }));

  const service = inMemoryService({ name: 'consent', controllers: [new ConsentController(room)], store: stores.events, progress, clock });
  const client = (kind: 'relying_service' | 'citizen_agent' | 'operator' | 'service', id: string) => service.as({ kind, id });

  for (const [clientId, dataProvider] of [['egebaek', false], ['sundby', false], ['fjordbanken', true]] as const) {
    await tell(authentication, sources.authentication, authenticationEvents, `client-${clientId}`, [{ type: 'ClientRegistered', clientId, name: clientId, kind: 'relying_service', dataProvider }]);
  }
  const follow = (): void => followers.forEach((follower) => follower.start());
  if (following) follow();

  const town = {
    clock, log, room, stores, progress, client, link, keys, follow,
    egebaek: client('relying_service', 'egebaek'),
    sundby: client('relying_service', 'sundby'),
    fjordbanken: client('relying_service', 'fjordbanken'),
    register: client('service', 'identity'),
    operator: client('operator', 'oda'),
    portal: client('citizen_agent', 'portal'),
    newKey: () => systemIds.newId(),
    flushRefusals: service.flushRefusals,
    /** Audit has so much, or does not answer; and the service, which looks every second, has looked. */
    async auditHas(position: number | undefined): Promise<void> {
      recorded = position;
      await recordWatch.look().catch(() => undefined);
    },
    /** What a citizen's call carries. */
    by: (subject: string, level = AssuranceLevel.SUBSTANTIAL) => ({ citizen: { subject, level } }),
    closeCitizen: (citizenId: string) => tell(identity, sources.identity, identityEvents, `citizen-${citizenId}`, [{ type: 'CitizenClosed', citizenId, reason: 'death' }]),

    /** An agreement of a receiver with a provider about the address. */
    async agree(receiverId: string, providerId: string, legalBases: string[] = []): Promise<string> {
      const agreementId = `address-from-${providerId}`;
      const expiresAt = new Date(clock.ms + 300 * dayMs);
      await town.operator.call(ConsentServiceService.registerAgreement, {
        idempotencyKey: town.newKey(), agreementId, receiverId, providerId, attributes: ['address', 'fullName'], purposes: ['kindergarten'], legalBases, expiresAt,
      });
      return agreementId;
    },
    async ask(agreementId: string, subject: string, more: { sharesPerDay?: number; idempotencyKey?: string } = {}): Promise<string> {
      const { consentId } = await town.egebaek.call(ConsentServiceService.requestConsent, {
        idempotencyKey: town.newKey(), agreementId, subject, attributes: ['address', 'fullName'], purpose: 'kindergarten', text, textVersion: '1', language: 'da',
        expiresAt: new Date(clock.ms + 30 * dayMs), sharesPerDay: 0, retentionDays: 30,
        ...more,
      });
      return consentId;
    },
    async grant(consentId: string, citizenId: string): Promise<void> {
      await town.portal.call(ConsentServiceService.grantConsent, { idempotencyKey: town.newKey(), consentId, grantId: town.newKey(), attributes: ['address'], textHash }, town.by(citizenId));
    },
    async withdraw(consentId: string, citizenId: string): Promise<void> {
      await town.portal.call(ConsentServiceService.withdrawConsent, { idempotencyKey: town.newKey(), consentId }, town.by(citizenId));
    },
    async share(consentId: string): Promise<string> {
      const { shareId } = await town.egebaek.call(ConsentServiceService.requestShare, { idempotencyKey: town.newKey(), consentId, attributes: ['address'], purpose: 'kindergarten' });
      return shareId;
    },
    /** A citizen, known to Egebæk, who was asked and said yes. */
    async consenting(providerId: string, more: { sharesPerDay?: number } = {}) {
      const citizenId = systemIds.newId();
      const subject = await link(citizenId, 'egebaek');
      const agreementId = `address-from-${providerId}`;
      const consentId = await town.ask(agreementId, subject, more);
      await town.grant(consentId, citizenId);
      return { citizenId, subject, consentId };
    },
    /** Everything in the log, in order. */
    async events(): Promise<RecordedEvent<RoomEvent>[]> {
      const stored: RecordedEvent<RoomEvent>[] = [];
      for (let after = 0; ; after = stored.at(-1)!.position) {
        const page = await stores.events.readAll(after, 1000);
        if (page.length === 0) return stored;
        stored.push(...page.map(({ bytes, position }) => consentEvents.decode(bytes, position)!));
      }
    },
    async stop(): Promise<void> {
      await Promise.all(followers.map((follower) => follower.stop()));
      for (const store of [stores.readModels, stores.vault, stores.events, authentication, identity]) await store.close();
    },
  };
  return town;
}

export type ConsentTown = Awaited<ReturnType<typeof consentTown>>;

/** Shares of a consent as the log would hold them, written straight into it: asking for each would take minutes. */
export async function usedBefore(town: ConsentTown, { subject, consentId }: { readonly subject: string; readonly consentId: string }, uses: number): Promise<void> {
  const matter = { receiverId: 'egebaek', subject, basis: consentId, purpose: 'kindergarten' };
  const envelope = { subject, clientId: 'egebaek', authority: { basis: consentId, purpose: 'kindergarten' }, occurredAt: new Date(town.clock.ms) };
  const atOnce = 500;
  for (let first = 1; first <= uses; first += atOnce) {
    const events = Array.from({ length: atOnce }, (_, index) => `${consentId}.${first + index}`).flatMap((shareId): RoomEvent[] => {
      const about = { shareId, providerId: 'identity', attributes: ['address'], matter, atMs: town.clock.ms };
      return [
        { type: 'ShareRequested', ...about, agreementId: 'address-from-identity' },
        { type: 'ShareAuthorized', ...about, validUntilMs: town.clock.ms + 60_000 },
      ];
    });
    await tell(town.stores.events, sources.consent, consentEvents, `consent-${consentId}`, events, envelope);
  }
}

/** Appends as the service that owns the log would. */
async function tell<E extends DomainEvent>(store: EventStore, source: string, codec: EventCodec<E>, stream: string, events: readonly E[], more: Partial<Envelope> = {}): Promise<void> {
  const commandId = systemIds.bytes(16);
  const expectedRevision = await store.lastRevision(stream);
  const bytes = events.map((event, index) =>
    codec.encode(event, {
      id: systemIds.bytes(16), salt: systemIds.bytes(16), source, stream, revision: expectedRevision + index + 1, occurredAt: new Date(), subject: '', clientId: '',
      actor: { kind: ActorKind.SYSTEM, id: 'test', onBehalfOf: '' }, correlationId: 'test', causationId: '', traceParent: Buffer.alloc(0),
      authority: undefined, outcome: undefined, encrypted: Buffer.alloc(0), commandId, commitIndex: index, commitSize: events.length,
      ...more,
    }),
  );
  const outcome = await store.append({ commandId, fingerprint: Buffer.alloc(32), writes: [{ stream, expectedRevision, events: bytes }] });
  if (outcome.kind !== 'appended') throw new Error(`the log answered ${outcome.kind}`);
}
