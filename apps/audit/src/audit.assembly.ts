import { ledgerConsumer, openReadModels, type Consumer, type EventLog, type EventStore, type ExpiringStore, type OpenReadModel, type ProgressBook, type ReadModelStore, type ReadModelTable } from '@tillid/eventsourcing';
import type { LogFiles } from '@tillid/transparency';
import type { AuditRoom } from './audit.room.js';
import type { LoggedEvent } from './domain/audit.events.js';
import { formerLogIn } from './get-coverage/former-log.js';
import type { SignedTree } from './integrate/signed-tree.js';
import { ownLogLinesModel, type OwnLogDocument } from './own-log/own-log.documents.js';
import { OwnLogHeadsRecorder } from './own-log/own-log-heads.js';
import { OwnLogMap } from './own-log/own-log-map.js';
import { readModels as declared } from './read-models.js';
import type { CosignedTree } from './witness/cosigned-tree.js';
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
  readonly ownLogHeads: OwnLogHeadsRecorder;
  readonly ownLogs: ReadModelTable<OwnLogDocument>;
  /** Follows every source. */
  readonly takeIn: Consumer;
  /** Follow the ledger, and nothing else: every read model is a function of it. */
  readonly readers: readonly Consumer[];
  /** The same, as they are asked for their digests. */
  readonly lists: readonly OpenReadModel[];
}

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleAudit(ports: AuditPorts): Promise<AssembledAudit> {
  const { log, ledger, readModels, readings, book, signedTree, cosignedTree, files } = ports;
  const [opened, ownLogLines] = await Promise.all([openReadModels(declared, readModels), readModels.open(ownLogLinesModel)]);
  const { entries, links, clients, readingDays, ownLogs } = opened;
  const lists: readonly OpenReadModel[] = Object.values(opened);
  const heads = new Heads(log.clock);
  const headsRecorder = new HeadsRecorder(log, heads, ledger);
  const ownLogMap = new OwnLogMap({ logs: ownLogs.consumer.table, lines: ownLogLines });
  const ownLogHeads = new OwnLogHeadsRecorder(log, book, ownLogMap);
  const tables = { entries: entries.consumer.table, links: links.consumer.table, clients: clients.consumer.table, readingDays: readingDays.consumer.table, ownLogLines };
  const room: AuditRoom = { log, ledger, readings, book, signedTree, cosignedTree, files, formerLog: await formerLogIn(ledger, log.source), heads, headsRecorder, ownLogMap, ownLogHeads, lists: lists.map(({ consumer }) => consumer.name), ...tables };
  return { room, heads, headsRecorder, ownLogHeads, ownLogs: ownLogs.consumer.table, takeIn: ledgerConsumer(ledger, readModels), readers: lists.map(({ consumer }) => consumer), lists };
}
