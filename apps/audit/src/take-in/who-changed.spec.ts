import { chained, ledgerConsumer, ProgressBook, startingPoint, takeIn, type Checkpoint, type EventStore, type Evidence, type FeedBatch, type Standing, type StreamEvent } from '@tillid/eventsourcing';
import { inMemoryEventStore, inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { silentLogger } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { SignedSource } from '../../test/signed-source.js';
import { accuser, rewrittenPasts, whoChanged } from './who-changed.js';

const source = 'consent/0';

/** Seven events of the source are in the ledger, and its head at five is recorded. */
async function installation() {
  const consent = new SignedSource(source, () => 1_000_000);
  consent.happens(6);
  const ledger = inMemoryEventStore();
  const all = await eventsOf(consent);
  const standing: Standing = { checkpoint: { ...checkpointOf(all, consent), headTimeMs: 1 }, pending: [] };
  await ledgerConsumer(ledger, inMemoryReadModelStore()).apply(source, chained(startingPoint, all), standing.checkpoint);
  return { consent, ledger, standing, recorded: consent.head(5) };
}
function checkpointOf(events: readonly Uint8Array[], consent: SignedSource): Checkpoint {
  return { position: events.length, chain: chained(startingPoint, events).at(-1)!.chain, key: consent.publicKey, headTimeMs: 0 };
}
async function batchAfter(consent: SignedSource, after: number): Promise<FeedBatch> {
  const stop = new AbortController();
  for await (const batch of consent.subscribe(source, after, stop.signal)) {
    stop.abort();
    return batch;
  }
  throw new Error('a source always says something');
}
async function eventsOf(consent: SignedSource): Promise<readonly Uint8Array[]> {
  return (await batchAfter(consent, 0)).events;
}
/** Somebody wrote into the ledger's store: this position of the source has other bytes. */
function changedAt(ledger: EventStore, position: number): EventStore {
  const change = (event: StreamEvent): StreamEvent => ({ ...event, bytes: Buffer.concat([event.bytes, Buffer.from([0x90, 0x03, 0x01])]) });
  const readStream: EventStore['readStream'] = async (...asked) => (await ledger.readStream(...asked)).map((event) => (event.revision === position ? change(event) : event));
  return new Proxy(ledger, { get: (target, name) => (name === 'readStream' ? readStream : (Reflect.get(target, name) as unknown)) });
}
const parkedBy = (standing: Standing, batch: FeedBatch): Evidence => {
  expect(takeIn(source, standing, batch, 'direct')).toMatchObject({ reason: 'source.chain_differs' });
  return { standing, batch };
};

describe('a head that does not continue what was taken in', () => {
  it('is a source that rewrote its past, when the ledger still fits what the source had signed', async () => {
    const { consent, ledger, standing, recorded } = await installation();
    consent.rewrite(3);
    const evidence = parkedBy(standing, await batchAfter(consent, 7));
    expect(await whoChanged(ledger, source, evidence, recorded)).toBe('source');
    expect(await whoChanged(ledger, source, evidence, undefined)).toBe('source');
  });

  it('is a source that rewrote its past and added nothing', async () => {
    const { consent, ledger, standing, recorded } = await installation();
    consent.rewrite(7, 0);
    expect(await whoChanged(ledger, source, parkedBy(standing, await batchAfter(consent, 7)), recorded)).toBe('source');
  });

  it("is audit's doing, when what it remembers is not what its own ledger has", async () => {
    const { consent, ledger, standing, recorded } = await installation();
    consent.happens(2);
    const misremembered = { ...standing, checkpoint: { ...standing.checkpoint, chain: Buffer.alloc(32, 9) } };
    expect(await whoChanged(ledger, source, parkedBy(misremembered, await batchAfter(consent, 7)), recorded)).toBe('audit');
  });

  it("is audit's doing, when the ledger does not fit the head that was recorded with it", async () => {
    const { consent, ledger, recorded } = await installation();
    const changed = changedAt(ledger, 4);
    const standing: Standing = { checkpoint: await ledgerConsumer(changed, inMemoryReadModelStore()).standing(source), pending: [] };
    consent.happens(2);
    expect(await whoChanged(changed, source, parkedBy(standing, await batchAfter(consent, 7)), recorded)).toBe('audit');
  });

  it("is audit's doing, when the ledger has lost what it had", async () => {
    const { consent, ledger, standing, recorded } = await installation();
    consent.rewrite(3);
    const evidence = parkedBy(standing, await batchAfter(consent, 7));
    const shorter = { ...evidence, standing: { ...standing, checkpoint: { ...standing.checkpoint, position: 9 } } };
    expect(await whoChanged(ledger, source, shorter, recorded)).toBe('audit');
  });

  it('is told of the source until more is known, and then of whoever it was', async () => {
    const { consent, ledger, standing, recorded } = await installation();
    const book = new ProgressBook();
    const line = Object.assign(book.line('ledger', source), { parked: true, parkedReason: 'source.chain_differs' });
    const accuse = accuser({ ledger, book, logger: silentLogger, headsRecorder: { last: async () => ({ timeMs: 1, heads: [recorded] }) } });
    const tell = (evidence: Evidence | undefined) => accuse({ source, consumer: 'ledger', reason: 'source.chain_differs', evidence });
    await tell(undefined);
    expect(rewrittenPasts(book)).toEqual([{ source, rewrote: true }]);
    consent.happens(1);
    await tell(parkedBy({ ...standing, checkpoint: { ...standing.checkpoint, chain: Buffer.alloc(32, 9) } }, await batchAfter(consent, 7)));
    expect([line.parkedReason, rewrittenPasts(book)]).toEqual(['ledger.differs', [{ source, rewrote: false }]]);
    line.parkedReason = 'source.chain_differs';
    consent.rewrite(3);
    await tell(parkedBy(standing, await batchAfter(consent, 7)));
    expect(line.parkedReason).toBe('source.chain_differs');
  });
});
