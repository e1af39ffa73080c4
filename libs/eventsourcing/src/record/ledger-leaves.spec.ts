import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ConsentRequested } from '@tillid/contracts/consent/v1/events';
import { ActorKind, Event } from '@tillid/contracts/event/v1/event';
import { chained, eventCodec, followed, ledgerSource, LedgerTooShort, openReadModels, parseAsOf, positionsAsOf, projection, readModel, rebuild, RecordVerifier, sourceIn, startingPoint } from '../index.js';
import { inMemoryReadModelStore } from '../in-memory/index.js';

/** A ledger as a list of who wrote next; 'seen' is audit writing down how far everyone is in it. */
type Step = { readonly by: 'consent/0' | 'identity/0' | 'audit/0'; readonly after: number } | { readonly by: 'seen'; readonly after: number };

function ledgerOf(steps: readonly Step[]) {
  const counts = new Map<string, number>();
  const leaves: Buffer[] = [];
  let timeMs = 1000;
  const write = (source: string, type: string, data: Uint8Array): void => {
    const position = (counts.get(source) ?? 0) + 1;
    counts.set(source, position);
    const id = Buffer.alloc(16, leaves.length + 1);
    leaves.push(Buffer.from(Event.encode(Event.fromPartial({ id, salt: id, source, type, schemaRevision: 1, stream: `thing-${position % 4}`, revision: position, occurredAt: new Date(0), actor: { kind: ActorKind.SYSTEM, id: 'spec' }, data: Buffer.from(data), commandId: id, commitSize: 1 })).finish()));
  };
  const consentRequested = () => ConsentRequested.encode(ConsentRequested.fromPartial({ consentId: `c-${leaves.length % 5}`, purpose: `${leaves.length}` })).finish();
  for (const { by, after } of steps) {
    timeMs += after;
    if (by !== 'seen') write(by, 'tillid.consent.v1.ConsentRequested', consentRequested());
    else write('audit/0', 'tillid.audit.v1.HeadsSeen', HeadsSeen.encode({ timeMs, heads: [...counts].map(([source, position]) => ({ source, position, chain: Buffer.alloc(32), timeMs, signature: Buffer.alloc(64) })) }).finish());
  }
  return { leaves, timeMs, read: async function* () { yield* leaves; } };
}

const purposes = projection({
  name: 'purposes',
  model: readModel<{ readonly consentId: string; readonly purposes: readonly string[] }>({ name: 'purposes', version: 3, key: ({ consentId }) => consentId, indexes: {} }),
  events: eventCodec('tillid.consent.v1', { ConsentRequested }),
  keys: ({ event }) => [event.consentId],
  apply: (before, { event, position }) => ({ consentId: event.consentId, purposes: [...(before?.purposes ?? []), `${event.purpose}@${position}`] }),
});
const models = { own: followed('consent/0', purposes), others: followed('identity/0', purposes), ledger: followed(ledgerSource, purposes) };

/** The list as a service has it that follows the source up to there. */
async function followedTo(source: string, events: readonly Uint8Array[]): Promise<string> {
  const { own } = await openReadModels({ own: followed(source, purposes) }, inMemoryReadModelStore());
  for (const event of chained(startingPoint, events)) await own.consumer.apply(source, [event], { ...startingPoint, position: event.position, chain: event.chain });
  return own.consumer.table.digest();
}

const steps = fc.array(fc.record({ by: fc.constantFrom('consent/0' as const, 'identity/0' as const, 'audit/0' as const, 'seen' as const), after: fc.nat(4) }), { maxLength: 40 });
const sourceOf = (leaf: Uint8Array) => Event.decode(leaf).source;

describe('the leaves of a ledger', () => {
  it('at any instant give the lists that services had at the positions it names', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(200), async (list, ago) => {
        const { leaves, read, timeMs } = ledgerOf(list);
        const instantMs = timeMs + 10 - ago;
        const record = new RecordVerifier({ streams: false });
        for (const leaf of leaves) record.entry(leaf);
        const named = record.timeline.positionsAt(instantMs);
        const positions = await positionsAsOf(read, { instantMs });

        const { [ledgerSource]: inLedger, ...sources } = Object.fromEntries(positions);
        expect(sources).toEqual(Object.fromEntries(named));
        // All that is named is in the ledger's beginning, and its last entry is one of those.
        const has = (source: string, upTo: number) => leaves.slice(0, upTo).filter((leaf) => sourceOf(leaf) === source).length;
        for (const [source, position] of named) expect(has(source, inLedger!)).toBeGreaterThanOrEqual(position);
        if (inLedger! > 0) expect([...named].some(([source, position]) => has(source, inLedger! - 1) < position)).toBe(true);

        for (const { source, open } of Object.values(models)) {
          const until = positions.get(source) ?? 0;
          const own = leaves.filter((leaf) => source === ledgerSource || sourceOf(leaf) === source).slice(0, until);
          expect(await rebuild(await open(inMemoryReadModelStore()), [{ ...sourceIn(read, source), until }])).toBe(await followedTo(source, own));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('as of a number of leaves are those, whoever wrote them', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(40), async (list, count) => {
        const { leaves, read } = ledgerOf(list);
        if (count > leaves.length) {
          await expect(positionsAsOf(read, { leaves: count })).rejects.toThrow(LedgerTooShort);
          return;
        }
        const positions = await positionsAsOf(read, { leaves: count });
        expect([...positions].filter(([source]) => source !== ledgerSource).reduce((sum, [, position]) => sum + position, 0)).toBe(count);
        expect(positions.get(ledgerSource)).toBe(count);
      }),
      { numRuns: 60 },
    );
  });

  it('are read a page at a time, each entry once for whoever goes on from where they were', async () => {
    const { read } = ledgerOf(Array.from({ length: 25 }, (_, index) => ({ by: index % 2 ? 'consent/0' : 'identity/0', after: 0 }) as const));
    const source = sourceIn(read, 'consent/0');
    expect([(await source.read(0, 5)).length, (await source.read(5, 5)).length, (await source.read(10, 5)).length, (await source.read(12, 5)).length]).toEqual([5, 5, 2, 0]);
    await expect(source.read(3, 5)).rejects.toThrow('forward only');
  });

  it('say so when they end before what audit saw', async () => {
    const { leaves } = ledgerOf([{ by: 'consent/0', after: 1 }, { by: 'consent/0', after: 1 }, { by: 'seen', after: 1 }]);
    const cut = async function* () { yield* leaves.slice(1); };
    await expect(positionsAsOf(cut, { instantMs: 5000 })).rejects.toThrow('consent/0@2');
  });

  it('are as of an instant that no two readers take for two, or of a number of leaves', () => {
    expect(parseAsOf('2026-11-24T10:00:00Z')).toEqual({ instantMs: Date.UTC(2026, 10, 24, 10) });
    expect(parseAsOf('2026-11-24T11:00:00.5+01:00')).toEqual({ instantMs: Date.UTC(2026, 10, 24, 10, 0, 0, 500) });
    expect(parseAsOf('609')).toEqual({ leaves: 609 });
    for (const text of ['', '2026-11-24', '24/11/2026', '2026-11-24T10:00:00', 'now', '-1', '1e9', '2026-13-24T10:00:00Z']) expect(parseAsOf(text), text).toBeUndefined();
  });
});
