import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosigner, cosignerVkeyOf, formatReceipt, InMemoryLog, leafHash, noteSigner, openNote, parseVkey, proveInclusion, signNote, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../bin/tillid-auditor.mjs');
const origin = 'log.example/one';
const seed = Buffer.alloc(32, 3);
const witnesses = ['one', 'two', 'three'].map((name, index) => ({ name: `${name}.example`, seed: Buffer.alloc(32, 50 + index) }));
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-receipt-'));
  const log = new InMemoryLog(noteSigner(origin, seed));
  log.append(Array.from({ length: 300 }, (_, index) => Buffer.from(`share-${index}`)));
  const { text } = openNote(log.files.get('checkpoint')!, [parseVkey(vkeyOf(origin, seed))]);
  const path = await proveInclusion(42, 300, subtreeRootsFrom(log, 300));
  const receiptBy = (count: number) => formatReceipt({ index: 42, path, checkpoint: signNote(text, [noteSigner(origin, seed), ...witnesses.slice(0, count).map((witness) => cosigner(witness.name, witness.seed, () => 1_700_000_000))]) });
  const policy = (quorum: string) => `log ${vkeyOf(origin, seed)}\n${witnesses.map(({ name, seed: key }, index) => `witness W${index + 1} ${cosignerVkeyOf(name, key)}\n`).join('')}group two 2 W1 W2 W3\nquorum ${quorum}\n`;
  await Promise.all([
    writeFile(at('seen-by-two'), receiptBy(2)), writeFile(at('seen-by-one'), receiptBy(1)), writeFile(at('changed'), receiptBy(2).replace('index 42', 'index 43')), writeFile(at('cut'), receiptBy(2).slice(0, -40)),
    writeFile(at('entry'), 'share-42'), writeFile(at('other-entry'), 'share-43'),
    writeFile(at('policy'), policy('two')), writeFile(at('no-witness'), policy('none')), writeFile(at('no-policy'), policy('four')),
    writeFile(at('other-log'), policy('two').replace(vkeyOf(origin, seed), vkeyOf(origin, Buffer.alloc(32, 4)))),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

function receipt(file: string, entry: string, policy: string, ...more: string[]): Promise<{ code: number | null; out: string }> {
  return run(file, '--entry', at(entry), '--policy', at(policy), ...more);
}

async function run(file: string, ...options: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [program, 'receipt', at(file), ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}

describe('tillid-auditor receipt', () => {
  it('holds years later with nothing but the entry and a policy, and says who saw it and when', async () => {
    const { code, out } = await receipt('seen-by-two', 'entry', 'policy');
    expect([code, out]).toEqual([0, `entry    leaf 42 of ${origin}, in its tree of 300\nwitness  W1 at 2023-11-14T22:13:20.000Z\nwitness  W2 at 2023-11-14T22:13:20.000Z\nHOLDS\n`]);
    expect(JSON.parse((await receipt('seen-by-two', 'entry', 'policy', '--json')).out)).toMatchObject({ holds: true, leafIndex: 42, size: 300, witnesses: [{ witness: 'W1' }, { witness: 'W2' }] });
  });
  it('says when nobody but the operator vouches for it', async () => {
    expect((await receipt('seen-by-one', 'entry', 'no-witness')).out).toContain('HOLDS');
  });
  it('does with the hash of the entry alone, and no other', async () => {
    const byHash = (hash: string, ...more: string[]) => run('seen-by-two', '--leaf-hash', hash, '--policy', at('policy'), ...more);
    const hash = leafHash(Buffer.from('share-42')).toString('hex');
    expect((await byHash(hash)).out).toContain('HOLDS');
    expect((await byHash(leafHash(Buffer.from('share-43')).toString('hex'))).out).toBe('WRONG: proof.not_included\n');
    expect([(await byHash(hash.slice(1))).code, (await byHash(hash, '--entry', at('entry'))).code, (await run('seen-by-two', '--policy', at('policy'))).code]).toEqual([2, 2, 2]);
  });
  it.each([
    ['another entry', 'seen-by-two', 'other-entry', 'policy', 'proof.not_included'],
    ['another place', 'changed', 'entry', 'policy', 'proof.not_included'],
    ['too few witnesses', 'seen-by-one', 'entry', 'policy', 'policy.no_quorum'],
    ['a receipt cut short', 'cut', 'entry', 'policy', 'note.no_signature'],
    ['something that is no receipt', 'entry', 'entry', 'policy', 'receipt.wrong_version'],
    ['a log the policy does not know', 'seen-by-two', 'entry', 'other-log', 'policy.unknown_log'],
  ])('exits 1 at %s', async (_, file, entry, policy, wrong) => {
    const { code, out } = await receipt(file, entry, policy, '--json');
    expect([code, JSON.parse(out)]).toEqual([1, { holds: false, wrong }]);
  });
  it.each([
    ['a receipt that is not there', 'nowhere', 'entry', 'policy'],
    ['an entry that is not there', 'seen-by-two', 'nowhere', 'policy'],
    ['a policy that is none', 'seen-by-two', 'entry', 'no-policy'],
  ])('exits 2 at %s: nothing is said about the log', async (_, file, entry, policy) => expect((await receipt(file, entry, policy)).code).toBe(2));
});
