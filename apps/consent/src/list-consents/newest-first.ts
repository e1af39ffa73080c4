import type { ReadModelTable } from '@tillid/eventsourcing';
import { pageTokenOf, type Cursor } from './page-token.js';
import type { ConsentDocument } from './list-consents.read-model.js';

/** Pseudonyms looked up at a time. */
const atOnce = 32;

/**
 * One page over many pseudonyms. Each is read from the same cursor on, and of them all the newest are kept, so a page
 * costs one short index read a pseudonym and is never out of order.
 */
export async function newestFirst(table: Pick<ReadModelTable<ConsentDocument>, 'page'>, pseudonyms: readonly string[], after: Cursor | undefined, pageSize: number) {
  let newest: ConsentDocument[] = [];
  for (let first = 0; first < pseudonyms.length; first += atOnce) {
    const pages = await Promise.all(
      pseudonyms.slice(first, first + atOnce).map((subject) =>
        table.page({ index: 'bySubject', equals: [subject], limit: pageSize + 1, descending: true, ...(after && { after: [subject, ...after] }) }),
      ),
    );
    newest = [...newest, ...pages.flatMap((page) => page.documents)].sort(byNewest).slice(0, pageSize + 1);
  }
  const documents = newest.slice(0, pageSize);
  const last = documents.at(-1);
  return { documents, next: last && newest.length > pageSize ? pageTokenOf([last.requestedAtMs, last.consentId]) : undefined };
}

function byNewest(left: ConsentDocument, right: ConsentDocument): number {
  return right.requestedAtMs - left.requestedAtMs || (left.consentId < right.consentId ? 1 : -1);
}
