import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosigner, InMemoryLog, LogKeys, noteSigner, openNote, parseCheckpoint, parseVkey, proveConsistency, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Witness } from '../src/witness/witness.js';

const origin = 'log.example/one';
const seed = Buffer.alloc(32, 3);
const key = parseVkey(vkeyOf(origin, seed));
const sizeMax = 6;
/** A log, and one that parts from it after its second leaf. */
const leavesOf = (branch: number, size: number) => Array.from({ length: size }, (_, leaf) => `${leaf < 2 ? 'both' : `branch ${branch}`}, leaf ${leaf}`);

async function request(branch: number, size: number, oldSize: number) {
  const log = new InMemoryLog(noteSigner(origin, seed));
  log.append(leavesOf(branch, size).map((leaf) => Buffer.from(leaf)));
  const proof = oldSize > size ? [] : await proveConsistency(oldSize, size, subtreeRootsFrom(log, size));
  return { oldSize, proof, checkpoint: Buffer.from(log.files.get('checkpoint')!).toString() };
}
const asking = fc.record({ branch: fc.nat({ max: 1 }), size: fc.integer({ min: 1, max: sizeMax }), oldSize: fc.nat({ max: sizeMax }) });

it('asked much at once and ended between, a witness never lets two logs have its word, and never says what it has not kept', async () => {
  let cosigned = 0;
  await fc.assert(fc.asyncProperty(fc.array(fc.array(asking, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }), async (lives) => {
    const folder = await mkdtemp(join(tmpdir(), 'tillid-witness-orders-'));
    try {
      const said: (readonly string[])[] = [];
      for (const questions of lives) {
        // Each life begins with what the one before left on the disk.
        const witness = new Witness(folder, cosigner('witness.example/one', Buffer.alloc(32, 9), () => 1), [new LogKeys(key)]);
        await witness.open();
        const answers = await Promise.all(questions.map(async ({ branch, size, oldSize }) => ({ leaves: leavesOf(branch, size), answer: await witness.add(await request(branch, size, oldSize)) })));
        said.push(...answers.filter(({ answer }) => answer.kind === 'cosigned').map(({ leaves }) => leaves));
      }
      cosigned += said.length;
      const byLength = said.toSorted((one, other) => one.length - other.length);
      for (const [index, leaves] of byLength.entries()) expect(byLength[index + 1]?.slice(0, leaves.length) ?? leaves).toEqual(leaves);
      if (byLength.length === 0) return;
      const kept = await readFile(join(folder, `${createHash('sha256').update(origin).digest('hex')}.checkpoint`), 'utf8');
      expect(parseCheckpoint(openNote(kept, [key]).text).size).toBe(byLength.at(-1)!.length);
    } finally {
      await rm(folder, { recursive: true });
    }
  }), { numRuns: 40 });
  expect(cosigned).toBeGreaterThan(20);
});
