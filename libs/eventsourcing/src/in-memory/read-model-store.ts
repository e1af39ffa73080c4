import { createHash } from 'node:crypto';
import type { Checkpoint } from '../checkpoint.js';
import { compareIndexValues, decodeDocument, encodeDocument } from '../document.js';
import { samePositions, type IndexValue, ReadModel, ReadModelStore, ReadModelTable } from '../read-model.js';

interface Row {
  /** Null: a tombstone. */
  readonly text: string | null;
  readonly positions: Readonly<Record<string, number>>;
}

/** Documents are kept as text, so that nobody shares an object with the store. */
export function inMemoryReadModelStore(): ReadModelStore {
  const tables = new Map<string, Map<string, Row>>();
  const checkpoints = new Map<string, Checkpoint>();

  return {
    async open(model) {
      const name = `${model.name}@${model.version}`;
      const rows = tables.get(name) ?? new Map<string, Row>();
      tables.set(name, rows);
      return table(model, rows, checkpoints);
    },
    async checkpoint(projection, source) {
      return checkpoints.get(checkpointKey(projection, source));
    },
    async saveCheckpoint(consumer, source, checkpoint) {
      advance(checkpoints, consumer, source, checkpoint);
    },
    async close() {},
  };
}

function table<Document extends object>(model: ReadModel<Document>, rows: Map<string, Row>, checkpoints: Map<string, Checkpoint>): ReadModelTable<Document> {
  const decode = (row: Row | undefined): Document | undefined => (row?.text ? decodeDocument<Document>(row.text) : undefined);
  const passed = (projection: string, row: Row): boolean =>
    Object.entries(row.positions).every(([source, position]) => (checkpoints.get(checkpointKey(projection, source))?.position ?? 0) >= position);

  const digest = (live: readonly (readonly [key: string, text: string])[]): string => {
    const hash = createHash('sha256');
    for (const [key, text] of live.toSorted(([left], [right]) => compareIndexValues([left], [right]))) hash.update(`${JSON.stringify(key)}:${text}\n`);
    return hash.digest('hex');
  };
  const live = () => [...rows].flatMap(([key, row]) => (row.text === null ? [] : [[key, row.text] as const]));

  return {
    async get(key) {
      return decode(rows.get(key));
    },
    async getMany(keys) {
      return new Map(keys.flatMap((key) => {
        const document = decode(rows.get(key));
        return document ? [[key, document] as const] : [];
      }));
    },
    async page({ index, equals = [], after, limit, descending = false }) {
      const valueOf = model.indexes[index];
      if (!valueOf) throw new Error(`read model ${model.name} has no index ${index}`);
      const sign = descending ? -1 : 1;
      const found = [...rows.values()].flatMap((row) => decode(row) ?? [])
        .map((document) => ({ document, value: valueOf(document) }))
        .filter(({ value }) => compareIndexValues(value.slice(0, equals.length), equals) === 0)
        .filter(({ value }) => !after || sign * compareIndexValues(value, after) > 0)
        .sort((left, right) => sign * compareIndexValues(left.value, right.value));
      const page = found.slice(0, limit);
      const next: readonly IndexValue[] | undefined = found.length > limit ? page.at(-1)?.value : undefined;
      return { documents: page.map(({ document }) => document), ...(next && { next }) };
    },
    async load(keys) {
      return new Map(keys.flatMap((key) => {
        const row = rows.get(key);
        return row ? [[key, { document: decode(row) ?? null, positions: row.positions }] as const] : [];
      }));
    },
    async write({ projection, source, checkpoint, rows: written }) {
      const encoded = written.map(({ document, ...row }) => ({ ...row, text: document && encodeDocument(document) }));
      const news = encoded.filter(({ key, position }) => (rows.get(key)?.positions[source] ?? 0) < position);
      if (news.some(({ key, loaded }) => !samePositions(rows.get(key)?.positions ?? {}, loaded))) return false;
      for (const { key, text, position, loaded } of news) rows.set(key, { text, positions: { ...loaded, [source]: position } });
      advance(checkpoints, projection, source, checkpoint);
      return true;
    },
    async digest() {
      return digest(live());
    },
    async snapshot(projection, sources) {
      const documents = live();
      return { digest: digest(documents), documents: documents.length, positions: Object.fromEntries(sources.map((source) => [source, checkpoints.get(checkpointKey(projection, source))?.position ?? 0])) };
    },
    async sweep(projection) {
      const stale = [...rows].filter(([, row]) => row.text === null && passed(projection, row));
      for (const [key] of stale) rows.delete(key);
      return stale.length;
    },
    async clear(projection) {
      rows.clear();
      for (const place of checkpoints.keys()) if (place.startsWith(checkpointKey(projection, ''))) checkpoints.delete(place);
    },
  };
}

function advance(checkpoints: Map<string, Checkpoint>, consumer: string, source: string, checkpoint: Checkpoint): void {
  const place = checkpointKey(consumer, source);
  if ((checkpoints.get(place)?.position ?? 0) <= checkpoint.position) checkpoints.set(place, checkpoint);
}

function checkpointKey(projection: string, source: string): string {
  return `${projection}\n${source}`;
}
