import type { StoredEvent } from '../event-store.js';
import type { ProjectionConsumer } from './projection.js';
import { chained, startingPoint } from './take-in.js';

/** A source to build from again: an own log's readAll, or the ledger's stream of that source. */
export interface RebuildSource {
  readonly source: string;
  read(afterPosition: number, limit: number): Promise<readonly Pick<StoredEvent, 'bytes'>[]>;
  /** Stops there: the state as of an instant. Default: everything there is. */
  readonly until?: number;
}

const batchEvents = 1000;

/**
 * Builds the read model again from nothing. Its digest must be the one it had: documents are a function of the events.
 * Throws CannotApply after keeping all that comes before an event it cannot apply, as following live does.
 */
export async function rebuild<Document extends object>(consumer: ProjectionConsumer<Document>, sources: readonly RebuildSource[]): Promise<string> {
  await consumer.table.clear(consumer.checkpointName);
  for (const { source, read, until = Infinity } of sources) {
    for (let checkpoint = startingPoint; checkpoint.position < until; ) {
      const page = await read(checkpoint.position, Math.min(batchEvents, until - checkpoint.position));
      if (page.length === 0) break;
      const events = chained(checkpoint, page.map(({ bytes }) => bytes));
      const last = events.at(-1)!;
      checkpoint = { ...checkpoint, position: last.position, chain: last.chain };
      await consumer.apply(source, events, checkpoint);
    }
  }
  return consumer.table.digest();
}
