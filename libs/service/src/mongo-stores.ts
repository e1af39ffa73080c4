import { mongoCompareAndSetRecord, mongoEventStore, mongoExpiringStore, mongoReadModelStore, mongoVault, migrate, openMongo, requireMigrated, type MongoDatabase, type MongoOptions, type MongoPlan } from '@tillid/store-mongo';
import type { ServiceName } from '@tillid/runtime';
import type { StorePlan, Stores } from './stores.js';

export interface MongoStoresParts extends Pick<MongoOptions, 'url' | 'tls'> {
  readonly service: ServiceName;
  readonly plan: StorePlan;
  /** For a metric: how many commits were sent again, and why. */
  readonly onRetry?: (retry: { readonly store: string; readonly reason: string; readonly commits: number }) => void;
}

const vaultName = 'vault';

/**
 * Two databases, and one for each of the plan's own. `tillid-<service>`: what the service knows, with its backups.
 * `tillid-<service>-apart`: what must never come back from a backup, as the last signed tree head, and leases and sealed
 * secrets. Refused (NotMigrated) while anything of the plan is missing.
 */
export async function mongoStores({ service, plan, onRetry = () => undefined, ...connection }: MongoStoresParts): Promise<Stores> {
  const opened = new Map<string, MongoDatabase>();
  const open = async (name: string): Promise<MongoDatabase> => {
    const database = opened.get(name) ?? (await openMongo({ ...connection, database: name }));
    opened.set(name, database);
    return database;
  };
  for (const [name, wanted] of databasesOf(service, plan)) await requireMigrated(await open(name), wanted);
  const database = await open(mainOf(service));
  const apart = await open(apartOf(service));
  return {
    eventStore: (name) => mongoEventStore({ database, name, onRetry: ({ reason, commits }) => onRetry({ store: name, reason, commits }) }),
    readModelStore: () => mongoReadModelStore({ database }),
    vault: () => mongoVault({ database, name: vaultName }),
    expiringStore: (name, options) => mongoExpiringStore({ database, name, ...options }),
    record: (name) => mongoCompareAndSetRecord({ database: apart, name }),
    engine: { kind: 'mongo', database: (name) => open(ownOf(service, name)) },
    async close() {
      await Promise.all([...opened.values()].map((each) => each.close()));
    },
  };
}

/** Everything of the plan that is missing. May be run at any time, by several at once. */
export async function migrateMongo({ service, plan, ...connection }: Omit<MongoStoresParts, 'onRetry'>): Promise<void> {
  for (const [name, wanted] of databasesOf(service, plan)) {
    const database = await openMongo({ ...connection, database: name, silenceMs: buildingMs });
    await migrate(database, wanted).finally(() => database.close());
  }
}

/** An index over a year of documents is not made in seconds. */
const buildingMs = 10 * 60_000;

function databasesOf(service: ServiceName, { eventStores, readModels, vault, expiringStores, own = [] }: StorePlan): readonly (readonly [name: string, plan: MongoPlan])[] {
  return [
    [mainOf(service), { eventLogs: eventStores, readModels: readModels as MongoPlan['readModels'], vaults: vault ? [vaultName] : [], expiringStores }],
    [apartOf(service), { records: ['any'] }],
    ...own.map(({ database, collections }) => [ownOf(service, database), { collections }] as const),
  ];
}

const mainOf = (service: ServiceName): string => `tillid-${service}`;
const apartOf = (service: ServiceName): string => `${mainOf(service)}-apart`;
const ownOf = (service: ServiceName, name: string): string => `${mainOf(service)}-${name}`;
