import { describe, expect, it } from 'vitest';
import type { EventStore } from '@tillid/eventsourcing';
import { commitTo, plain, readEverything } from './commits.js';

/** Part of the event store's contract: values held unique across the service. */
export function reservationContract(storeOf: () => EventStore): void {
  describe('holding values unique', () => {
    const reserve = (stream: string, ...values: string[]) => storeOf().append(commitTo(stream, 0, ['takes'], { reserve: values }));
    const release = (stream: string, value: string, generation: number) =>
      storeOf().append(commitTo(stream, 0, ['frees'], { release: [{ value, generation }] }));

    it('gives a value to one holder', async () => {
      expect(plain(await reserve('a', 'number:1'))).toMatchObject({ kind: 'appended', generations: [1] });
      expect(await reserve('b', 'number:1')).toEqual({ kind: 'reserved', value: 'number:1' });
      expect(await storeOf().lastRevision('b')).toBe(0);
    });
    it('gives a value to one of many who ask at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 64 }, (_, index) => reserve(`citizen-${index}`, 'number:1')));
      expect(outcomes.filter((outcome) => outcome.kind === 'appended')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome.kind === 'reserved')).toHaveLength(63);
    });
    it('takes all the values of a commit or none', async () => {
      await reserve('a', 'number:2');
      expect(await reserve('b', 'number:1', 'number:2')).toEqual({ kind: 'reserved', value: 'number:2' });
      expect(plain(await reserve('c', 'number:1'))).toMatchObject({ generations: [1] });
    });
    it('counts a generation up each time a value is taken again', async () => {
      for (let generation = 1; generation <= 12; generation++) {
        expect(plain(await reserve(`taker-${generation}`, 'number:1'))).toMatchObject({ generations: [generation] });
        expect(plain(await release(`giver-${generation}`, 'number:1', generation))).toMatchObject({ kind: 'appended' });
      }
    });
    it('does not let a stale release free the next holder', async () => {
      await reserve('a', 'number:1');
      await release('b', 'number:1', 1);
      await reserve('c', 'number:1');
      expect(await release('d', 'number:1', 1)).toEqual({ kind: 'not_held', value: 'number:1', generation: 1 });
      expect(await reserve('e', 'number:1')).toEqual({ kind: 'reserved', value: 'number:1' });
    });
    it.each([1, 2])('refuses to release what nobody ever held (generation %i)', async (generation) => {
      expect(await release('a', 'number:1', generation)).toEqual({ kind: 'not_held', value: 'number:1', generation });
    });
    it('refuses a generation that has not come yet', async () => {
      await reserve('a', 'number:1');
      expect(await release('b', 'number:1', 2)).toEqual({ kind: 'not_held', value: 'number:1', generation: 2 });
    });
    it('releases once, also when two ask at once', async () => {
      await reserve('a', 'number:1');
      const outcomes = await Promise.all([release('b', 'number:1', 1), release('c', 'number:1', 1)]);
      expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['appended', 'not_held']);
    });
    it('frees and takes in one commit, with other values', async () => {
      await reserve('a', 'user:old');
      const renamed = await storeOf().append(commitTo('a', 1, ['renamed'], { reserve: ['user:new'], release: [{ value: 'user:old', generation: 1 }] }));
      expect(plain(renamed)).toMatchObject({ generations: [1] });
      expect(plain(await reserve('b', 'user:old'))).toMatchObject({ generations: [2] });
    });
    it('keeps values free when the commit that wanted them conflicts', async () => {
      await reserve('a', 'x');
      expect(await storeOf().append(commitTo('a', 0, ['stale'], { reserve: ['y'] }))).toMatchObject({ kind: 'conflict' });
      expect(plain(await reserve('b', 'y'))).toMatchObject({ generations: [1] });
      expect(await readEverything(storeOf())).toHaveLength(2);
    });
  });
}
