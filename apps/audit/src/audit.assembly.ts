import { ledgerConsumer, projectionConsumer, type Consumer, type EventLog, type EventStore, type ExpiringStore, type ProgressBook, type ReadModelStore } from '@tillid/eventsourcing';
import type { LogFiles } from '@tillid/transparency';
import { clientsProjection } from './access-log/clients.read-model.js';
import { entriesProjection } from './access-log/entries.read-model.js';
import { linksProjection } from './access-log/links.read-model.js';
import type { AuditRoom } from './audit.room.js';
import type { LoggedEvent } from './domain/audit.events.js';
import type { SignedTree } from './integrate/signed-tree.js';
import type { CosignedTree } from './witness/cosigned-tree.js';
import { readingDaysProjection } from './record-reading/reading-days.read-model.js';
import { Heads } from './take-in/heads.js';
import { HeadsRecorder } from './take-in/heads-recorder.js';

export interface AuditPorts {
  readonly log: EventLog<LoggedEvent>;
  readonly ledger: EventStore;
  readonly readModels: ReadModelStore;
  readonly readings: ExpiringStore;
  readonly book: ProgressBook;
  readonly signedTree: Pick<SignedTree, 'head' | 'stopped' | 'waitForSize'>;
  readonly cosignedTree: CosignedTree;
  readonly files: LogFiles;
}

export interface AssembledAudit {
  readonly room: AuditRoom;
  readonly heads: Heads;
  readonly headsRecorder: HeadsRecorder;
  /** Follows every source. */
  readonly takeIn: Consumer;
  /** Follow the ledger, and nothing else: every read model is a function of it. */
  readonly readers: readonly Consumer[];
}

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleAudit(ports: AuditPorts): Promise<AssembledAudit> {
  const { log, ledger, readModels, readings, book, signedTree, cosignedTree, files } = ports;
  const [entries, links, clients, readingDays] = await Promise.all([
    projectionConsumer(entriesProjection, readModels),
    projectionConsumer(linksProjection, readModels),
    projectionConsumer(clientsProjection, readModels),
    projectionConsumer(readingDaysProjection, readModels),
  ]);
  const heads = new Heads(log.clock);
  const headsRecorder = new HeadsRecorder(log, heads);
  const room: AuditRoom = { log, ledger, readings, book, signedTree, cosignedTree, files, heads, headsRecorder, entries: entries.table, links: links.table, clients: clients.table, readingDays: readingDays.table };
  return { room, heads, headsRecorder, takeIn: ledgerConsumer(ledger, readModels), readers: [entries, links, clients, readingDays] };
}
