import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RepeatingTask } from './repeating-task.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const dayMs = 86_400_000;

describe('work that comes round again', () => {
  it('is done at start: a service that is restarted every day does its daily work', async () => {
    let runs = 0;
    const task = new RepeatingTask(dayMs, async () => void runs++, () => undefined);
    task.start();
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(dayMs);
    expect(runs).toBe(2);
    await task.stop();
    await vi.advanceTimersByTimeAsync(dayMs);
    expect(runs).toBe(2);
  });

  it('is tried again at its next turn when it failed, and the failure is told', async () => {
    const told: unknown[] = [];
    let runs = 0;
    const fails = async () => {
      if (++runs === 1) throw new Error('the disk is full');
    };
    const task = new RepeatingTask(1000, fails, (error) => told.push(error));
    task.start();
    await vi.advanceTimersByTimeAsync(1000);
    expect({ runs, told }).toEqual({ runs: 2, told: [new Error('the disk is full')] });
    await task.stop();
  });

  it('is told that the service stops, and is waited for; then done once more where that is asked', async () => {
    const done: string[] = [];
    const untilStopped = (stopping: AbortSignal) =>
      new Promise<void>((resolve) => {
        const finish = (): void => {
          done.push('finished');
          resolve();
        };
        if (stopping.aborted) finish();
        else stopping.addEventListener('abort', finish);
      });
    const task = new RepeatingTask(1000, untilStopped, () => undefined, true);
    task.start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(done).toEqual([]);
    await task.stop();
    expect(done).toEqual(['finished', 'finished']);
  });
});
