import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Commit, EventStore, StoredEvent } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { checkSoundLog, commitOf, plain } from './commits.js';
import type { Make } from './made.js';

const streams = ['a', 'b', 'c'];
const values = fc.constantFrom('v', 'w');

/** Few names and few commands, revisions mostly right: about half of the commits collide with something. */
const sketches = fc.record({
  command: fc.integer({ min: 0, max: 40 }).map(String),
  fingerprint: fc.constantFrom('one', 'one', 'one', 'two'),
  writes: fc.uniqueArray(
    fc.record({
      stream: fc.constantFrom(...streams),
      /** From the revision at the start of the group. */
      offset: fc.constantFrom(0, 0, 0, 0, 1, 2, -1),
      events: fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 2, selector: (write) => write.stream },
  ),
  reserved: fc.option(values, { nil: undefined, freq: 2 }),
  released: fc.option(fc.record({ value: values, generation: fc.integer({ min: 1, max: 3 }) }), { nil: undefined, freq: 2 }),
});
type Sketch = typeof sketches extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * The plain in-memory store is the oracle: whatever commits arrive, in whatever groups, every answer and every byte
 * is the same. A group is sent at once; adapters take it in the order sent.
 */
export function eventStoreModelTest(make: Make<EventStore>): void {
  it('answers as the plain model does, whatever is sent and however it is grouped', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(sketches, { minLength: 1, maxLength: 6 }), { maxLength: 12 }), async (groups) => {
      const { store, remove } = await make();
      const model = inMemoryEventStore();
      try {
        for (const group of groups) {
          const revisions = new Map(await Promise.all(streams.map(async (stream) => [stream, await model.lastRevision(stream)] as const)));
          const commits = group.map((sketch) => commitFrom(sketch, revisions));
          const answers = await Promise.all(commits.map((commit) => store.append(commit)));
          const expected = [];
          for (const commit of commits) expected.push(await model.append(commit));
          expect(answers.map(plain)).toEqual(expected.map(plain));
        }
        expect((await checkSoundLog(store)).map(text)).toEqual((await model.readAll(0, 10_000)).map(text));
        for (const stream of streams) expect(await store.lastRevision(stream)).toBe(await model.lastRevision(stream));
      } finally {
        await remove();
      }
    }), { numRuns: 60 });
  });
}

function commitFrom({ command, fingerprint, writes, reserved, released }: Sketch, revisions: ReadonlyMap<string, number>): Commit {
  return commitOf(
    writes.map(({ stream, offset, events }) => ({ stream, events, expectedRevision: Math.max(0, revisions.get(stream)! + offset) })),
    {
      command,
      fingerprint,
      ...(reserved && { reserve: [reserved] }),
      ...(released && released.value !== reserved && { release: [released] }),
    },
  );
}

function text({ position, bytes }: StoredEvent): string {
  return `${position} ${Buffer.from(bytes).toString()}`;
}
