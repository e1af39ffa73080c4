import type { CompareAndSetRecord, EventStore, ExpiringStore, ReadModelStore } from '@tillid/eventsourcing';
import type { StorePlan, Stores } from '@tillid/service';
import { ownLogLinesModel } from './own-log/own-log.documents.js';
import { readModels } from './read-models.js';

export const auditStorePlan: StorePlan = {
  eventStores: ['log', 'ledger'],
  readModels: [...Object.values(readModels).map(({ model }) => model), ownLogLinesModel],
  vault: false,
  expiringStores: ['readings'],
};

export interface AuditStores {
  readonly events: EventStore;
  readonly ledger: EventStore;
  readonly treeHead: CompareAndSetRecord;
  readonly readModels: ReadModelStore;
  readonly readings: ExpiringStore;
}

/**
 * log: audit's own acts. ledger: the record. tree-head: the last signed tree head, never part of a backup, since a
 * signer put back in time would sign another tree. Read models can be built again.
 */
export async function openStores(stores: Stores): Promise<AuditStores> {
  const [events, ledger, treeHead, readModels, readings] = await Promise.all([
    stores.eventStore('log'),
    stores.eventStore('ledger'),
    stores.record('tree-head'),
    stores.readModelStore(),
    stores.expiringStore('readings'),
  ]);
  return { events, ledger, treeHead, readModels, readings };
}
