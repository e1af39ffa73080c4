import { Schema } from 'mongoose';
import { encodeDocument, indexKey, type IndexValue, type ReadModel } from '@tillid/eventsourcing';
import type { NewerWrite } from './write-newer.js';

/** A document of a read model, or the tombstone of one. */
export interface RowDocument {
  readonly _id: string;
  /** The document, as the canonical text that digests are made of; null in a tombstone. */
  readonly d: string | null;
  /** Position by source. */
  readonly p: Readonly<Record<string, number>>;
  /** Key by index; absent in a tombstone. */
  readonly i?: Readonly<Record<string, string>>;
  /** True in a tombstone, else absent. */
  readonly t?: true;
}

/** Derived from the one declaration: a field for each index it names. */
export function rowSchema(model: ReadModel<never>): Schema<RowDocument> {
  const indexes = Object.fromEntries(Object.keys(model.indexes).map((name) => [name, String]));
  const fields = { _id: String, d: String, p: Schema.Types.Mixed, i: indexes, t: Boolean };
  return new Schema<RowDocument>(fields as never, { versionKey: false, minimize: false, autoIndex: false, autoCreate: false });
}

/**
 * An index key as hexadecimal text: it sorts as its bytes do. MongoDB orders binary values by their length first, so
 * the bytes themselves would page in another order than every other adapter.
 */
export function indexText(values: readonly IndexValue[]): string {
  return indexKey(values).toString('hex');
}

/** The row, written where its position for the source is still below `position`. Throws TypeError on what is not plain JSON. */
export function rowWrite<Document extends object>(model: ReadModel<Document>, source: string, key: string, document: Document | null, position: number): NewerWrite {
  // It names a field.
  if (/[.$]/.test(source)) throw new Error(`"${source}" cannot name a source`);
  const place = `p.${source}`;
  const at = { _id: key, place, asNew: { $gte: position } };
  if (document === null) return { ...at, update: { $set: { d: null, t: true, [place]: position }, $unset: { i: '' } } };
  const keys = Object.fromEntries(Object.entries(model.indexes).map(([name, valueOf]) => [name, indexText(valueOf(document))]));
  return { ...at, update: { $set: { d: encodeDocument(document), i: keys, [place]: position }, $unset: { t: '' } } };
}
