import { inBatches } from '../batches.js';
import { emptyChain, nextChain } from '../chain.js';
import type { Checkpoint, CheckpointStore } from '../checkpoint.js';
import { hashOf } from '../command-context.js';
import { isEventOf } from '../event-codec.js';
import { limits, StoreFault, type EventStore } from '../event-store.js';
import { announcedKey, keyAfter } from '../source-key.js';
import { CannotApply, type Consumer, type SourceEvent } from './consumer.js';
import { startingPoint } from './take-in.js';

/**
 * Takes every event of every source into one EventStore, verbatim: stream = source, revision = position there. Unique
 * revisions make it exactly once with any number of replicas. It knows no type of event: it looks at whose an event says
 * it is, and into a source's announcements of its keys.
 *
 * `checkpoints` only saves reading a stream again from its start: the ledger itself says how far it has come.
 */
export function ledgerConsumer(ledger: EventStore, checkpoints: CheckpointStore, name = 'ledger'): Consumer {
  return {
    name,
    async standing(source) {
      const revision = await ledger.lastRevision(source);
      if (revision === 0) return startingPoint;
      const remembered = await checkpoints.checkpoint(name, source);
      // A remembered place beyond the ledger is of a ledger that was restored since.
      const from = remembered && remembered.position <= revision ? remembered : undefined;
      return { position: revision, ...(await placeUpTo(ledger, source, revision, from)), headTimeMs: from?.headTimeMs ?? 0 };
    },
    async apply(source, received, next) {
      // A leaf has no other name on it than the one inside: under another's it would break that source's chain for every verifier.
      const foreign = received.findIndex(({ bytes }) => !isEventOf(source, bytes));
      const events = foreign < 0 ? received : received.slice(0, foreign);
      // Asked for together, so that the store makes them durable together. Each expects the revision the one before
      // it leaves: where one fails those after it do too, and the first says why.
      const outcomes = await Promise.allSettled(commitsOf(events).map((batch) => append(ledger, source, batch)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      if (foreign >= 0) throw new CannotApply(received[foreign]!.position, 'source.foreign_event');
      // A crash here costs reading these events once more, to find their chain.
      await checkpoints.saveCheckpoint(name, source, next);
      return { unknownTypes: 0 };
    },
  };
}

async function append(ledger: EventStore, source: string, batch: readonly SourceEvent[]): Promise<void> {
  const first = batch[0]!.position;
  const last = batch.at(-1)!;
  const outcome = await ledger.append({
    commandId: hashOf('ledger', source, String(first), String(last.position)).subarray(0, 16),
    fingerprint: last.chain,
    writes: [{ stream: source, expectedRevision: first - 1, events: batch.map(({ bytes }) => bytes) }],
  });
  switch (outcome.kind) {
    case 'appended':
      return;
    case 'reused':
      // The same positions are in the ledger with another chain: two histories of one source.
      throw new CannotApply(first, 'source.chain_differs');
    case 'conflict':
      throw new StoreFault(`the ledger has ${outcome.actualRevision} events of ${source} already: another replica was first`);
    case 'full':
      throw new StoreFault('the ledger is full for now');
    case 'too_large':
      throw new CannotApply(first, 'event.too_large');
    case 'reserved':
    case 'not_held':
      throw new Error(`a ledger reserves nothing, yet answered ${outcome.kind}`);
  }
}

/** What a commit may hold: 256 events, or 8 MiB. */
function commitsOf(events: readonly SourceEvent[]): readonly (readonly SourceEvent[])[] {
  return [...inBatches(events, ({ bytes }) => bytes.length, { bytes: limits.maxCommitBytes, items: limits.maxBatchCommits })];
}

interface Place {
  readonly chain: Uint8Array;
  readonly key: Uint8Array;
}

async function placeUpTo(ledger: EventStore, source: string, revision: number, from: Checkpoint | undefined): Promise<Place> {
  let position = from?.position ?? 0;
  let chain = from?.chain ?? emptyChain;
  let key = from && from.key.length > 0 ? from.key : await firstKeyOf(ledger, source);
  while (position < revision) {
    const page = await ledger.readStream(source, position, Math.min(1000, revision - position));
    if (page.length === 0) throw new StoreFault(`the ledger has fewer events of ${source} than it says`);
    for (const { bytes } of page) {
      chain = nextChain(chain, bytes);
      key = keyAfter(source, key, bytes);
    }
    position += page.length;
  }
  return { chain, key };
}

async function firstKeyOf(ledger: EventStore, source: string): Promise<Uint8Array> {
  const [first] = await ledger.readStream(source, 0, 1);
  const key = first && announcedKey(source, first.bytes);
  // It was taken in under that key, so it was there.
  if (!key) throw new StoreFault(`the ledger's first event of ${source} announces no key`);
  return key;
}
