import type { AnyBulkWriteOperation, Model } from 'mongoose';
import type { ReadModel, ReadModelWrite } from '@tillid/eventsourcing';
import { isDuplicateKey } from './duplicate-key.js';
import { positionsOf, positionsText, rowOf, type Row } from './read-model-row.js';

/** False when a row has changed since it was loaded. The others may be written: they bear their positions. */
export type WriteRows<Document> = (source: string, rows: ReadModelWrite<Document>['rows']) => Promise<boolean>;

/**
 * One conditional write per row, all in one round trip: a row that was not there is inserted, any other is replaced
 * while its positions, of every source, are those it was loaded with. So a writer that was paused between load and
 * write overwrites nothing another one learned meanwhile. Whatever was not written is looked at afterwards: it is as
 * it should be where the row reflects the position all the same, through this write or another's.
 */
export function rowWriter<Document extends object>(model: Model<Row>, declared: ReadModel<Document>): WriteRows<Document> {
  async function send(operations: AnyBulkWriteOperation<Row>[]): Promise<boolean> {
    try {
      const { insertedCount, matchedCount } = await model.bulkWrite(operations, { ordered: false, strict: true, throwOnValidationError: true });
      return insertedCount + matchedCount === operations.length;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async function reflected(source: string, rows: ReadModelWrite<Document>['rows']): Promise<boolean> {
    const found = await model.find({ _id: { $in: rows.map(({ key }) => key) } }, { p: 1 }).lean<Row[]>();
    const positions = new Map(found.map((row) => [row._id, positionsOf(row)[source] ?? 0]));
    return rows.every(({ key, position }) => (positions.get(key) ?? 0) >= position);
  }

  return async (source, rows) => {
    // All are made before any is sent: a document that is not plain JSON is the caller's bug, and nothing is written.
    const operations = rows.flatMap(({ key, document, position, loaded }) => {
      const next = rowOf(declared, key, document, { ...loaded, [source]: position });
      // An old event that comes late: only looked at.
      return (loaded[source] ?? 0) >= position ? [] : [operation(next, loaded)];
    });
    return operations.length === 0 || (await send(operations)) || reflected(source, rows);
  };
}

function operation(next: Row, loaded: Readonly<Record<string, number>>): AnyBulkWriteOperation<Row> {
  if (Object.keys(loaded).length === 0) return { insertOne: { document: next } };
  return { replaceOne: { filter: { _id: next._id, p: positionsText(loaded) }, replacement: next } };
}
