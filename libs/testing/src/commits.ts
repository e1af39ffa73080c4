import { createHash, randomBytes } from 'node:crypto';
import { emptyChain, nextChain, type AppendOutcome, type Commit, type EventStore, type Release, type StoredEvent } from '@tillid/eventsourcing';

export interface CommitSketch {
  readonly command?: string;
  readonly fingerprint?: string;
  readonly reserve?: readonly string[];
  readonly release?: readonly Release[];
}

/** A commit to one stream: `commitTo('consent-1', 0, ['asked'])`. A command left out is a new one. */
export function commitTo(stream: string, expectedRevision: number, events: readonly string[], sketch: CommitSketch = {}): Commit {
  return commitOf([{ stream, expectedRevision, events }], sketch);
}

export function commitOf(
  writes: readonly { readonly stream: string; readonly expectedRevision: number; readonly events: readonly string[] }[],
  { command = randomBytes(16).toString('hex'), fingerprint = 'the request', reserve, release }: CommitSketch = {},
): Commit {
  return {
    commandId: commandIdOf(command),
    fingerprint: createHash('sha256').update(fingerprint).digest(),
    writes: writes.map((write) => ({ ...write, events: write.events.map((event) => Buffer.from(event)) })),
    ...(reserve && { reserve }),
    ...(release && { release }),
  };
}

export function commandIdOf(command: string): Buffer {
  return createHash('sha256').update(command).digest().subarray(0, 16);
}

/** An outcome without bytes, so that two adapters' answers compare. */
export function plain(outcome: AppendOutcome): object {
  if (outcome.kind !== 'appended') return outcome;
  const { firstPosition, eventCount, generations } = outcome.commit;
  return { kind: 'appended', repeated: outcome.repeated, firstPosition, eventCount, generations: [...generations] };
}

/** Every event of a log, read in pages. */
export async function readEverything(store: EventStore, pageSize = 1_000): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await store.readAll(events.length, pageSize);
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/**
 * What holds of every log at every moment nobody writes to it: dense positions, and a head whose position and chain
 * are those of the events. Throws on the first fault; returns the events.
 */
export async function checkSoundLog(store: EventStore): Promise<StoredEvent[]> {
  const events = await readEverything(store);
  let chain: Uint8Array = emptyChain;
  events.forEach(({ position, bytes }, index) => {
    if (position !== index + 1) throw new Error(`position ${position} stands where ${index + 1} should`);
    chain = nextChain(chain, bytes);
  });
  const head = await store.head();
  if (head.position !== events.length) throw new Error(`the head says ${head.position}, there are ${events.length} events`);
  if (Buffer.compare(head.chain, chain) !== 0) throw new Error('the head\'s chain is not the chain of the events');
  return events;
}
