import type { EventStore, ExpiringStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { Restoring, StorePlan, Stores } from '@tillid/service';
import { authenticationEvents, type AuthenticationEvent } from './domain/authentication.events.js';
import { readModels } from './read-models.js';
import { recordNamedBy } from './vault/superseded.js';

export const authenticationStorePlan: StorePlan = {
  eventStores: ['log'],
  readModels: Object.values(readModels).map(({ model }) => model),
  vault: true,
  expiringStores: ['sign-ins', 'tries', 'devices'],
};

export const authenticationRestoring: Restoring<AuthenticationEvent> = { events: authenticationEvents, valuesNamedBy: recordNamedBy };

export interface AuthenticationStores {
  readonly store: EventStore;
  readonly vault: Vault;
  readonly readModels: ReadModelStore;
  /** Sign-ins under way. */
  readonly signIns: ExpiringStore;
  /** Tries of strangers, at any user id there is or is not: anybody can fill it. */
  readonly tries: ExpiringStore;
  /** Known devices and their tries, apart: whoever fills the one above locks none of these out. */
  readonly devices: ExpiringStore;
}

export async function openStores(stores: Stores, maxEntries: number): Promise<AuthenticationStores> {
  return {
    store: await stores.eventStore('log'),
    vault: await stores.vault(),
    readModels: await stores.readModelStore(),
    signIns: await stores.expiringStore('sign-ins', { maxEntries }),
    tries: await stores.expiringStore('tries', { maxEntries }),
    devices: await stores.expiringStore('devices', { maxEntries }),
  };
}
