import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import {
  citizenOwner, clientOwner, emptyChain, everyoneOwner, nextChain, nextChainOver, ownLogMapKey, ownLogMapValue, rebuild,
  type LogOwner, type ReadModelStore, type SourceEvent,
} from '@tillid/eventsourcing';
import { inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { checkMapProof, emptyMapRoot, leafHash } from '@tillid/transparency';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ledgerSource } from '../domain/audit.events.js';
import { ownLogConsumer, type OwnLogConsumer } from './own-log.consumer.js';
import { countUnlinked } from './unlinked.js';
import { OwnLogMap } from './own-log-map.js';

/** Who did something to whom: enough to make an entry of. */
type Act = { readonly kind: 'link' | 'atClient'; readonly citizen: number; readonly client: number } | { readonly kind: 'own'; readonly citizen: number } | { readonly kind: 'replay' | 'nobody' };

const pseudonymOf = (citizen: number, client: number) => `p-${citizen}-${client}`;

function entryOf(act: Act, position: number): Uint8Array {
  const fields = { id: Buffer.alloc(16, position), salt: Buffer.alloc(16, position), source: 'consent/0', stream: `s-${position}`, revision: 1, schemaRevision: 1 };
  const at = (event: Partial<Event>) => Event.encode(Event.fromPartial({ ...fields, ...event })).finish();
  switch (act.kind) {
    case 'link': {
      const citizenId = `c-${act.citizen}`;
      const data = SubjectLinked.encode(SubjectLinked.fromPartial({ citizenId, clientId: `k-${act.client}`, pseudonym: pseudonymOf(act.citizen, act.client) })).finish();
      return at({ type: 'tillid.authentication.v1.SubjectLinked', subject: citizenId, data: Buffer.from(data) });
    }
    case 'atClient':
      return at({ type: 'tillid.consent.v1.ShareAuthorized', subject: pseudonymOf(act.citizen, act.client), clientId: `k-${act.client}` });
    case 'own':
      return at({ type: 'tillid.identity.v1.CitizenRead', subject: `c-${act.citizen}` });
    case 'replay':
      return at({ type: 'tillid.audit.v1.LogReplayed' });
    case 'nobody':
      return at({ type: 'tillid.audit.v1.HeadsSeen' });
  }
}

const person = fc.nat({ max: 2 });
const acts = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('link' as const, 'atClient' as const), citizen: person, client: fc.nat({ max: 1 }) }),
    fc.record({ kind: fc.constant('own' as const), citizen: person }),
    fc.record({ kind: fc.constantFrom('replay' as const, 'nobody' as const) }),
  ),
  { maxLength: 40 },
);
const ledgerOf = (all: readonly Act[]) => all.map((act, index) => entryOf(act, index + 1));

/** Said once more, as plainly as it can be: for each owner the leaf indexes of its lines, in order. */
function linesByHand(all: readonly Act[]): ReadonlyMap<LogOwner, readonly number[]> {
  const lines = new Map<LogOwner, number[]>();
  const add = (owner: LogOwner, leafIndex: number) => void lines.set(owner, [...(lines.get(owner) ?? []), leafIndex]);
  const linked = new Set<string>();
  const waiting = new Map<string, number[]>();
  all.forEach((act, leafIndex) => {
    if (act.kind === 'replay') add(everyoneOwner, leafIndex);
    if (act.kind === 'own' || act.kind === 'link') add(citizenOwner(`c-${act.citizen}`), leafIndex);
    if (act.kind !== 'atClient' && act.kind !== 'link') return;
    const pseudonym = pseudonymOf(act.citizen, act.client);
    if (act.kind === 'atClient') {
      add(clientOwner(`k-${act.client}`), leafIndex);
      if (linked.has(pseudonym)) add(citizenOwner(`c-${act.citizen}`), leafIndex);
      else waiting.set(pseudonym, [...(waiting.get(pseudonym) ?? []), leafIndex]);
    } else if (!linked.has(pseudonym)) {
      linked.add(pseudonym);
      for (const earlier of waiting.get(pseudonym) ?? []) add(citizenOwner(`c-${act.citizen}`), earlier);
    }
  });
  return lines;
}

function sourceEvents(bytes: readonly Uint8Array[], from = 0): SourceEvent[] {
  let chain: Uint8Array = emptyChain;
  return bytes.map((each, index) => ({ position: index + 1, bytes: each, chain: (chain = nextChain(chain, each)) })).slice(from);
}

async function feed(consumer: OwnLogConsumer, bytes: readonly Uint8Array[], from: number, to: number): Promise<void> {
  const events = sourceEvents(bytes.slice(0, to), from);
  const last = events.at(-1);
  if (last) await consumer.apply(ledgerSource, events, { position: last.position, chain: last.chain, key: Buffer.alloc(0), headTimeMs: 0 });
}

async function linesIn({ lines }: OwnLogConsumer, owner: LogOwner) {
  return (await lines.page({ index: 'byOwner', equals: [owner], limit: 1000 })).documents;
}

describe("everyone's own log", () => {
  it('has a line for each event that is theirs, by whatever name, numbered without a hole, and a chain over them', async () => {
    await fc.assert(fc.asyncProperty(acts, fc.integer({ min: 1, max: 9 }), async (all, batch) => {
      const bytes = ledgerOf(all);
      const consumer = await ownLogConsumer(inMemoryReadModelStore());
      for (let from = 0; from < bytes.length; from += batch) await feed(consumer, bytes, from, from + batch);
      const expected = linesByHand(all);
      for (const owner of [everyoneOwner, ...[0, 1, 2].map((id) => citizenOwner(`c-${id}`)), ...[0, 1].map((id) => clientOwner(`k-${id}`))]) {
        const lines = await linesIn(consumer, owner);
        expect(lines.map(({ leafIndex }) => leafIndex)).toEqual(expected.get(owner) ?? []);
        expect(lines.map(({ number }) => number)).toEqual(lines.map((_line, index) => index + 1));
        let chain: Uint8Array = emptyChain;
        for (const line of lines) {
          expect(line.leafHash).toBe(leafHash(bytes[line.leafIndex]!).toString('base64'));
          chain = nextChainOver(chain, Buffer.from(line.leafHash, 'base64'));
          expect(line.chain).toBe(Buffer.from(chain).toString('base64'));
        }
      }
    }));
  });

  it('is the same to the bit when built again, and when audit died between any two of its writes', async () => {
    await fc.assert(fc.asyncProperty(acts, fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), fc.nat(), async (all, cuts, seed) => {
      const bytes = ledgerOf(all);
      const whole = await ownLogConsumer(inMemoryReadModelStore());
      await feed(whole, bytes, 0, bytes.length);
      const store = inMemoryReadModelStore();
      for (const [index, cut] of cuts.entries()) {
        let writes = seed + index;
        const torn = await ownLogConsumer(tearing(store, (rows) => ((writes += 1) % 3 === 0 ? rows.filter((_row, at) => (writes + at) % 2 === 0) : undefined)));
        const { position } = await torn.standing(ledgerSource);
        if (cut > position) await feed(torn, bytes, position, Math.min(cut, bytes.length)).catch(died);
      }
      const mended = await ownLogConsumer(store);
      await feed(mended, bytes, (await mended.standing(ledgerSource)).position, bytes.length);
      expect(await mended.table.digest()).toBe(await whole.table.digest());
      expect(await rebuild(mended, [{ source: ledgerSource, read: async (after, limit) => bytes.slice(after, after + limit).map((each) => ({ bytes: each })) }])).toBe(await whole.table.digest());
    }));
  });

  it('counts what waits for its link: a pseudonym that nobody links stands in no citizen\'s log', async () => {
    const bytes = ledgerOf([{ kind: 'atClient', citizen: 0, client: 0 }, { kind: 'atClient', citizen: 0, client: 0 }, { kind: 'atClient', citizen: 1, client: 0 }, { kind: 'own', citizen: 0 }, { kind: 'link', citizen: 0, client: 0 }]);
    const consumer = await ownLogConsumer(inMemoryReadModelStore());
    await feed(consumer, bytes, 0, 4);
    expect(await countUnlinked(consumer.table)).toBe(3);
    await feed(consumer, bytes, 4, 5);
    expect(await countUnlinked(consumer.table)).toBe(1);
  });

  it('gives a log-in the number it got, when the link it waited for was stored and the head was not', async () => {
    const bytes = ledgerOf([{ kind: 'atClient', citizen: 0, client: 0 }, { kind: 'own', citizen: 0 }, { kind: 'link', citizen: 0, client: 0 }]);
    for (const kept of ['link ', 'unowned ', 'log ', 'nothing']) {
      const store = inMemoryReadModelStore();
      await feed(await ownLogConsumer(tearing(store, (rows) => (rows.some(({ key }) => key.startsWith('log ')) ? rows.filter(({ key }) => key.startsWith(kept)) : undefined))), bytes, 0, 3).catch(died);
      const mended = await ownLogConsumer(store);
      await feed(mended, bytes, 0, 3);
      expect((await linesIn(mended, citizenOwner('c-0'))).map(({ leafIndex }) => leafIndex)).toEqual([1, 2, 0]);
      expect((await mended.table.load(['log citizen/c-0'])).get('log citizen/c-0')?.document).toMatchObject({ number: 3 });
    }
  });
});

describe('the map of all heads', () => {
  it('is that of the position asked for, however far the logs have come since, and proves each head', async () => {
    await fc.assert(fc.asyncProperty(acts, fc.nat({ max: 40 }), fc.nat({ max: 40 }), async (all, one, other) => {
      const bytes = ledgerOf(all);
      const [early, late] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)];
      const ahead = await ownLogConsumer(inMemoryReadModelStore());
      await feed(ahead, bytes, 0, bytes.length);
      const map = new OwnLogMap({ logs: ahead.table, lines: ahead.lines });
      for (const position of [early, late]) {
        const then = await ownLogConsumer(inMemoryReadModelStore());
        await feed(then, bytes, 0, position);
        const alone = new OwnLogMap({ logs: then.table, lines: then.lines });
        await map.advanceTo(position);
        await alone.advanceTo(position);
        expect(map.root).toEqual(alone.root);
        for (const owner of [everyoneOwner, citizenOwner('c-0'), clientOwner('k-1'), citizenOwner('nobody')]) {
          const { head, proof, root } = await map.headOf(owner);
          const lines = await linesIn(then, owner);
          expect(head?.number ?? 0).toBe(lines.length);
          checkMapProof(root, ownLogMapKey(owner), head && ownLogMapValue(head), proof);
          expect(() => checkMapProof(root, ownLogMapKey(owner), ownLogMapValue({ number: lines.length + 1, chain: emptyChain }), proof)).toThrow(/^proof\./);
        }
      }
    }), { numRuns: 40 });
  });

  it('is empty before anyone has a line', async () => {
    const consumer = await ownLogConsumer(inMemoryReadModelStore());
    const map = new OwnLogMap({ logs: consumer.table, lines: consumer.lines });
    await map.advanceTo(5);
    expect(map.root).toEqual(emptyMapRoot);
  });
});

class Died extends Error {}
function died(error: unknown): void {
  if (!(error instanceof Died)) throw error;
}

/** A store of which some rows are written and the process dies, as MongoDB's unordered writes leave it. */
function tearing(store: ReadModelStore, left: (rows: readonly { readonly key: string }[]) => readonly { readonly key: string }[] | undefined): ReadModelStore {
  return {
    ...store,
    async open(model) {
      const table = await store.open(model);
      return {
        ...table,
        async write(batch) {
          const kept = left(batch.rows);
          if (kept === undefined) return table.write(batch);
          // Without its checkpoint: that comes last.
          const before = (await store.checkpoint(batch.projection, batch.source)) ?? { position: 0, chain: emptyChain, key: Buffer.alloc(0), headTimeMs: 0 };
          await table.write({ ...batch, rows: batch.rows.filter((row) => kept.includes(row)), checkpoint: before });
          throw new Died();
        },
      };
    },
  };
}
