import { join } from 'node:path';
import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { Restoring, StorePlan, Stores } from '@tillid/service';
import { identityEvents } from './domain/identity.codec.js';
import type { IdentityEvent } from './domain/identity.messages.js';
import type { CitizenKeyRecords, KeyUseCounts } from './key-ring/citizen-key-records.js';
import { SqliteCitizenKeyRecords } from './key-ring/citizen-key-records.sqlite.js';
import { openKeyRingDatabase } from './key-ring/key-ring.database.js';
import { keyRingCollections, keyRingDatabase, mongoKeyRing } from './key-ring/key-ring.mongo.js';
import { SqliteKeyUseCounts } from './key-ring/key-use-counts.sqlite.js';
import { readModels } from './read-models.js';

export const identityStorePlan: StorePlan = {
  eventStores: ['log'],
  readModels: Object.values(readModels).map(({ model }) => model),
  vault: true,
  expiringStores: [],
  own: [{ database: keyRingDatabase, collections: keyRingCollections }],
};

/** Details and key of a citizen are put before the one event that says so. */
export const identityRestoring: Restoring<IdentityEvent> = {
  events: identityEvents,
  valuesNamedBy: (event) => (event.type === 'CitizenRegistered' ? [event.detailsId] : []),
};

export interface IdentityStores {
  readonly events: EventStore;
  readonly readModels: ReadModelStore;
  readonly vault: Vault;
  readonly keys: CitizenKeyRecords;
  readonly keyUseCounts: KeyUseCounts;
}

/** The log, what we heard from others, the sealed values, and apart from all of them the keys. */
export async function openStores(stores: Stores): Promise<IdentityStores> {
  return {
    events: await stores.eventStore('log'),
    readModels: await stores.readModelStore(),
    vault: await stores.vault(),
    ...(await openKeyRing(stores)),
  };
}

async function openKeyRing({ engine }: Stores): Promise<Pick<IdentityStores, 'keys' | 'keyUseCounts'>> {
  if (engine.kind === 'mongo') return mongoKeyRing(await engine.database(keyRingDatabase));
  const keyRing = openKeyRingDatabase(join(engine.folder, 'key-ring.sqlite'));
  return { keys: new SqliteCitizenKeyRecords(keyRing), keyUseCounts: new SqliteKeyUseCounts(keyRing) };
}
