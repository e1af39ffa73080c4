import { setTimeout as pause } from 'node:timers/promises';

/** Looks until it is so; fails with the name of what did not come. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  const lastMs = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > lastMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await pause(50);
  }
}
