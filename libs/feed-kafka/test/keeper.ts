import type { Checkpoint, Consumer, EventStore, FeedBatch, SourceEvent, SourceReader } from '@tillid/eventsourcing';
import { chained, startingPoint } from '@tillid/eventsourcing';
import type { SignedHead } from '@tillid/contracts/event/v1/event';

/** Keeps what it is given, in memory, and fails on anything that does not follow what it has. */
export function keeper(name: string, from: Checkpoint = startingPoint) {
  const taken: SourceEvent[] = [];
  let checkpoint = from;
  const consumer: Consumer = {
    name,
    standing: () => Promise.resolve(checkpoint),
    apply(_source, events, next) {
      if (events[0]!.position !== checkpoint.position + 1) throw new Error(`given ${events[0]!.position} after ${checkpoint.position}`);
      taken.push(...events);
      checkpoint = next;
      return Promise.resolve({ unknownTypes: 0 });
    },
  };
  return { consumer, taken, bytes: () => taken.map(({ bytes }) => Buffer.from(bytes).toString('hex')) };
}

/** The source itself, as its gRPC feed: for back-fills. `asked` is after which positions, `given` how many events it gave. */
export function sourceItself(store: EventStore, signHead: (position: number, chain: Uint8Array, timeMs: number) => SignedHead, pageEvents = 1000): SourceReader & { readonly asked: number[]; given(): number } {
  const asked: number[] = [];
  let given = 0;
  return {
    asked,
    given: () => given,
    async *subscribe(_source, afterPosition, signal): AsyncGenerator<FeedBatch> {
      asked.push(afterPosition);
      const events = chained(startingPoint, (await store.readAll(0, 1_000_000)).map(({ bytes }) => bytes));
      for (let position = afterPosition; position < events.length && !signal.aborted; ) {
        const page = events.slice(position, position + pageEvents);
        given += page.length;
        position += page.length;
        yield { firstPosition: page[0]!.position, events: page.map(({ bytes }) => bytes), head: signHead(position, page.at(-1)!.chain, Date.now()) };
      }
      while (!signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const { position, chain } = await store.head();
        yield { firstPosition: 0, events: [], head: signHead(position, chain, Date.now()) };
      }
    },
  };
}

/** A source that must not be asked. */
export const away: SourceReader = {
  subscribe: () => {
    throw new Error('the source itself is away');
  },
};
