import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CompareAndSetRecord, EventStore, ExpiringStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import type { CollectionShape, MongoDatabase } from '@tillid/store-mongo';
import { sqliteCompareAndSetRecord, sqliteEventStore, sqliteExpiringStore, sqliteReadModelStore, sqliteVault } from '@tillid/store-sqlite';

/**
 * Where a service keeps what it keeps, by name; which engine is below is the configuration's. Whoever opens a store
 * closes it.
 */
export interface Stores {
  /** "log", "ledger". */
  eventStore(name: string): Promise<EventStore>;
  readModelStore(): Promise<ReadModelStore>;
  vault(): Promise<Vault>;
  expiringStore(name: string, options?: { readonly maxEntries?: number }): Promise<ExpiringStore>;
  /** Outside every backup: the last signed tree head, leases. */
  record(name: string): Promise<CompareAndSetRecord>;
  /** For the few stores that are one app's own. */
  readonly engine: Engine;
  /** After the stores. */
  close(): Promise<void>;
}

/** All that a service keeps, so that `migrate` can make the indexes before anything is stored, and a start refuses without them. */
export interface StorePlan {
  readonly eventStores: readonly string[];
  /** Each with its own type of document. */
  readonly readModels: readonly { readonly name: string; readonly version: number; readonly indexes: Readonly<Record<string, unknown>> }[];
  readonly vault: boolean;
  readonly expiringStores: readonly string[];
  /** Databases of the app's own adapters, where stores are in MongoDB. */
  readonly own?: readonly { readonly database: string; readonly collections: readonly CollectionShape[] }[];
}

export type Engine = { readonly kind: 'sqlite'; readonly folder: string } | { readonly kind: 'mongo'; /** One of the plan's own, opened once and closed with the stores. */ readonly database: (name: string) => Promise<MongoDatabase> };

/** A file each in one folder: one machine, one process. */
export function sqliteStores(folder: string): Stores {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(folder, `${name}.sqlite`);
  return {
    eventStore: (name) => sqliteEventStore({ path: path(name) }),
    readModelStore: () => sqliteReadModelStore({ path: path('read-models') }),
    vault: () => sqliteVault({ path: path('vault') }),
    expiringStore: (name, options) => sqliteExpiringStore({ path: path(name), ...options }),
    record: (name) => sqliteCompareAndSetRecord({ path: path(name) }),
    engine: { kind: 'sqlite', folder },
    close: () => Promise.resolve(),
  };
}
