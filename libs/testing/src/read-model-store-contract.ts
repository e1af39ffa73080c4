import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareIndexValues, readModel, type Checkpoint, type ReadModelRow, type ReadModelStore, type ReadModelTable } from '@tillid/eventsourcing';
import type { Made, Make } from './made.js';

export interface Visit {
  readonly id: string;
  readonly citizen: string;
  readonly atMs: number;
}

/** The model of the suite, also in a version 2: an adapter that makes collections beforehand makes these. */
export const visits = readModel<Visit>({
  name: 'visits',
  version: 1,
  key: (visit) => visit.id,
  indexes: { byCitizen: (visit) => [visit.citizen, visit.atMs, visit.id], byId: (visit) => [visit.id] },
});

const checkpointAt = (position: number): Checkpoint => ({ position, chain: new Uint8Array(32).fill(position), key: new Uint8Array(32), headTimeMs: position * 1_000 });

export function readModelStoreContract(name: string, make: Make<ReadModelStore>): void {
  describe(`${name}: a read model store`, () => {
    let made: Made<ReadModelStore>;
    let table: ReadModelTable<Visit>;
    beforeEach(async () => {
      made = await make();
      table = await made.store.open(visits);
    });
    afterEach(() => made.remove());

    /** As a projection does it: loads first. */
    const write = async (position: number, rows: readonly (readonly [string, Visit | null])[], source = 'consent/0', checkpoint = position) => {
      const stored = await table.load(rows.map(([key]) => key));
      return table.write({ projection: 'visits', source, checkpoint: checkpointAt(checkpoint), rows: rows.map(([key, document]) => ({ key, document, position, loaded: stored.get(key)?.positions ?? {} })) });
    };
    const visit = (id: string, citizen = 'anna', atMs = 1): Visit => ({ id, citizen, atMs });

    it('gives documents back by key, and none that is not there', async () => {
      await write(1, [['1', visit('1')], ['2', visit('2')]]);
      expect(await table.get('1')).toEqual(visit('1'));
      expect(await table.get('3')).toBeUndefined();
      expect([...(await table.getMany(['2', '3']))]).toEqual([['2', visit('2')]]);
    });
    it('shares no object with whoever wrote it', async () => {
      const document = { ...visit('1') };
      await write(1, [['1', document]]);
      Object.assign(document, { citizen: 'bo' });
      expect((await table.get('1'))!.citizen).toBe('anna');
    });
    it('refuses a document that JSON would change, and writes nothing of the batch', async () => {
      const dated = { ...visit('2'), at: new Date(0) };
      await expect(write(1, [['1', visit('1')], ['2', dated]])).rejects.toThrow(TypeError);
      expect(await table.get('1')).toBeUndefined();
      expect(await made.store.checkpoint('visits', 'consent/0')).toBeUndefined();
    });

    describe('told of a position', () => {
      it('keeps the newest document of a source, however late an old one comes', async () => {
        await write(5, [['1', visit('1', 'new')]]);
        await write(5, [['1', visit('1', 'again')]]);
        await write(4, [['1', visit('1', 'old')]]);
        expect((await table.get('1'))!.citizen).toBe('new');
        expect((await table.load(['1'])).get('1')!.positions).toEqual({ 'consent/0': 5 });
      });
      it('keeps a position per source', async () => {
        await write(5, [['1', visit('1', 'a')]]);
        await write(2, [['1', visit('1', 'b')]], 'identity/0');
        expect((await table.load(['1'])).get('1')).toEqual({ document: visit('1', 'b'), positions: { 'consent/0': 5, 'identity/0': 2 } });
      });
      it('moves the checkpoint with the documents, and never back', async () => {
        expect(await made.store.checkpoint('visits', 'consent/0')).toBeUndefined();
        await write(7, [['1', visit('1')]]);
        await write(3, []);
        const checkpoint = await made.store.checkpoint('visits', 'consent/0');
        expect(checkpoint).toMatchObject({ position: 7, headTimeMs: 7_000 });
        expect([...checkpoint!.chain]).toEqual([...checkpointAt(7).chain]);
        expect(await made.store.checkpoint('visits', 'identity/0')).toBeUndefined();
      });
      it('keeps checkpoints of consumers that have no documents; a newer head at the same position counts', async () => {
        await made.store.saveCheckpoint('reaction', 'identity/0', checkpointAt(4));
        await made.store.saveCheckpoint('reaction', 'identity/0', { ...checkpointAt(4), headTimeMs: 9_999 });
        await made.store.saveCheckpoint('reaction', 'identity/0', checkpointAt(2));
        expect(await made.store.checkpoint('reaction', 'identity/0')).toMatchObject({ position: 4, headTimeMs: 9_999 });
      });
    });

    describe('told by a writer that has not seen what another wrote since', () => {
      const late = (rows: readonly ReadModelRow<Visit>[], source = 'consent/0', position = 9) =>
        table.write({ projection: 'visits', source, checkpoint: checkpointAt(position), rows });
      const row = (key: string, document: Visit | null, position: number, loaded: Readonly<Record<string, number>>) => ({ key, document, position, loaded });

      it('keeps what the other source wrote, says so, and leaves the checkpoint where it was', async () => {
        await write(5, [['1', visit('1', 'as loaded')]]);
        await write(2, [['1', visit('1', 'by identity')]], 'identity/0');
        expect(await late([row('1', visit('1', 'stale'), 9, { 'consent/0': 5 })])).toBe(false);
        expect((await table.load(['1'])).get('1')).toEqual({ document: visit('1', 'by identity'), positions: { 'consent/0': 5, 'identity/0': 2 } });
        expect((await made.store.checkpoint('visits', 'consent/0'))!.position).toBe(5);
        expect(await late([row('1', visit('1', 'loaded again'), 9, { 'identity/0': 2, 'consent/0': 5 })])).toBe(true);
        expect((await table.get('1'))!.citizen).toBe('loaded again');
      });
      it('does the same where the document was not there, and where it is gone', async () => {
        await write(2, [['1', visit('1', 'by identity')], ['2', null]], 'identity/0');
        expect(await late([row('1', visit('1', 'stale'), 9, {})])).toBe(false);
        expect(await late([row('2', visit('2', 'stale'), 9, {})])).toBe(false);
        expect(await late([row('3', visit('3', 'stale'), 9, { 'identity/0': 1 })])).toBe(false);
        expect([(await table.get('1'))!.citizen, await table.get('2'), await table.get('3')]).toEqual(['by identity', undefined, undefined]);
      });
      it('moves on where another process has written the very same, whoever was first', async () => {
        await write(9, [['1', visit('1', 'first')]]);
        expect(await late([row('1', visit('1', 'first'), 9, {}), row('2', visit('2'), 9, {})])).toBe(true);
        expect(await late([row('1', visit('1', 'older'), 4, { 'consent/0': 3 })])).toBe(true);
        expect([(await table.get('1'))!.citizen, (await table.get('2'))!.citizen]).toEqual(['first', 'anna']);
      });
      it('lets two race for a document, and loses neither\'s event', async () => {
        for (let round = 1; round <= 20; round++) {
          const loaded = (await table.load(['1'])).get('1')?.positions ?? {};
          const written = await Promise.all(['consent/0', 'identity/0'].map((source) => late([row('1', visit('1', source, round), round, loaded)], source, round)));
          expect(written.filter(Boolean)).toHaveLength(1);
          const first = written[0] ? 'consent/0' : 'identity/0';
          expect((await table.load(['1'])).get('1')).toEqual({ document: visit('1', first, round), positions: { ...loaded, [first]: round } });
          await write(round, [['1', visit('1', 'both', round)]], written[0] ? 'identity/0' : 'consent/0');
        }
      });
    });

    describe('told to delete', () => {
      it('leaves a tombstone that stops an older event, until it is swept', async () => {
        await write(1, [['1', visit('1')]]);
        await write(3, [['1', null]], 'consent/0', 2);
        expect(await table.get('1')).toBeUndefined();
        expect((await table.load(['1'])).get('1')).toEqual({ document: null, positions: { 'consent/0': 3 } });
        expect((await table.page({ index: 'byId', limit: 10 })).documents).toEqual([]);
        expect(await table.sweep('visits')).toBe(0);
        await write(2, [['1', visit('1')]]);
        expect(await table.get('1')).toBeUndefined();
        await write(3, []);
        expect(await table.sweep('visits')).toBe(1);
        expect((await table.load(['1'])).size).toBe(0);
      });
      it('sweeps a tombstone only when every source has passed it', async () => {
        await write(9, [['1', null]]);
        await write(2, [['1', null]], 'identity/0', 1);
        expect(await table.sweep('visits')).toBe(0);
        await write(2, [], 'identity/0');
        expect(await table.sweep('visits')).toBe(1);
      });
    });

    describe('asked for pages', () => {
      it('pages one citizen\'s documents in order, either way, each once', async () => {
        await write(1, Array.from({ length: 25 }, (_, index) => {
          const id = `v${String(index).padStart(2, '0')}`;
          return [id, visit(id, index % 2 ? 'anna' : 'annabel', 100 - index)] as const;
        }));
        for (const descending of [false, true]) {
          const seen: Visit[] = [];
          let after: readonly (string | number)[] | undefined;
          do {
            const page = await table.page({ index: 'byCitizen', equals: ['anna'], limit: 5, descending, ...(after && { after }) });
            seen.push(...page.documents);
            after = page.next;
          } while (after);
          const times = seen.map(({ atMs }) => atMs);
          expect(times).toEqual(Array.from({ length: 12 }, (_, index) => (descending ? 99 - 2 * index : 77 + 2 * index)));
        }
      });
      it('says there is a next page only when there is', async () => {
        await write(1, [['1', visit('1')], ['2', visit('2')]]);
        expect((await table.page({ index: 'byId', limit: 2 })).next).toBeUndefined();
        expect((await table.page({ index: 'byId', limit: 1 })).next).toEqual(['1']);
      });
      it('finds a document by its whole index value, and nothing outside `equals` whatever the cursor says', async () => {
        await write(1, [['1', visit('1', 'anna', 5)], ['2', visit('2', 'bo', 5)], ['3', visit('3', 'cecilie', 5)]]);
        for (const descending of [false, true]) {
          const idsOf = async (equals: readonly (string | number)[], after?: readonly (string | number)[]) =>
            (await table.page({ index: 'byCitizen', equals, limit: 9, descending, ...(after && { after }) })).documents.map(({ id }) => id);
          expect(await idsOf(['bo', 5, '2'])).toEqual(['2']);
          expect(await idsOf(['bo'], descending ? ['cecilie', 9, '9'] : ['anna', 0, '0'])).toEqual(['2']);
          expect(await idsOf(['bo'], descending ? ['anna', 0, '0'] : ['cecilie', 9, '9'])).toEqual([]);
        }
      });
      it('follows a document to its new place', async () => {
        await write(1, [['1', visit('1', 'anna')]]);
        await write(2, [['1', visit('1', 'bo')]]);
        expect((await table.page({ index: 'byCitizen', equals: ['anna'], limit: 9 })).documents).toEqual([]);
        expect((await table.page({ index: 'byCitizen', equals: ['bo'], limit: 9 })).documents).toHaveLength(1);
      });
      it('orders any values as the declaration says: numbers by size, strings by their UTF-8 bytes', async () => {
        const citizens = fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.constantFrom('', 'a', 'a\0', 'a\0b', 'aa', 'å', '\u{1F511}', '\uFFFD'));
        const times = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -3, max: 3 }));
        await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.tuple(citizens, times), { maxLength: 12, selector: (pair) => pair.join('\n') }), fc.boolean(), async (pairs, descending) => {
          await table.clear('visits');
          const documents = pairs.map(([citizen, atMs], index) => visit(`${index}`, citizen, atMs));
          await write(1, documents.map((document) => [document.id, document] as const));
          const values = (list: readonly Visit[]) => list.map((document) => visits.indexes['byCitizen']!(document));
          const order = (left: readonly (string | number)[], right: readonly (string | number)[]) => compareIndexValues(left, right) * (descending ? -1 : 1);
          const first = await table.page({ index: 'byCitizen', limit: 5, descending });
          const rest = first.next ? await table.page({ index: 'byCitizen', limit: 100, descending, after: first.next }) : { documents: [] };
          expect(values([...first.documents, ...rest.documents])).toEqual(values(documents).sort(order));
        }), { numRuns: 60 });
      });
    });

    describe('asked for its digest', () => {
      it('gives the same for the same documents, whatever the order, positions and tombstones', async () => {
        await write(1, [['1', visit('1')], ['2', visit('2')], ['3', null]]);
        const digest = await table.digest();
        await table.clear('visits');
        expect(await table.digest()).not.toBe(digest);
        await write(8, [['2', { atMs: 1, citizen: 'anna', id: '2' }]], 'identity/0');
        await write(9, [['1', visit('1')]]);
        expect(await table.digest()).toBe(digest);
        await write(10, [['1', visit('1', 'bo')]]);
        expect(await table.digest()).not.toBe(digest);
      });
      it('forgets checkpoints of the cleared projection only', async () => {
        await write(1, [['1', visit('1')]]);
        await made.store.saveCheckpoint('visits-and-more', 'consent/0', checkpointAt(4));
        await table.clear('visits');
        expect(await made.store.checkpoint('visits', 'consent/0')).toBeUndefined();
        expect(await made.store.checkpoint('visits-and-more', 'consent/0')).toMatchObject({ position: 4 });
      });
    });

    describe('asked for a snapshot', () => {
      it('gives the digest of the documents there are, and where the projection stood', async () => {
        await write(1, [['1', visit('1')], ['2', visit('2')], ['3', null]]);
        await write(4, [['2', visit('2', 'bo')]], 'identity/0', 6);
        expect(await table.snapshot('visits', ['consent/0', 'identity/0', 'audit/0'])).toEqual({ digest: await table.digest(), documents: 2, positions: { 'consent/0': 1, 'identity/0': 6, 'audit/0': 0 } });
      });
      it('never gives documents of another position than it says, however much is written meanwhile', async () => {
        const digestAt = new Map<number, string>();
        const step = async (position: number) => void (await write(position, [['a', visit('a', `${position}`)], [`b${position}`, visit(`b${position}`)], ['z', position % 2 === 0 ? null : visit('z', `${position}`)]]));
        for (let position = 1; position <= 20; position++) {
          await step(position);
          digestAt.set(position, await table.digest());
        }
        await table.clear('visits');
        await step(1);
        const looks: Promise<Awaited<ReturnType<typeof table.snapshot>>>[] = [];
        for (let position = 2; position <= 20; position++) {
          looks.push(table.snapshot('visits', ['consent/0']));
          await step(position);
        }
        const found = (await Promise.all([...looks, table.snapshot('visits', ['consent/0'])])).filter((look) => look !== undefined);
        expect(found.length).toBeGreaterThan(0);
        expect(found.map(({ digest }) => digest)).toEqual(found.map(({ positions }) => digestAt.get(positions['consent/0']!)));
      });
    });

    it('keeps the versions of a model apart', async () => {
      const next = await made.store.open({ ...visits, version: 2 });
      await write(1, [['1', visit('1')]]);
      expect(await next.get('1')).toBeUndefined();
    });
    it('opens a model again with what it held', async () => {
      await write(1, [['1', visit('1')]]);
      expect(await (await made.store.open(visits)).get('1')).toEqual(visit('1'));
    });
  });
}
