import type { FormerLog } from '@tillid/contracts/audit/v1/service';
import type { EventLog, EventStore, ExpiringStore, ProgressBook, ReadModelTable } from '@tillid/eventsourcing';
import type { ClientDocument } from './access-log/clients.read-model.js';
import type { EntryDocument } from './access-log/entries.read-model.js';
import type { LinkDocument } from './access-log/links.read-model.js';
import type { LoggedEvent } from './domain/audit.events.js';
import type { SignedTree } from './integrate/signed-tree.js';
import type { OwnLogLineDocument } from './own-log/own-log.documents.js';
import type { OwnLogHeadsRecorder } from './own-log/own-log-heads.js';
import type { OwnLogMap } from './own-log/own-log-map.js';
import type { CosignedTree } from './witness/cosigned-tree.js';
import type { ReadingDayDocument } from './record-reading/reading-days.read-model.js';
import type { Heads } from './take-in/heads.js';
import type { HeadsRecorder } from './take-in/heads-recorder.js';
import type { LogFiles } from '@tillid/transparency';

export const AUDIT_ROOM = Symbol('AUDIT_ROOM');

/** All that a slice may reach. What a slice does not name here it cannot touch. */
export interface AuditRoom {
  /** Audit's own acts. */
  readonly log: EventLog<LoggedEvent>;
  /** Every event of every source; its streams are the sources. */
  readonly ledger: EventStore;
  readonly entries: ReadModelTable<EntryDocument>;
  readonly links: ReadModelTable<LinkDocument>;
  readonly clients: ReadModelTable<ClientDocument>;
  readonly ownLogLines: ReadModelTable<OwnLogLineDocument>;
  readonly ownLogMap: Pick<OwnLogMap, 'advanceTo' | 'headOf'>;
  readonly ownLogHeads: Pick<OwnLogHeadsRecorder, 'last'>;
  readonly readingDays: ReadModelTable<ReadingDayDocument>;
  /** How often each citizen read today, until the day is over. */
  readonly readings: ExpiringStore;
  readonly signedTree: Pick<SignedTree, 'head' | 'stopped' | 'waitForSize'>;
  /** Which of the signed trees others have seen. */
  readonly cosignedTree: CosignedTree;
  /** The tiles and bundles of what is signed. */
  readonly files: LogFiles;
  /** That this one continues; undefined in an installation's first log. */
  readonly formerLog: FormerLog | undefined;
  readonly heads: Heads;
  readonly headsRecorder: Pick<HeadsRecorder, 'last' | 'lastBefore'>;
  readonly book: ProgressBook;
  /** Names of whoever keeps a list of what the ledger has. */
  readonly lists: readonly string[];
}
