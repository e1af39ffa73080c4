import { setImmediate as letOthersRun } from 'node:timers/promises';
import { ownerOfDetails } from '../details/citizen-details.js';
import { dayMs } from '../domain/utc-day.js';
import type { IdentityParts } from '../identity.parts.js';
import { citizenOrNone } from '../stored-state.js';

const recordsAtATime = 500;

type SweepParts = Pick<IdentityParts, 'log' | 'vault' | 'keyRing'>;

export interface Swept {
  readonly values: number;
  readonly keys: number;
}

/**
 * Removes what a registration left that never became an event: its number was taken, or the process died. The log is
 * asked, never a read model that may be behind. No registration takes a day, so what has no event by then gets none.
 */
export async function sweepUnnamedValues(parts: SweepParts, nowMs: number): Promise<Swept> {
  const values = await sweepValues(parts, nowMs - dayMs);
  const keys = await sweepKeys(parts, nowMs - dayMs);
  return { values, keys };
}

async function sweepValues({ log, vault }: SweepParts, putBeforeMs: number): Promise<number> {
  let swept = 0;
  for (let after: string | undefined; ; ) {
    const ids = await vault.list(putBeforeMs, after, recordsAtATime);
    const unnamed: string[] = [];
    for (const id of ids) {
      const owner = ownerOfDetails(id);
      // An id of another form is not of our making, and not ours to judge.
      if (owner && (await citizenOrNone(log, owner)).state.detailsId !== id) unnamed.push(id);
    }
    if (unnamed.length > 0) await vault.delete(unnamed);
    swept += unnamed.length;
    await letOthersRun();
    after = ids.at(-1);
    if (after === undefined || ids.length < recordsAtATime) return swept;
  }
}

/** Only keys whose registration was never seen to succeed are looked at: a handful, not every citizen's. */
async function sweepKeys({ log, keyRing: { records } }: SweepParts, addedBeforeMs: number): Promise<number> {
  let swept = 0;
  for (;;) {
    const citizenIds = await records.unnamed(addedBeforeMs, recordsAtATime);
    if (citizenIds.length === 0) return swept;
    const named: string[] = [];
    const unnamed: string[] = [];
    for (const citizenId of citizenIds) {
      const { state } = await citizenOrNone(log, citizenId);
      (state.status === 'none' ? unnamed : named).push(citizenId);
    }
    await records.markNamed(named);
    if (unnamed.length > 0) await records.remove(unnamed);
    swept += unnamed.length;
  }
}
