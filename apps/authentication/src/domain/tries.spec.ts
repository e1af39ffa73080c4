import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownDevice, knownDevicesMax, noTries, type Pool, takeTry, unknownDevices } from './tries.js';

/** Guesses at every instant given, always wrong; how many were let through. */
function guesses(pool: Pool, instants: Iterable<number>): number {
  let tries = noTries;
  let through = 0;
  for (const nowMs of instants) {
    const turn = takeTry(pool, tries, nowMs);
    if (!turn.allowed) continue;
    tries = turn.tries;
    through += 1;
  }
  return through;
}

describe('guessing at a key', () => {
  it('never gets more than a hundred wrong tries in a row, whatever the pace', () => {
    expect(unknownDevices.most + (knownDevicesMax + 1) * knownDevice.most).toBeLessThanOrEqual(100);
    fc.assert(
      fc.property(fc.array(fc.nat(3_600_000), { maxLength: 300 }), (pauses) => {
        let nowMs = 1_000_000;
        expect(guesses(unknownDevices, pauses.map((pause) => (nowMs += pause)))).toBeLessThanOrEqual(unknownDevices.most);
      }),
    );
  });
  it('is slow at full rate: a minute of it is ten tries', () => {
    const everyMillisecond = Array.from({ length: 60_000 }, (_, index) => 1_000_000 + index);
    expect(guesses(unknownDevices, everyMillisecond)).toBeLessThanOrEqual(11);
  });
  it('says how long to wait, and then lets through', () => {
    const tries = { failures: 6, lastAtMs: 1000 };
    expect(takeTry(unknownDevices, tries, 1500)).toEqual({ allowed: false, retryAfterMs: 1500 });
    expect(takeTry(unknownDevices, tries, 3000)).toMatchObject({ allowed: true });
  });
});
