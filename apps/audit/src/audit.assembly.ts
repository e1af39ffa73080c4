import { ledgerConsumer, projectionConsumer, type Consumer, type EventLog, type EventStore, type ExpiringStore, type ProgressBook, type ReadModelStore } from '@tillid/eventsourcing';
import type { LogFiles } from '@tillid/transparency';
import { clientsProjection } from './access-log/clients.read-model.js';
import { entriesProjection } from './access-log/entries.read-model.js';
import { linksProjection } from './access-log/links.read-model.js';
import type { AuditRoom } from './audit.room.js';
import type { LoggedEvent } from './domain/audit.events.js';
import type { SignedTree } from './integrate/signed-tree.js';
import { ownLogConsumer } from './own-log/own-log.consumer.js';
import { OwnLogHeadsRecorder } from './own-log/own-log-heads.js';
import { OwnLogMap } from './own-log/own-log-map.js';
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
  readonly files: LogFiles;
}

export interface AssembledAudit {
  readonly room: AuditRoom;
  readonly heads: Heads;
  readonly headsRecorder: HeadsRecorder;
  readonly ownLogHeads: OwnLogHeadsRecorder;
  /** Follows every source. */
  readonly takeIn: Consumer;
  /** Follow the ledger, and nothing else: every read model is a function of it. */
  readonly readers: readonly Consumer[];
}

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleAudit(ports: AuditPorts): Promise<AssembledAudit> {
  const { log, ledger, readModels, readings, book, signedTree, files } = ports;
  const [entries, links, clients, readingDays, ownLogs] = await Promise.all([
    projectionConsumer(entriesProjection, readModels),
    projectionConsumer(linksProjection, readModels),
    projectionConsumer(clientsProjection, readModels),
    projectionConsumer(readingDaysProjection, readModels),
    ownLogConsumer(readModels),
  ]);
  const heads = new Heads(log.clock);
  const headsRecorder = new HeadsRecorder(log, heads);
  const ownLogMap = new OwnLogMap({ logs: ownLogs.table, lines: ownLogs.lines });
  const ownLogHeads = new OwnLogHeadsRecorder(log, book, ownLogMap);
  const tables = { entries: entries.table, links: links.table, clients: clients.table, readingDays: readingDays.table, ownLogLines: ownLogs.lines };
  const room: AuditRoom = { log, ledger, readings, book, signedTree, files, heads, headsRecorder, ownLogMap, ownLogHeads, ...tables };
  return { room, heads, headsRecorder, ownLogHeads, takeIn: ledgerConsumer(ledger, readModels), readers: [entries, links, clients, readingDays, ownLogs] };
}
