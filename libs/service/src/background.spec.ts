import { ProgressBook, startingPoint, type CompareAndSetRecord, type Consumer } from '@tillid/eventsourcing';
import { inMemoryCompareAndSetRecord } from '@tillid/eventsourcing/in-memory';
import { silentLogger } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { atWorkInTurn, type Leases } from './background.js';
import type { Worker } from './service-parts.js';

const source = 'identity/0';

/** The database that replicas share: leases, and how far the projection is. */
function sharedStores() {
  const records = new Map<string, CompareAndSetRecord>();
  const record = async (name: string): Promise<CompareAndSetRecord> => {
    records.set(name, records.get(name) ?? inMemoryCompareAndSetRecord());
    return records.get(name)!;
  };
  return { record, position: 0 };
}

function replica(shared: ReturnType<typeof sharedStores>, holder: string) {
  const book = new ProgressBook();
  const diary: string[] = [];
  const heard: unknown[] = [];
  const consumer: Consumer = { name: 'citizens', standing: () => Promise.resolve({ ...startingPoint, position: shared.position }), apply: () => Promise.resolve({ unknownTypes: 0 }) };
  const worker = (name: string): Worker => ({ start: () => void diary.push(`${name} starts`), stop: async () => void diary.push(`${name} stops`) });
  const leases: Leases = { record: shared.record, holder, silentMs: 80, logger: silentLogger, onChange: () => undefined };
  const work = atWorkInTurn({ consumers: [{ source, consumer }], workers: () => [worker('follower'), worker('timer')], tell: () => `${holder} works`, hear: (told) => void heard.push(told) }, book, leases);
  return { ...work, book, diary, heard };
}

describe('work that one of several replicas does at a time', () => {
  it('passes to the next in good order, and what the first knew of it is known to the second', async () => {
    const shared = sharedStores();
    const [one, other] = [replica(shared, 'one'), replica(shared, 'other')];
    await one.start();
    await expect.poll(() => one.diary).toEqual(['follower starts', 'timer starts']);
    await other.start();
    Object.assign(one.book.line('citizens', source), { parked: true, parkedReason: 'event.cannot_be_read', headPosition: 9 });
    await expect.poll(() => other.book.list()).toMatchObject([{ parked: true, parkedReason: 'event.cannot_be_read', headPosition: 9 }]);
    expect(other.heard).toContain('one works');
    expect(other.diary).toEqual([]);

    await one.stop();
    expect(one.diary).toEqual(['follower starts', 'timer starts', 'timer stops', 'follower stops']);
    await expect.poll(() => other.diary).toEqual(['follower starts', 'timer starts']);
    await other.stop();
  });

  it('can be waited for at every replica', async () => {
    const shared = sharedStores();
    const [one, other] = [replica(shared, 'one'), replica(shared, 'other')];
    await one.start();
    await other.start();
    const waiting = other.book.waitFor('citizens', source, 5, AbortSignal.timeout(5_000));
    shared.position = 5;
    expect(await waiting).toBe(true);
    await other.stop();
    await one.stop();
  });
});
