import { join } from 'node:path';
import { fileSecrets, readSealingKey, sealedSecrets, systemIds, type Secrets } from '@tillid/crypto';
import { attributeNames, ConfigRefused, instruments } from '@tillid/runtime';
import { readTlsIdentity } from '@tillid/rpc';
import { migrateMongo, mongoStores, type MongoStoresParts } from './mongo-stores.js';
import type { ServiceConfig } from './service-config.js';
import type { ServiceDeclaration } from './service-declaration.js';
import { sqliteStores, type Stores } from './stores.js';

export interface SharedState {
  readonly stores: Stores;
  readonly secrets: Secrets;
}

/** Where a service's state lies: in files of the one process there is, or in a database that all its replicas share. */
export async function openShared(declaration: ServiceDeclaration, config: ServiceConfig): Promise<SharedState> {
  const mongo = mongoPartsOf(declaration, config);
  if (!mongo) return { stores: sqliteStores(config.data), secrets: fileSecrets(join(config.data, 'secrets')) };
  if (config.secretsKey === undefined) throw new ConfigRefused(['TILLID_SECRETS_KEY is missing: replicas share their secrets in the database of TILLID_MONGO_URL, sealed by it']);
  const key = await readSealingKey(config.secretsKey);
  const stores = await mongoStores({ ...mongo, onRetry: ({ store, reason, commits }) => instruments().appendRetries.add(commits, { [attributeNames.store]: store, [attributeNames.retry]: reason }) });
  return { stores, secrets: sealedSecrets({ service: declaration.name, key, record: (name) => stores.record(`secret-${name}`), ids: systemIds }) };
}

export async function migrateShared(declaration: ServiceDeclaration, config: ServiceConfig): Promise<boolean> {
  const mongo = mongoPartsOf(declaration, config);
  if (mongo) await migrateMongo(mongo);
  return mongo !== undefined;
}

function mongoPartsOf({ name: service, stores: plan }: ServiceDeclaration, { mongoUrl: url, tls }: ServiceConfig): MongoStoresParts | undefined {
  return url === undefined ? undefined : { service, plan, url, ...(wantsTls(url) && { tls: readTlsIdentity(tls) }) };
}

/** An address of several hosts is no URL to Node. */
function wantsTls(url: string): boolean {
  const options = new URLSearchParams(url.split('?')[1] ?? '');
  return (options.get('tls') ?? options.get('ssl') ?? String(url.startsWith('mongodb+srv:'))) === 'true';
}
