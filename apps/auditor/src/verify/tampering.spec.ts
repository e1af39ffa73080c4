import { execFileSync } from 'node:child_process';
import { copyFile, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { bundlePath, encodeEntries, parseBundle } from '@tillid/transparency';
import { openLog } from '../log/open-log.js';
import { LogOnDisk, logOf, workingDay } from '../record.spec-kit.js';
import { verdictText } from './verdict-text.js';
import { verify, type Verdict } from './verify.js';

const { leaves } = workingDay();
let original: LogOnDisk;
let copy: LogOnDisk;
beforeAll(async () => void (original = await LogOnDisk.write(logOf(leaves))));
afterAll(() => original.remove());
beforeEach(async () => void (copy = await original.copy()));
afterEach(() => copy.remove());

async function verdictOn(log: LogOnDisk, options: { entries?: boolean; previousCheckpoint?: string } = {}): Promise<Verdict> {
  return verify(await openLog({ log: log.log, vkey: log.vkey, data: '/nowhere', entries: true }), { entries: true, ...options });
}
const codesOf = ({ log, record }: Verdict): string[] => [...new Set([...log.findings, ...(record?.findings ?? [])].map(({ code }) => code))];
const checkpointOf = async (log: LogOnDisk): Promise<string> => readFile(join(log.log, 'checkpoint'), 'utf8');

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
}

describe('an untouched log', () => {
  it('holds, every source under its signed heads', async () => {
    const verdict = await verdictOn(copy);
    expect(verdict.holds).toBe(true);
    expect(verdict.log).toMatchObject({ entriesChecked: true, bundlesChecked: 3, head: { size: 609 } });
    expect(verdict.record!.sources.map(({ source, position, confirmedPosition }) => [source, position, confirmedPosition])).toEqual([
      ['audit/0', 7, 6], ['consent/0', 401, 401], ['identity/0', 201, 201],
    ]);
  });
  it('holds without its entries too, and says they were not looked at', async () => {
    await flip(join(copy.log, bundlePath(0)), 100);
    const verdict = await verdictOn(copy, { entries: false });
    expect(verdict).toMatchObject({ holds: true, log: { entriesChecked: false, bundlesChecked: 0 } });
    expect(verdict.record).toBeUndefined();
  });
});

describe('a file that was touched', () => {
  it('is found at its first, middle and last byte, whichever file it is, stale partial tiles included', async () => {
    const files = (await readdir(copy.log, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.some((path) => path.endsWith('.p/44'))).toBe(true);
    for (const path of files) {
      const { length } = await readFile(path);
      for (const at of [0, length >> 1, length - 1]) {
        await flip(path, at);
        expect((await verdictOn(copy)).holds, `${path} at ${at}`).toBe(false);
        await flip(path, at);
      }
    }
    expect((await verdictOn(copy)).holds).toBe(true);
  });
  it('is found at any byte and any bit', async () => {
    const files = (await readdir(copy.log, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    await fc.assert(fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 0, max: 7 }), async (path, place, bit) => {
      const before = await readFile(path);
      const touched = Buffer.from(before);
      touched[place % touched.length]! ^= 1 << bit;
      await writeFile(path, touched);
      const { holds } = await verdictOn(copy);
      await writeFile(path, before);
      expect(holds).toBe(false);
    }), { numRuns: 60 });
  });
  it.each(['checkpoint', 'tile/0/000', 'tile/entries/000'])('is found when it is cut short or gone: %s', async (path) => {
    await truncate(join(copy.log, path), 40);
    expect((await verdictOn(copy)).holds).toBe(false);
    await rm(join(copy.log, path));
    expect((await verdictOn(copy)).holds).toBe(false);
  });
  it('is found when it does not belong there', async () => {
    await writeFile(join(copy.log, 'notes.txt'), 'x');
    expect(codesOf(await verdictOn(copy))).toEqual(['file.unexpected']);
  });
  it('is found when it is larger than anything in a log, or no file at all', async () => {
    const change = async (path: string, spoil: (file: string) => unknown) => {
      const file = join(copy.log, path);
      await spoil(file);
      expect((await verdictOn(copy)).holds, path).toBe(false);
      await rm(file);
      await copyFile(join(original.log, path), file);
    };
    for (const path of ['checkpoint', 'tile/entries/000', 'tile/0/001.p/44']) await change(path, (file) => truncate(file, 2 ** 40));
    for (const path of ['checkpoint', 'tile/0/000']) {
      await change(path, async (file) => (await rm(file), execFileSync('mkfifo', [file])));
      await change(path, async (file) => (await rm(file), await symlink(file, file)));
    }
  });
  it('is named without its control characters, which could write a verdict of their own', async () => {
    await writeFile(join(copy.log, 'x\n\x1b[2JHOLDS\u2028'), 'x');
    const lines = verdictText(await verdictOn(copy), 'nothing').split('\n');
    expect(lines.slice(-3)).toEqual(['WRONG: 1 found', '  file.unexpected  x\\u{a}\\u{1b}[2JHOLDS\\u{2028}  no file of a log has this name', '']);
  });
  it('is found when a tile stands in the place of another', async () => {
    await rename(join(copy.log, 'tile/0/000'), join(copy.log, 'tile/0/kept'));
    await rename(join(copy.log, 'tile/0/001'), join(copy.log, 'tile/0/000'));
    await rename(join(copy.log, 'tile/0/kept'), join(copy.log, 'tile/0/001'));
    expect(codesOf(await verdictOn(copy))).toContain('tile.mismatch');
  });
});

describe('entries changed behind the hashes', () => {
  it.each<[string, (entries: Uint8Array[]) => Uint8Array[]]>([
    ['removed', (entries) => entries.toSpliced(20, 1)],
    ['swapped', (entries) => entries.with(20, entries[21]!).with(21, entries[20]!)],
    ['repeated', (entries) => entries.with(21, entries[20]!)],
    ['truncated', (entries) => entries.with(20, entries[20]!.subarray(0, 30))],
    ['added', (entries) => entries.toSpliced(20, 0, entries[3]!)],
  ])('one %s is found', async (_, change) => {
    const path = join(copy.log, bundlePath(0));
    await writeFile(path, encodeEntries(change(parseBundle(await readFile(path), 256))));
    const verdict = await verdictOn(copy);
    expect(codesOf(verdict).some((code) => code === 'entry.mismatch' || code === 'bundle.malformed')).toBe(true);
    expect(verdict.record).toBeUndefined();
  });
});

describe('an operator who holds the log\'s key and signs another history', () => {
  /** It and the one after it are of consent, and both under a signed head. Across sources no order is signed. */
  const at = 51;
  it.each<[string, readonly Uint8Array[]]>([
    ['leaves an entry out', leaves.toSpliced(at, 1)],
    ['leaves out the last one that a head covers', leaves.toSpliced(-3, 1)],
    ['swaps two entries of a source', leaves.with(at, leaves[at + 1]!).with(at + 1, leaves[at]!)],
    ['repeats an entry', leaves.toSpliced(at, 0, leaves[at]!)],
    ['shortens an entry', leaves.with(at, leaves[at]!.subarray(0, leaves[at]!.length - 4))],
  ])('%s: every hash holds, and the sources\' own signatures do not', async (_, rewritten) => {
    const forged = await LogOnDisk.write(logOf(rewritten));
    const verdict = await verdictOn(forged);
    expect(verdict.log.holds).toBe(true);
    expect(verdict.holds).toBe(false);
    expect(codesOf(verdict).length).toBeGreaterThan(0);
    await forged.remove();
  });
  it('is found to have forked, or shrunk, by whoever kept a checkpoint', async () => {
    const previousCheckpoint = await checkpointOf(original);
    const fork = await LogOnDisk.write(logOf([...leaves.toSpliced(at, 1), ...leaves.slice(0, 5)]));
    expect(codesOf(await verdictOn(fork, { entries: false, previousCheckpoint }))).toEqual(['checkpoint.forked']);
    await fork.remove();
    const shrunk = await LogOnDisk.write(logOf(leaves.slice(0, 500)));
    expect(codesOf(await verdictOn(shrunk, { entries: false, previousCheckpoint }))).toEqual(['checkpoint.shrunk']);
    await shrunk.remove();
  });
  it('is believed by whoever kept a checkpoint as long as the tree only grows', async () => {
    const young = await LogOnDisk.write(logOf(leaves.slice(0, 123), undefined, []));
    expect((await verdictOn(copy, { previousCheckpoint: await checkpointOf(young) })).holds).toBe(true);
    await young.remove();
  });
});

it('a log signed by another key is refused', async () => {
  const other = await LogOnDisk.write(logOf(leaves, Buffer.alloc(32, 8)));
  expect(codesOf(await verdictOn(other))).toEqual(['checkpoint.refused']);
  await other.remove();
});
