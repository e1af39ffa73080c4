import type { Ids } from '@tillid/kernel';
import type { EventLog, ReadModelTable, Vault } from '@tillid/eventsourcing';
import type { RecordWatch } from '@tillid/service';
import type { RoomEvent } from './domain/consent.events.js';
import type { Known } from './known/known.js';
import type { ConsentDocument } from './list-consents/list-consents.read-model.js';
import type { RefusalBudget } from './request-share/refusal-budget.js';

export const CONSENT_ROOM = Symbol('consent room');

/** All that a slice may reach. What a slice does not name here it cannot touch. */
export interface ConsentRoom {
  readonly log: EventLog<RoomEvent>;
  readonly ids: Ids;
  /** Texts that were shown, under the consent's id. */
  readonly vault: Vault;
  readonly consents: ReadModelTable<ConsentDocument>;
  readonly known: Known;
  readonly peers: Peers;
  readonly refusals: RefusalBudget;
  readonly recordWatch: Pick<RecordWatch, 'requireRecorded'>;
}

/** What other services are asked. */
export interface Peers {
  /** How far authentication's log goes now. */
  headPosition(deadlineMs: number): Promise<number>;
  /** The citizen's pseudonym at a client, made if there is none. */
  linkSubject(citizenId: string, clientId: string, deadlineMs: number): Promise<string>;
  /** How many events of this service stand under audit's signed tree. */
  integratedPosition(deadlineMs: number): Promise<number>;
  /** 32 bytes. Throws Refused key_ring.key_destroyed when the citizen was erased. */
  citizenKey(citizenId: string, deadlineMs: number): Promise<Uint8Array>;
}
