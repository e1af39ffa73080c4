import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { StorePlan, Stores } from '@tillid/service';
import { readModels } from './read-models.js';

export const consentStorePlan: StorePlan = {
  eventStores: ['log'],
  readModels: Object.values(readModels).map(({ model }) => model),
  vault: true,
  expiringStores: [],
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
