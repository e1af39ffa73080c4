import { ownLogMapKey, ownLogMapValue, type LogOwner, type OwnLogHead, type ReadModelTable } from '@tillid/eventsourcing';
import { bucketOf, MapTop, mapSubtree, type MapEntry, type MapProof, type MapSubtree } from '@tillid/transparency';
import type { OwnLogDocument, OwnLogLineDocument } from './own-log.documents.js';

export interface OwnLogTables {
  readonly logs: ReadModelTable<OwnLogDocument>;
  readonly lines: ReadModelTable<OwnLogLineDocument>;
}

/** Undefined is proved, too: no such log under this root. */
export interface ProvenHead {
  readonly head: OwnLogHead | undefined;
  readonly proof: MapProof;
  readonly root: Buffer;
}

type Log = Extract<OwnLogDocument, { readonly kind: 'log' }>;

const documentsPerPage = 1000;
/** Lines a log gained since the position asked for: seconds of them, so this is enough nearly always. */
const linesPerPage = 50;
const bucketBits = 16;

/** The map of every own log's head, as of one position of the ledger. The read models may be ahead of it. */
export class OwnLogMap {
  readonly #top = new MapTop();
  #position = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly tables: OwnLogTables) {}

  get position(): number {
    return this.#position;
  }

  get root(): Buffer {
    return this.#top.root;
  }

  get count(): number {
    return this.#top.count;
  }

  /** Never back. The read models must have the position. */
  advanceTo(position: number): Promise<void> {
    return this.#inTurn(async () => {
      if (position <= this.#position) return;
      // A fault in between leaves the old position, and the same buckets are made again.
      if (this.#position === 0) await this.#begin(position);
      else await this.#goOn(position);
      this.#position = position;
    });
  }

  async headOf(owner: LogOwner): Promise<ProvenHead> {
    return this.#inTurn(async () => {
      const log = await this.tables.logs.get(`log ${owner}`);
      const head = log?.kind === 'log' ? await this.#headAt(log, this.#position) : undefined;
      const proof = await this.#top.prove(ownLogMapKey(owner), (bucket) => this.#entriesIn(bucket, this.#position));
      return { head, proof, root: this.#top.root };
    });
  }

  async #begin(position: number): Promise<void> {
    const entries = new Map<number, MapEntry[]>();
    for await (const log of this.#logs([])) {
      const entry = await this.#entryOf(log, position);
      if (entry) entries.set(log.bucket, [...(entries.get(log.bucket) ?? []), entry]);
    }
    this.#top.set(new Map([...entries].map(([bucket, all]) => [bucket, mapSubtree(all, bucketBits)])));
  }

  async #goOn(position: number): Promise<void> {
    const buckets = new Set<number>();
    for (let after: readonly (string | number)[] | undefined = [this.#position + 1, '', 0]; after !== undefined; ) {
      const { documents, next } = await this.tables.lines.page({ index: 'byNumberedAt', after, limit: documentsPerPage });
      for (const { owner, numberedAt } of documents) if (numberedAt <= position) buckets.add(bucketOf(ownLogMapKey(owner)));
      after = (documents.at(-1)?.numberedAt ?? Infinity) > position ? undefined : next;
    }
    const subtrees = new Map<number, MapSubtree>();
    for (const bucket of buckets) subtrees.set(bucket, mapSubtree(await this.#entriesIn(bucket, position), bucketBits));
    this.#top.set(subtrees);
  }

  async #entriesIn(bucket: number, position: number): Promise<readonly MapEntry[]> {
    const entries: MapEntry[] = [];
    for await (const log of this.#logs([bucket])) {
      const entry = await this.#entryOf(log, position);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  async *#logs(equals: readonly number[]): AsyncGenerator<Log> {
    for (let after: readonly (string | number)[] | undefined, more = true; more; more = after !== undefined) {
      const page = await this.tables.logs.page({ index: 'byBucket', equals, ...(after && { after }), limit: documentsPerPage });
      for (const document of page.documents) if (document.kind === 'log') yield document;
      after = page.next;
    }
  }

  async #entryOf(log: Log, position: number): Promise<MapEntry | undefined> {
    const head = await this.#headAt(log, position);
    return head && { key: ownLogMapKey(log.owner), value: ownLogMapValue(head) };
  }

  /** What the log's head was when the ledger stood at a position. */
  async #headAt(log: Log, position: number): Promise<OwnLogHead | undefined> {
    if (log.position <= position) return { number: log.number, chain: Buffer.from(log.chain, 'base64') };
    for (let after: readonly (string | number)[] | undefined, more = true; more; more = after !== undefined) {
      const page = await this.tables.lines.page({ index: 'byOwner', equals: [log.owner], ...(after && { after }), limit: linesPerPage, descending: true });
      const line = page.documents.find(({ numberedAt }) => numberedAt <= position);
      if (line) return { number: line.number, chain: Buffer.from(line.chain, 'base64') };
      after = page.next;
    }
    return undefined;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
