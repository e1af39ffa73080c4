import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import type { MadeShared } from '@tillid/testing';
import { startEngines, type Engines } from '@tillid/testing';
import { migrate, openMongo, type MongoDatabase, type MongoOptions, type MongoPlan } from '../src/index.js';

/** One server per spec file; undefined where none can be had. Address of one that runs already: TILLID_ENGINES_MONGO_URL. */
export async function mongoForSpecs(): Promise<Engines | undefined> {
  const engines = await startEngines({ mongo: true });
  afterAll(() => engines?.stop());
  return engines;
}

/** A database of its own, as the plan says, and the way to drop it. */
export async function freshDatabase(url: string, plan: MongoPlan, options: Partial<MongoOptions> = {}): Promise<{ database: MongoDatabase; remove: () => Promise<void> }> {
  const database = await openMongo({ url, database: `tillid-spec-${randomUUID().slice(0, 13)}`, ...options });
  await migrate(database, plan);
  const remove = async (): Promise<void> => {
    await database.connection.dropDatabase();
    await database.close();
  };
  return { database, remove };
}

/** A store in a fresh database, and others over connections of their own. */
export function storeOn<Store extends { close(): Promise<void> }>(url: string, plan: MongoPlan, open: (database: MongoDatabase) => Promise<Store>): () => Promise<MadeShared<Store>> {
  return async () => {
    const { database, remove } = await freshDatabase(url, plan);
    const others: MongoDatabase[] = [];
    const store = await open(database);
    return {
      store,
      another: async () => {
        const other = await openMongo({ url, database: database.name });
        others.push(other);
        return open(other);
      },
      remove: async () => {
        await store.close();
        for (const other of others) await other.close();
        await remove();
      },
    };
  };
}
