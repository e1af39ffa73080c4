import { Schema } from 'mongoose';
import { decodeDocument, encodeDocument, indexKey, type ReadModel } from '@tillid/eventsourcing';

/** A document of a read model as it is stored. */
export interface Row {
  /** The document's key. */
  readonly _id: string;
  /** The document as canonical text, so that a digest reads it as it is; absent in a tombstone. */
  readonly d?: string;
  /** Positions by source, as canonical text: one value to compare and set. */
  readonly p: string;
  /** By index: the key that pages are read in order of. Absent in a tombstone, which so is in no page. */
  readonly i?: Readonly<Record<string, string>>;
  /** Only in a tombstone. */
  readonly t?: true;
}

export type Positions = Readonly<Record<string, number>>;

/** The schema follows from the declaration: one indexed field for each of its indexes, which `migrate` makes. */
export function rowSchema({ indexes }: Pick<ReadModel<never>, 'indexes'>): Schema<Row> {
  const keys = Object.fromEntries(Object.keys(indexes).map((name) => [name, String]));
  return new Schema<Row>({ _id: String, d: String, p: String, i: keys, t: Boolean } as never, { versionKey: false, autoIndex: false, autoCreate: false });
}

export function positionsText(positions: Positions): string {
  return encodeDocument(positions);
}

export function positionsOf({ p }: Pick<Row, 'p'>): Positions {
  return decodeDocument<Record<string, number>>(p);
}

/** Throws TypeError for a document that JSON would change. */
export function rowOf<Document extends object>(model: ReadModel<Document>, key: string, document: Document | null, positions: Positions): Row {
  const p = positionsText(positions);
  if (document === null) return { _id: key, p, t: true };
  const keys = Object.entries(model.indexes).map(([name, valueOf]) => [name, pageKey(indexKey(valueOf(document)))]);
  return { _id: key, p, d: encodeDocument(document), ...(keys.length > 0 && { i: Object.fromEntries(keys) }) };
}

/** Hexadecimal digits sort as the bytes do; MongoDB sorts binary values by their length first. */
export function pageKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function documentOf<Document extends object>(row: Pick<Row, 'd'> | null): Document | undefined {
  return row?.d === undefined ? undefined : decodeDocument<Document>(row.d);
}

