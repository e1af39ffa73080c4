import { sealedSecrets, systemIds, type Secrets } from '@tillid/crypto';
import type { CompareAndSetRecord } from '@tillid/eventsourcing';
import { inMemoryCompareAndSetRecord } from '@tillid/eventsourcing/in-memory';

/** Records by name, as a database has them: several `Secrets` over one of these are replicas of one service. */
export function inMemoryRecords(): (name: string) => CompareAndSetRecord {
  const records = new Map<string, CompareAndSetRecord>();
  return (name) => {
    const record = records.get(name) ?? inMemoryCompareAndSetRecord();
    records.set(name, record);
    return record;
  };
}

/** A service's secrets for specs: as the cluster keeps them, in memory. */
export function inMemorySecrets(record = inMemoryRecords(), service = 'consent'): Secrets {
  return sealedSecrets({ service, key: Buffer.alloc(32, 'sealing key'), record, ids: systemIds });
}
