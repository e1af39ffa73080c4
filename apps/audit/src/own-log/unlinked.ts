import type { ReadModelTable } from '@tillid/eventsourcing';
import { observeUnlinkedEvents } from '@tillid/runtime';
import { RepeatingTask } from '@tillid/service';
import type { OwnLogDocument } from './own-log.documents.js';

const minuteMs = 60_000;
const pseudonymsCounted = 1000;

/**
 * Events under a pseudonym that no link says whose it is: in the ledger, in the client's own log, and in no citizen's.
 * Authentication's link is in its log before anybody has the pseudonym, so each waits only while audit is behind with
 * authentication; one that stays is a pseudonym that a service made up. Of more than a thousand pseudonyms a thousand are counted.
 */
export async function countUnlinked(logs: Pick<ReadModelTable<OwnLogDocument>, 'page'>): Promise<number> {
  const { documents } = await logs.page({ index: 'byBucket', equals: ['unowned'], limit: pseudonymsCounted });
  return documents.reduce((count, document) => count + (document.kind === 'unowned' ? document.events.length : 0), 0);
}

/** As a metric, from every replica: it only reads. */
export function watchUnlinked(logs: Pick<ReadModelTable<OwnLogDocument>, 'page'>, onTrouble: (error: unknown) => void): RepeatingTask {
  let count: number | undefined;
  observeUnlinkedEvents(() => count);
  return new RepeatingTask(minuteMs, async () => void (count = await countUnlinked(logs)), onTrouble);
}
