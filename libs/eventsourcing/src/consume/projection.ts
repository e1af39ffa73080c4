import type { EventCodec } from '../event-codec.js';
import type { Checkpoint, CheckpointStore } from '../checkpoint.js';
import { StoreFault } from '../event-store.js';
import type { ReadModel, ReadModelStore, ReadModelTable, Versioned } from '../read-model.js';
import type { DomainEvent, RecordedEvent } from '../recorded-event.js';
import { CannotApply, checkpointAt, type Consumer, type SourceEvent } from './consumer.js';
import { startingPoint } from './take-in.js';

/** How events become the documents of a read model. Pure; commutes across sources: each field is owned by one source. */
export interface Projection<Document extends object, E extends DomainEvent> {
  readonly name: string;
  readonly model: ReadModel<Document>;
  /** The types it knows: `consentEvents.pick('ConsentGranted', 'ConsentWithdrawn')`. */
  readonly events: EventCodec<E>;
  /** Keys of the documents an event concerns; none when it concerns none. */
  readonly keys: (recorded: RecordedEvent<E>) => readonly string[];
  /** The document after the event; null when there is none (any more). */
  readonly apply: (document: Document | null, recorded: RecordedEvent<E>, key: string) => Document | null;
}

export function projection<Document extends object, E extends DomainEvent>(declaration: Projection<Document, E>): Projection<Document, E> {
  return declaration;
}

export interface ProjectionConsumer<Document extends object> extends Consumer {
  readonly table: ReadModelTable<Document>;
  /** What its checkpoints are kept under. A new version of the model has none yet, so it is built from the first event. */
  readonly checkpointName: string;
}

/** Tombstones are looked for after so many batches. */
const batchesBetweenSweeps = 256;

/** How often documents are loaded anew because another process wrote them meanwhile. */
const maxTries = 8;

interface Working<Document> {
  document: Document | null;
  /** As stored, of every source. */
  readonly loaded: Versioned<Document>['positions'];
  /** From this source, as stored or as applied in this batch. */
  position: number;
  changed: boolean;
}

/**
 * Keeps a read model up to its sources. One consumer object per projection: batches of different sources take turns,
 * since two that load, apply and write the same document at once would have to do it again.
 */
export async function projectionConsumer<Document extends object, E extends DomainEvent>(
  declared: Projection<Document, E>,
  store: ReadModelStore,
): Promise<ProjectionConsumer<Document>> {
  const table = await store.open(declared.model);
  const checkpointName = `${declared.name}@${declared.model.version}`;
  let turn: Promise<unknown> = Promise.resolve();
  let batches = 0;
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  /** Documents and checkpoint. Repeated while another process, as one whose lease is taken, writes the same documents. */
  async function keep(source: string, events: readonly SourceEvent[], next: Checkpoint) {
    const { readable, unknownTypes, failure } = read(declared, events);
    for (let tries = 0; tries < maxTries; tries++) {
      const { rows, failure: applyFailure } = applyAll(declared, readable, await load(table, source, readable));
      // What could be applied is kept; the position stops right before what could not.
      const stopped = applyFailure ?? failure;
      const last = stopped ? events.find((event) => event.position === stopped.position - 1) : undefined;
      const checkpoint = stopped ? last && checkpointAt(last, next) : next;
      if (!checkpoint || (await table.write({ projection: checkpointName, source, checkpoint, rows }))) return { unknownTypes, stopped };
    }
    throw new StoreFault(`another process keeps writing the documents of ${declared.name}`);
  }

  return {
    name: declared.name,
    table,
    checkpointName,
    standing: (source) => standingIn(store, checkpointName, source),
    apply: (source, events, next) =>
      inTurn(async () => {
        const { unknownTypes, stopped } = await keep(source, events, next);
        if (stopped) throw stopped;
        if (++batches % batchesBetweenSweeps === 0) await table.sweep(checkpointName);
        return { unknownTypes };
      }),
  };
}

export async function standingIn(store: CheckpointStore, consumer: string, source: string) {
  return (await store.checkpoint(consumer, source)) ?? startingPoint;
}

interface Readable<E extends DomainEvent> {
  readonly recorded: RecordedEvent<E>;
  readonly keys: readonly string[];
}

/** Every event of a declared type with the keys it concerns, up to the first that cannot be read. */
function read<Document extends object, E extends DomainEvent>(
  { events: codec, keys }: Projection<Document, E>,
  events: readonly SourceEvent[],
): { readonly readable: readonly Readable<E>[]; readonly unknownTypes: number; readonly failure?: CannotApply } {
  const readable: Readable<E>[] = [];
  let unknownTypes = 0;
  for (const { position, bytes } of events) {
    try {
      const recorded = codec.decode(bytes, position);
      if (recorded) readable.push({ recorded, keys: keys(recorded) });
      else unknownTypes++;
    } catch (cause) {
      return { readable, unknownTypes, failure: new CannotApply(position, 'event.cannot_be_read', { cause }) };
    }
  }
  return { readable, unknownTypes };
}

async function load<Document extends object>(
  table: ReadModelTable<Document>,
  source: string,
  readable: readonly { readonly keys: readonly string[] }[],
): Promise<Map<string, Working<Document>>> {
  const keys = new Set(readable.flatMap((each) => each.keys));
  const stored = keys.size > 0 ? await table.load([...keys]) : new Map<string, Versioned<Document>>();
  const working = (key: string): Working<Document> => {
    const row = stored.get(key);
    return { document: row?.document ?? null, loaded: row?.positions ?? {}, position: row?.positions[source] ?? 0, changed: false };
  };
  return new Map([...keys].map((key) => [key, working(key)]));
}

function applyAll<Document extends object, E extends DomainEvent>(declared: Projection<Document, E>, readable: readonly Readable<E>[], working: Map<string, Working<Document>>) {
  let failure: CannotApply | undefined;
  for (const { recorded, keys } of readable) {
    try {
      // All documents of one event, or none of them.
      const news = keys.flatMap((key) => {
        const before = working.get(key)!;
        return before.position >= recorded.position ? [] : [{ key, before, document: declared.apply(before.document, recorded, key) }];
      });
      for (const { before, document } of news) {
        if (before.document === null && document === null) continue;
        before.changed = true;
        before.document = document;
        before.position = recorded.position;
      }
    } catch (cause) {
      failure = new CannotApply(recorded.position, 'event.cannot_be_applied', { cause });
      break;
    }
  }
  const rows = [...working].filter(([, { changed }]) => changed).map(([key, { document, position, loaded }]) => ({ key, document, position, loaded }));
  return { rows, failure };
}
