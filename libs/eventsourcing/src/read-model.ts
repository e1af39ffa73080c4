import type { Checkpoint, CheckpointStore } from './checkpoint.js';

/**
 * A read model: documents by key, built by a pure function from events. Each document carries, per source, the
 * position it reflects, so that applying twice, late or by two processes changes nothing.
 */
export interface ReadModel<Document extends object> {
  readonly name: string;
  /** A new version is built beside the old one and swapped. */
  readonly version: number;
  /** The document's key; at most 200 characters. */
  readonly key: (document: Document) => string;
  /** Named indexes for paging: the columns, in order. Each value a string or a safe integer. Every index ends in something unique. */
  readonly indexes: Readonly<Record<string, (document: Document) => readonly IndexValue[]>>;
}

export type IndexValue = string | number;

/** Declared once, in the slice that serves it; adapters derive the table or the schema. */
export function readModel<Document extends object>(declaration: ReadModel<Document>): ReadModel<Document> {
  return declaration;
}

/** Projections keep their checkpoints beside their documents; reactions and the ledger keep theirs here too. */
export interface ReadModelStore extends CheckpointStore {
  /** The documents of a model, created when missing. */
  open<Document extends object>(model: ReadModel<Document>): Promise<ReadModelTable<Document>>;
  close(): Promise<void>;
}

export interface ReadModelTable<Document extends object> {
  get(key: string): Promise<Document | undefined>;
  getMany(keys: readonly string[]): Promise<Map<string, Document>>;
  /** Documents whose index starts with `equals`, in index order, after a cursor. Never OFFSET. */
  page(query: PageQuery): Promise<Page<Document>>;
  /** With positions: what a projection needs to decide whether an event is news. A tombstone has document null. */
  load(keys: readonly string[]): Promise<Map<string, Versioned<Document>>>;
  /**
   * Writes documents and moves the projection's checkpoint for the source, documents before checkpoint; where the
   * adapter can, both or neither. A row that reflects `position` of the source already is left as it is. False when
   * any other row has changed since it was loaded: the checkpoint has not moved, whoever writes loads and applies again.
   */
  write(batch: ReadModelWrite<Document>): Promise<boolean>;
  /** SHA-256 over keys and documents in key order; positions and tombstones left out: equal after a rebuild. */
  digest(): Promise<string>;
  /**
   * The digest with the positions it belongs to, however much is written meanwhile; undefined when it was read while
   * documents moved on, where the adapter cannot read as of one moment: ask again.
   */
  snapshot(projection: string, sources: readonly string[]): Promise<ReadModelSnapshot | undefined>;
  /** Removes tombstones every checkpoint has passed. */
  sweep(projection: string): Promise<number>;
  /** Deletes every document and every checkpoint of the projection: the start of a rebuild. */
  clear(projection: string): Promise<void>;
}

/** All of a read model as of one position of each source. */
export interface ReadModelSnapshot {
  /** As `digest()` gives it, in hexadecimal. */
  readonly digest: string;
  /** Tombstones left out. */
  readonly documents: number;
  /** Where the projection stood, per source asked for; 0 before the first event. */
  readonly positions: Readonly<Record<string, number>>;
}

export interface Versioned<Document> {
  readonly document: Document | null;
  /** Per source: the last position whose event this document reflects. */
  readonly positions: Readonly<Record<string, number>>;
}

/** Of one document, loaded twice: nothing was written between, of any source. */
export function samePositions(left: Versioned<unknown>['positions'], right: Versioned<unknown>['positions']): boolean {
  const sources = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...sources].every((source) => left[source] === right[source]);
}

export interface ReadModelWrite<Document> {
  readonly projection: string;
  readonly source: string;
  /** The checkpoint after this batch; it never moves back. */
  readonly checkpoint: Checkpoint;
  readonly rows: readonly ReadModelRow<Document>[];
}

export interface ReadModelRow<Document> {
  readonly key: string;
  readonly document: Document | null;
  /** Last event of the source applied to it. */
  readonly position: number;
  /** The positions it was loaded with; {} when it was not there. */
  readonly loaded: Versioned<Document>['positions'];
}

export interface PageQuery {
  readonly index: string;
  readonly equals?: readonly IndexValue[];
  /** Full index value of the last document of the page before. */
  readonly after?: readonly IndexValue[];
  readonly limit: number;
  readonly descending?: boolean;
}

export interface Page<Document> {
  readonly documents: readonly Document[];
  /** Index value of the last document, when there may be more. */
  readonly next?: readonly IndexValue[];
}
