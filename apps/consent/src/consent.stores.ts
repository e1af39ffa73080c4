import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { Stores } from '@tillid/service';

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
