import type { ReadModel } from '@tillid/eventsourcing';
import { commitIndexes } from './commit-document.js';

/** Everything a service keeps in one database. */
export interface MongoPlan {
  readonly eventLogs?: readonly string[];
  readonly readModels?: readonly ReadModel<never>[];
  readonly vaults?: readonly string[];
  readonly expiringStores?: readonly string[];
  /** All compare-and-set records of a database are in one collection. */
  readonly records?: readonly string[];
  /** Collections of an app's own adapters. */
  readonly collections?: readonly CollectionShape[];
}

export interface IndexShape {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
}

export interface CollectionShape {
  readonly collection: string;
  /** What it holds: a vault is never opened as a log. */
  readonly kind: string;
  /** Of the documents' form; a program that knows only an older one does not open it. */
  readonly version: number;
  /** Beside the one on `_id`. */
  readonly indexes: readonly IndexShape[];
}

export const recordsCollection = 'records';
export const checkpointsCollection = 'checkpoints';

export function shapesOf({ eventLogs = [], readModels = [], vaults = [], expiringStores = [], records = [], collections = [] }: MongoPlan): readonly CollectionShape[] {
  return [
    ...eventLogs.map((collection) => ({ collection, kind: 'event log', version: 1, indexes: commitIndexes })),
    ...readModels.map(readModelShape),
    ...(readModels.length > 0 ? [{ collection: checkpointsCollection, kind: 'checkpoints', version: 1, indexes: [] }] : []),
    ...vaults.map((collection) => ({ collection, kind: 'vault', version: 1, indexes: [] })),
    ...expiringStores.map((collection) => ({ collection, kind: 'expiring store', version: 1, indexes: [{ name: 'x', key: { x: 1 as const } }] })),
    ...(records.length > 0 ? [{ collection: recordsCollection, kind: 'records', version: 1, indexes: [] }] : []),
    ...collections,
  ];
}

export const readModelKind = 'read model';

export function readModelCollection({ name, version }: Pick<ReadModel<never>, 'name' | 'version'>): string {
  return `read-model.${name}.${version}`;
}

/** A dot would be a path. */
const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** A tombstone has neither document nor index keys: sparse indexes leave it out of pages, and one of them finds it. */
function readModelShape(model: ReadModel<never>): CollectionShape {
  const names = Object.keys(model.indexes);
  for (const name of [model.name, ...names]) if (!namePattern.test(name)) throw new Error(`"${name}" cannot name a read model or an index`);
  const indexes: IndexShape[] = names.map((name) => ({ name: `i.${name}`, key: { [`i.${name}`]: 1 }, sparse: true }));
  return { collection: readModelCollection(model), kind: readModelKind, version: 1, indexes: [...indexes, { name: 't', key: { t: 1 }, sparse: true }] };
}
