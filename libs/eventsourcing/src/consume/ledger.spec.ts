import { describe, expect, it } from 'vitest';
import { chained, ledgerConsumer, startingPoint, StoreFault, takeIn, type Checkpoint } from '../index.js';
import { inMemoryEventStore, inMemoryReadModelStore } from '../in-memory/index.js';
import { consentSource, rawKey } from '../world.spec-kit.js';

async function sourceOf(consents: number, name = 'consent/0') {
  const source = consentSource(name);
  await source.announce();
  for (let number = 1; number <= consents; number++) await source.act(`consent-${number}`, { type: 'Request' });
  const { events } = await source.batch(0);
  const placed = chained(startingPoint, events);
  const raw = Buffer.from(source.publicKey.export({ format: 'jwk' }).x!, 'base64url');
  return { placed, checkpoint: (position: number) => ({ position, chain: placed[position - 1]!.chain, key: raw, headTimeMs: 5 }) };
}

describe('the ledger', () => {
  it('takes in every event verbatim, once, whoever brings it how often', async () => {
    const ledger = inMemoryEventStore();
    const { placed, checkpoint } = await sourceOf(5);
    const [one, two] = [ledgerConsumer(ledger, inMemoryReadModelStore()), ledgerConsumer(ledger, inMemoryReadModelStore())];
    await one.apply('consent/0', placed.slice(0, 4), checkpoint(4));
    await one.apply('consent/0', placed.slice(0, 4), checkpoint(4));
    await expect(two.apply('consent/0', placed.slice(0, 6), checkpoint(6))).rejects.toBeInstanceOf(StoreFault);
    expect(await two.standing('consent/0')).toMatchObject({ position: 4, chain: checkpoint(4).chain, key: checkpoint(4).key });
    await two.apply('consent/0', placed.slice(4), checkpoint(6));
    expect((await ledger.readStream('consent/0')).map(({ bytes }) => bytes)).toEqual(placed.map(({ bytes }) => bytes));
  });

  it('knows from itself how far it has come, with or without a remembered place', async () => {
    const ledger = inMemoryEventStore();
    const checkpoints = inMemoryReadModelStore();
    const { placed, checkpoint } = await sourceOf(9);
    await ledgerConsumer(ledger, checkpoints).apply('consent/0', placed.slice(0, 6), checkpoint(6));
    // The next commit is in, the place was not remembered: a crash between the two.
    await ledgerConsumer(ledger, inMemoryReadModelStore()).apply('consent/0', placed.slice(6), checkpoint(10));
    for (const memory of [checkpoints, inMemoryReadModelStore()]) {
      expect(await ledgerConsumer(ledger, memory).standing('consent/0')).toMatchObject({ position: 10, chain: checkpoint(10).chain, key: checkpoint(10).key });
    }
    // A place remembered beyond a ledger that was restored is not believed.
    await checkpoints.saveCheckpoint('ledger', 'consent/0', { ...checkpoint(10), position: 99, chain: Buffer.alloc(32, 9) });
    expect(await ledgerConsumer(ledger, checkpoints).standing('consent/0')).toMatchObject({ position: 10, chain: checkpoint(10).chain });
    expect(await ledgerConsumer(ledger, checkpoints).standing('identity/0')).toEqual(startingPoint);
  });

  it('does not take in what a source signs in another name, or what is no event: in the record it would stand as that other\'s', async () => {
    const identity = consentSource('identity/0');
    await identity.announce();
    const { events } = await identity.batch(0);
    for (const foreign of [events[0]!, Buffer.from('no event')]) {
      const ledger = inMemoryEventStore();
      const { placed, checkpoint } = await sourceOf(5);
      const signed = chained(startingPoint, placed.map(({ bytes }) => bytes).with(3, foreign));
      await expect(ledgerConsumer(ledger, inMemoryReadModelStore()).apply('consent/0', signed, checkpoint(6))).rejects.toMatchObject({ reason: 'source.foreign_event', position: 4 });
      expect((await ledger.readAll(0, 10)).map(({ bytes }) => bytes)).toEqual(placed.slice(0, 3).map(({ bytes }) => bytes));
    }
  });

  it('finds the key in force among what it has, however much of it it remembers', async () => {
    const ledger = inMemoryEventStore();
    const checkpoints = inMemoryReadModelStore();
    const source = consentSource();
    await source.announce();
    await source.act('consent-1', { type: 'Request' });
    const { publicKey } = await source.rotate();
    await source.act('consent-2', { type: 'Request' });
    const take = async (checkpoint: Checkpoint, upTo: number) => {
      const verdict = takeIn('consent/0', { checkpoint, pending: [] }, await source.batch(checkpoint.position, upTo), 'direct');
      if (verdict.kind !== 'apply') throw new Error(verdict.kind);
      return verdict;
    };
    const two = await take(startingPoint, 2);
    await ledgerConsumer(ledger, checkpoints).apply('consent/0', two.events, two.standing.checkpoint);
    const four = await take(two.standing.checkpoint, 4);
    // The place was not remembered: a crash after the commit.
    await ledgerConsumer(ledger, inMemoryReadModelStore()).apply('consent/0', four.events, four.standing.checkpoint);
    for (const memory of [checkpoints, inMemoryReadModelStore()]) {
      const { key } = await ledgerConsumer(ledger, memory).standing('consent/0');
      expect(Buffer.from(key)).toEqual(rawKey(publicKey));
    }
  });

  it('takes at most 256 events in one commit', async () => {
    const ledger = inMemoryEventStore();
    const sizes: number[] = [];
    const counting = Object.assign(Object.create(ledger) as typeof ledger, { append: (commit: Parameters<typeof ledger.append>[0]) => (sizes.push(commit.writes[0]!.events.length), ledger.append(commit)) });
    const { placed, checkpoint } = await sourceOf(599);
    await ledgerConsumer(counting, inMemoryReadModelStore()).apply('consent/0', placed, checkpoint(600));
    expect(sizes).toEqual([256, 256, 88]);
  });

  it('asks for the commits of one batch together, and after one that fails none is in', async () => {
    const ledger = inMemoryEventStore();
    let asked = 0;
    const refusing = Object.assign(Object.create(ledger) as typeof ledger, {
      append: async (commit: Parameters<typeof ledger.append>[0]) => (++asked === 2 ? { kind: 'too_large' } : ledger.append(commit)),
    });
    const { placed, checkpoint } = await sourceOf(599);
    const applying = ledgerConsumer(refusing, inMemoryReadModelStore()).apply('consent/0', placed, checkpoint(600));
    expect(asked).toBe(3);
    await expect(applying).rejects.toMatchObject({ position: 257, reason: 'event.too_large' });
    expect(await ledger.lastRevision('consent/0')).toBe(256);
  });

  it('refuses a second history of the same source', async () => {
    const ledger = inMemoryEventStore();
    const [first, second] = [await sourceOf(3), await sourceOf(3)];
    await ledgerConsumer(ledger, inMemoryReadModelStore()).apply('consent/0', first.placed, first.checkpoint(4));
    await expect(ledgerConsumer(ledger, inMemoryReadModelStore()).apply('consent/0', second.placed, second.checkpoint(4))).rejects.toMatchObject({ reason: 'source.chain_differs' });
  });
});
