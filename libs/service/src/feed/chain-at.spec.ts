import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyChain, nextChain, type EventStore } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { sqliteEventStore } from '@tillid/store-sqlite';
import { describe, expect, it } from 'vitest';
import { ChainAt } from './chain-at.js';

/** Commits of one to five events; returns the chain after each position, by the definition. */
async function filled(store: EventStore): Promise<Uint8Array[]> {
  const chains: Uint8Array[] = [emptyChain];
  for (let commit = 0; commit < 600; commit++) {
    const events = Array.from({ length: 1 + (commit % 5) }, (_, index) => Buffer.from(`event ${commit}.${index}`));
    await store.append({ commandId: Buffer.alloc(16, `command ${commit}`), fingerprint: Buffer.alloc(32), writes: [{ stream: `stream-${commit}`, expectedRevision: 0, events }] });
    for (const event of events) chains.push(nextChain(chains.at(-1)!, event));
  }
  return chains;
}

describe('the chain after any position', () => {
  it.each([
    ['a store that keeps it', async () => sqliteEventStore({ path: join(await mkdtemp(join(tmpdir(), 'tillid-chain-')), 'log.sqlite') })],
    ['a store that does not', () => Promise.resolve(inMemoryEventStore())],
  ])('is what hashing from the start gives: %s', async (_which, open) => {
    const store = await open();
    const chains = await filled(store);
    const chainAt = new ChainAt(store);
    for (const position of [0, 1, 2, 3, 999, 1000, 1001, 1500, chains.length - 1, 7]) {
      expect(Buffer.from(await chainAt.chainAt(position)), `after ${position}`).toEqual(Buffer.from(chains[position]!));
    }
    await expect(chainAt.chainAt(chains.length)).rejects.toThrow();
    await store.close();
  });

  it('stays right when more places were remembered than are kept', async () => {
    const store = inMemoryEventStore();
    const chains = await filled(store);
    const chainAt = new ChainAt(store);
    for (let position = 0; position < chains.length; position++) chainAt.remember(position, chains[position]!);
    for (const position of [1, 900, 1799, 1800]) expect(Buffer.from(await chainAt.chainAt(position))).toEqual(Buffer.from(chains[position]!));
  });
});
