import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inMemoryCompareAndSetRecord } from './in-memory/index.js';
import { lease, type LeaseParts, type Tenure } from './lease.js';
import type { CompareAndSetRecord } from './vault.js';

const silentMs = 80;

/** A replica that writes down when it works. */
function replica(record: CompareAndSetRecord, holder: string, more: Partial<LeaseParts> = {}) {
  const tenures: Tenure[] = [];
  const changes: string[] = [];
  let working = false;
  const held = lease(
    { record, holder, silentMs, monotonicMs: () => performance.now(), onChange: ({ kind, fence }) => void changes.push(`${kind} ${fence}`), ...more },
    async (tenure) => {
      tenures.push(tenure);
      working = true;
      await new Promise<void>((resolve) => tenure.signal.addEventListener('abort', () => resolve()));
      working = false;
    },
  );
  held.start();
  return { ...held, tenures, changes, working: () => working };
}

describe('a lease', () => {
  it('is held by one replica of two, and passed on at once by one that stops in good order', async () => {
    const record = inMemoryCompareAndSetRecord();
    const [one, other] = [replica(record, 'one'), replica(record, 'other')];
    await expect.poll(() => Number(one.working()) + Number(other.working())).toBe(1);
    const [holder, waiting] = one.working() ? [one, other] : [other, one];
    await pause(4 * silentMs);
    expect(waiting.working()).toBe(false);
    await holder.stop();
    expect(holder.changes).toEqual(['taken 1', 'released 1']);
    await expect.poll(() => waiting.working()).toBe(true);
    expect(waiting.tenures[0]!.fence).toBe(2);
    await waiting.stop();
  });

  it('is taken from a replica that died, once its number has not moved for long enough', async () => {
    const record = inMemoryCompareAndSetRecord();
    let dead = false;
    const died: CompareAndSetRecord = { ...record, compareAndSet: (version, value) => (dead ? new Promise(() => undefined) : record.compareAndSet(version, value)) };
    const one = replica(died, 'one');
    await expect.poll(() => one.working()).toBe(true);
    const other = replica(record, 'other');
    await pause(2 * silentMs);
    expect(other.working()).toBe(false);
    dead = true;
    await expect.poll(() => other.working()).toBe(true);
    expect(other.tenures[0]!.fence).toBe(2);
    // A store that does not answer is not believed in for ever: it gives up by itself.
    await expect.poll(() => one.working()).toBe(false);
    expect(one.changes).toEqual(['taken 1', 'lost 1']);
    dead = false;
    await other.stop();
    await expect.poll(() => one.tenures.map(({ fence }) => fence)).toEqual([1, 3]);
    await one.stop();
  });

  it('is lost by a replica that slept through its time, however surely it believed', async () => {
    const record = inMemoryCompareAndSetRecord();
    const one = replica(record, 'one');
    await expect.poll(() => one.working()).toBe(true);
    // As if another had taken it while this process was paused.
    for (let tries = 0; tries < 50; tries++) {
      const stored = await record.get();
      if (await record.compareAndSet(stored!.version, Buffer.from(JSON.stringify({ holder: 'other', fence: 2, note: '' })))) break;
    }
    await expect.poll(() => one.working()).toBe(false);
    expect(one.changes).toEqual(['taken 1', 'lost 1']);
    // Nobody moves the number: it is free again.
    await expect.poll(() => one.tenures.map(({ fence }) => fence)).toEqual([1, 3]);
    await one.stop();
  });

  it('survives an answer that was lost after the beat was stored', async () => {
    const record = inMemoryCompareAndSetRecord();
    let beats = 0;
    const troubles: unknown[] = [];
    const flaky: CompareAndSetRecord = {
      ...record,
      async compareAndSet(version, value) {
        const stored = await record.compareAndSet(version, value);
        if (++beats % 3 === 0) throw new Error('the connection was cut');
        return stored;
      },
    };
    const one = replica(flaky, 'one', { onTrouble: (error) => void troubles.push(error) });
    await expect.poll(() => troubles.length).toBeGreaterThanOrEqual(3);
    expect(one.working()).toBe(true);
    expect(one.changes).toEqual(['taken 1']);
    await one.stop();
  });

  it('carries what its holder has to say to those who wait', async () => {
    const record = inMemoryCompareAndSetRecord();
    let position = 0;
    const one = replica(record, 'one', { note: () => `position ${position}` });
    await expect.poll(() => one.working()).toBe(true);
    const heard: string[] = [];
    const other = replica(record, 'other', { onNote: (note) => void heard.push(note) });
    position = 17;
    await expect.poll(() => heard).toContain('position 17');
    await other.stop();
    await one.stop();
  });
});
