import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { Restoring, StorePlan, Stores } from '@tillid/service';
import { consentEvents, type RoomEvent } from './domain/consent.events.js';
import { readModels } from './read-models.js';

export const consentStorePlan: StorePlan = {
  eventStores: ['log'],
  readModels: Object.values(readModels).map(({ model }) => model),
  vault: true,
  expiringStores: [],
};

/** The text a citizen is shown lies in the vault under the consent's own id. */
export const consentRestoring: Restoring<RoomEvent> = {
  events: consentEvents,
  valuesNamedBy: (event) => (event.type === 'ConsentRequested' ? [event.consentId] : []),
};

export interface ConsentStores {
  readonly events: EventStore;
  readonly readModels: ReadModelStore;
  readonly vault: Vault;
}

/** The log is the record, read models can be built again from it, the vault is deleted from. */
export async function openStores(stores: Stores): Promise<ConsentStores> {
  const [events, readModels, vault] = await Promise.all([stores.eventStore('log'), stores.readModelStore(), stores.vault()]);
  return { events, readModels, vault };
}
