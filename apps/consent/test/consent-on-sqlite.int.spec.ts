import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { sqliteStores } from '@tillid/service';
import { openStores } from '../src/consent.stores.js';
import { consentTown, text, usedBefore, type ConsentTown } from './consent-town.js';
import { raceWithdrawals } from './race-withdrawals.js';

let folder: string;
let town: ConsentTown;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-consent-'));
  town = await consentTown(await openStores(sqliteStores(folder)));
  await town.agree('egebaek', 'identity');
});
afterEach(async () => {
  await town.stop();
  await rm(folder, { recursive: true });
});

const authorize = (shareId: string) => town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'egebaek' });

describe('consent on SQLite', () => {
  it('never authorises a share after the withdrawal: a thousand races', async () => {
    const { after, before, refused, withdrawn } = await raceWithdrawals(town, 1000);
    expect({ after, withdrawn, answered: before + refused }).toEqual({ after: 0, withdrawn: 1000, answered: 1000 });
    expect(before).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('keeps a cap under fifty who ask at once', async () => {
    const { consentId } = await town.consenting('identity', { sharesPerDay: 3 });
    const shareIds: string[] = [];
    for (let count = 0; count < 50; count++) shareIds.push(await town.share(consentId));
    const answers = await Promise.allSettled(shareIds.map(authorize));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await town.events()).filter(({ event }) => event.type === 'ShareAuthorized')).toHaveLength(3);
  });

  it('answers as quickly on a consent with ten thousand uses as on one with ten', async () => {
    const fresh = await town.consenting('identity');
    const old = await town.consenting('identity');
    const use = async (consentId: string): Promise<number> => {
      const startedMs = performance.now();
      await authorize(await town.share(consentId));
      const tookMs = performance.now() - startedMs;
      town.clock.ms += 1_000;
      return tookMs;
    };
    for (let count = 0; count < 10; count++) await use(fresh.consentId);
    await usedBefore(town, old, 10_000);
    town.clock.ms += 60_000;
    // Turn by turn, so that what else the machine does hits both.
    const tookMs = { fresh: [] as number[], old: [] as number[] };
    for (let turn = 0; turn < 100; turn++) {
      tookMs.fresh.push(await use(fresh.consentId));
      tookMs.old.push(await use(old.consentId));
    }
    expect(median(tookMs.old)).toBeLessThan(2 * median(tookMs.fresh));
  });

  it('has in its files neither the text nor, where it could be joined, the citizen', async () => {
    const { citizenId, subject } = await town.consenting('identity');
    const log = await bytesOf('log.sqlite');
    expect(log.includes(subject)).toBe(true);
    expect(log.includes(citizenId)).toBe(false);
    for (const file of await readdir(folder)) expect((await readFile(join(folder, file))).includes(text.slice(0, 20)), file).toBe(false);
  });
});

/** The file and what its journal still holds. */
async function bytesOf(name: string): Promise<Buffer> {
  const files = (await readdir(folder)).filter((file) => file.startsWith(name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}
