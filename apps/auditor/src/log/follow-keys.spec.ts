import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cosigner, emptyRoot, formatAddCheckpoint, formatReceipt, keyChangePath, leafHash, LogKeys, parseAddCheckpoint, parseNote, parsePolicy, proveConsistency, proveInclusion, signCheckpoint, subtreeRootsFrom } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { checkedReceipt } from '../receipt/receipt.js';
import { readState } from '../saved-state.js';
import { verify } from '../verify/verify.js';
import { Monitor } from '../watch/monitor.js';
import { Witness } from '../witness/witness.js';
import { keysByProofs } from './follow-keys.js';
import { key, origin, RotatedLog, signer, vkey } from './rotated-log.spec-kit.js';

let log: RotatedLog;
let folder: string;
beforeEach(async () => {
  log = new RotatedLog();
  folder = await mkdtemp(join(tmpdir(), 'tillid-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

const proofPath = (number: number) => keyChangePath(key(number).keyId);
const hidden = (number: number) => log.files.delete(proofPath(number));
async function looked(number: number, previousCheckpoint?: string, entries = true) {
  const verdict = await verify(log.openedBy(number), { entries, ...(previousCheckpoint !== undefined && { previousCheckpoint }) });
  return { ...verdict, found: [...verdict.log.findings, ...(verdict.record?.findings ?? [])].map((finding) => `${finding.code}${'detail' in finding ? ` ${finding.detail}` : ''}`) };
}

describe('whoever knows one key of a log, and looks at it', () => {
  it('is led to the newest, from the first, from the middle or from the last', async () => {
    for (const change of [0, 1, 2]) (await log.takesKey(change, change + 1)).grows(40, change + 1);
    for (const number of [0, 1, 2, 3]) {
      const verdict = await looked(number);
      expect(verdict.found).toEqual([]);
      expect(verdict.holds).toBe(true);
      expect(verdict.log.keys.map(({ nextVkey }) => nextVkey)).toEqual([1, 2, 3].slice(number).map(vkey));
    }
  });

  it('finds a key that was not announced, as ever', async () => {
    log.grows(3, 9);
    expect((await looked(0)).found).toEqual(['checkpoint.refused note.unknown_signer']);
    // Nor is it enough to put a proof of another log's there, or one of nothing.
    log.files.set(proofPath(0), Buffer.from('nothing'));
    expect((await looked(0)).found).toEqual(['checkpoint.refused note.unknown_signer', 'key.refused receipt.wrong_version']);
  });

  it('finds an announcement that the old key did not sign, in the proof and in the log', async () => {
    const entry = log.announcement(0, 9, 8);
    log.appends([entry], [0, 9]);
    log.files.set(proofPath(0), Buffer.from(await log.proofOf(entry)));
    log.grows(3, 9);
    expect((await looked(0)).found).toEqual(['checkpoint.refused note.unknown_signer', 'key.refused key_change.not_signed']);
    expect((await looked(9)).found).toEqual(['log_key.not_signed']);
  });

  it('finds a tree that only the old key signed, though the next is named in it, also where that is kept from them', async () => {
    (await log.takesKey(0, 1)).grows(3, 0);
    expect((await looked(0)).found).toEqual(['checkpoint.refused key.replaced']);
    hidden(0);
    expect((await looked(0)).found).toEqual([expect.stringMatching(/^key\.not_in_force .* did not sign it$/)]);
    // Without the entries there is nothing to tell it by: the tree is the same, and nobody is shown another.
    expect((await looked(0, undefined, false)).holds).toBe(true);
  });

  it('finds a second announcement by one key', async () => {
    (await log.takesKey(0, 1)).appends([log.announcement(0, 9)], [1]);
    for (const number of [0, 1]) expect((await looked(number)).found).toEqual(['log_key.rival']);
  });

  it('finds a tree that does not have the announcement, whatever its proof says', async () => {
    const rival = await new RotatedLog().grows(5, 0).takesKey(0, 1);
    log.grows(9, 1);
    log.files.set(proofPath(0), rival.files.get(proofPath(0))!);
    expect((await looked(0)).found).toContain('checkpoint.forked the first 615 leaves are not those of the checkpoint seen before');
  });
});

describe('whoever kept a checkpoint', () => {
  it('goes on with it, with the key they have and with the one that signs now, as long as the log only grew', async () => {
    const young = (await looked(0)).log.kept!;
    (await log.takesKey(0, 1)).grows(40, 0, 1);
    const both = (await looked(0, young)).log.kept!;
    log.grows(40, 1);
    for (const kept of [young, both]) for (const number of [0, 1]) expect((await looked(number, kept)).found, `${number}`).toEqual([]);
    const newest = (await looked(1)).log.kept!;
    expect((await looked(0, newest)).holds).toBe(true);
    (await log.takesKey(1, 2)).grows(3, 2);
    for (const kept of [young, both, newest]) for (const number of [0, 1, 2]) expect((await looked(number, kept)).holds, `${number}`).toBe(true);
  });

  it('is not deceived by a thief of the old key, who extends the log for them and hides the new one', async () => {
    (await log.takesKey(0, 1)).grows(40, 0, 1);
    const { kept } = (await looked(0)).log;
    // Both signed the tree that was seen; what is kept of it is the word of the one in force.
    expect(parseNote(kept!).signatures.map(({ keyId }) => keyId)).toEqual([key(1).keyId]);
    log.grows(3, 0);
    expect((await looked(0, kept, false)).found).toEqual(['checkpoint.refused key.replaced']);
    hidden(0);
    await expect(looked(0, kept, false)).rejects.toThrow(CouldNotLook);
    await expect(looked(0, kept)).rejects.toThrow("the state is no checkpoint of this log's key");
  });

  it('of another log, or of a key that leads nowhere, is told that nothing was looked at', async () => {
    await log.takesKey(0, 1);
    const foreign = signCheckpoint({ origin, size: 3, root: emptyRoot }, [signer(7)]);
    await expect(looked(1, foreign)).rejects.toThrow('note.unknown_signer');
  });
});

describe('a monitor', () => {
  const monitor = (number: number, previousCheckpoint?: string) => Monitor.open(log.openedBy(number), { entries: true, previousCheckpoint, patienceMs: 0, staleAfterMs: 0, tilesAgain: 16 });
  const alarms = async (watching: Monitor) => (await watching.look()).alarms.map(({ code, detail }) => `${code} ${detail}`);

  it('follows the key while it watches, and from what it kept', async () => {
    const watching = await monitor(0);
    expect(await alarms(watching)).toEqual([]);
    await log.takesKey(0, 1);
    const { checkpoint: kept, holds } = await watching.look();
    expect(holds).toBe(true);
    log.grows(3, 1);
    expect(await alarms(watching)).toEqual([]);
    // It missed the time when both signed.
    await log.takesKey(1, 2);
    log.grows(3, 2);
    expect(await alarms(watching)).toEqual([]);
    for (const number of [0, 1, 2]) expect(await alarms(await monitor(number, kept)), `${number}`).toEqual([]);
  });

  it('alarms when the old key signs on alone, when a key was not announced, and when it was named in another tree', async () => {
    const watching = await monitor(0);
    await log.takesKey(0, 1);
    expect(await alarms(watching)).toEqual([]);
    log.grows(3, 0);
    hidden(0);
    expect(await alarms(watching)).toEqual(['checkpoint.refused key.replaced']);
    log.isSignedBy(9);
    expect(await alarms(watching)).toEqual(['checkpoint.refused note.unknown_signer']);

    const rival = await new RotatedLog().grows(5, 0).takesKey(0, 1);
    log = new RotatedLog().grows(9, 1);
    log.files.set(proofPath(0), rival.files.get(proofPath(0))!);
    const look = await (await monitor(0)).look();
    expect(look.alarms).toMatchObject([{ code: 'checkpoint.forked', where: proofPath(0) }]);
    expect(look.alarms[0]!.evidence).toHaveLength(2);
  });

  it('alarms when an entry names a key that did not sign, though the proof is kept from it', async () => {
    (await log.takesKey(0, 1)).grows(3, 0);
    hidden(0);
    expect(await alarms(await monitor(0))).toEqual([expect.stringMatching(/^key\.not_in_force/)]);
  });
});

describe('a witness', () => {
  const cosigning = () => cosigner('witness.example/one', Buffer.alloc(32, 3), () => 1_700_000_000);
  async function witness(...keys: readonly LogKeys[]): Promise<Witness> {
    const opened = new Witness(folder, cosigning(), keys);
    await opened.open();
    return opened;
  }
  const asked = async (of: Witness, oldSize: number) => (await of.add(parseAddCheckpoint(Buffer.from(formatAddCheckpoint({ oldSize, proof: await proveConsistency(oldSize, log.size, subtreeRootsFrom(log, log.size)), checkpoint: log.checkpoint }))))).kind;
  const handed = async (...proofs: readonly number[]) => {
    const paths = proofs.map((number) => join(folder, `proof-${number}`));
    for (const [index, number] of proofs.entries()) await writeFile(paths[index]!, log.files.get(proofPath(number))!);
    return keysByProofs([key(0)], paths);
  };

  it('that was handed the proof goes on where it was, and lets the old key alone sign no more', async () => {
    expect(await asked(await witness(new LogKeys(key(0))), 0)).toBe('cosigned');
    const first = log.size;
    await log.takesKey(0, 1);
    const of = await witness(...(await handed(0)));
    expect(await asked(of, first)).toBe('cosigned');
    // Both are kept, so that a monitor that knows either can read it.
    const { text } = (await readState(join(folder, `${createHash('sha256').update(origin).digest('hex')}.checkpoint`)))!;
    expect(parseNote(text).signatures.map(({ keyId }) => keyId)).toEqual([key(0).keyId, key(1).keyId, cosigning().keyId]);
    const both = log.size;
    log.grows(3, 0);
    expect(await asked(of, both)).toBe('not_signed');
    log.isSignedBy(1);
    expect(await asked(of, both)).toBe('cosigned');
    // Started again it reads what it kept under either.
    expect(await asked(await witness(...(await handed(0))), log.size)).toBe('cosigned');
  });

  it('that knows the old key alone goes on while both sign, and refuses after', async () => {
    const of = await witness(new LogKeys(key(0)));
    await log.takesKey(0, 1);
    expect(await asked(of, 0)).toBe('cosigned');
    const both = log.size;
    log.grows(3, 1);
    expect(await asked(of, both)).toBe('not_signed');
  });

  it('does not start with a proof of something else', async () => {
    await writeFile(join(folder, 'proof'), 'nothing');
    await expect(keysByProofs([key(0)], [join(folder, 'proof')])).rejects.toThrow(CouldNotLook);
    await expect(keysByProofs([key(0)], [join(folder, 'not-there')])).rejects.toThrow(CouldNotLook);
  });
});

describe('a receipt', () => {
  const policy = (...numbers: readonly number[]) => parsePolicy(`${numbers.map((number) => `log ${vkey(number)}\n`).join('')}quorum none\n`);
  const entry = Buffer.from('an entry');
  const receipt = async () => {
    const index = log.size - 1;
    return Buffer.from(formatReceipt({ index, path: await proveInclusion(index, log.size, subtreeRootsFrom(log, log.size)), checkpoint: log.checkpoint }));
  };
  const wrong = (given: Uint8Array, numbers: readonly number[], keys?: readonly LogKeys[]) => checkedReceipt(given, leafHash(entry), policy(...numbers), keys).wrong;

  it('is under the key of its time: the old one for ever, either while both signed, and the new one after', async () => {
    log.appends([entry], [0]);
    const before = await receipt();
    await log.takesKey(0, 1);
    log.appends([entry], [0, 1]);
    const both = await receipt();
    log.appends([entry], [1]);
    const after = await receipt();
    expect([wrong(before, [0]), wrong(both, [0]), wrong(after, [0])]).toEqual([undefined, undefined, 'note.unknown_signer']);
    expect([wrong(before, [1]), wrong(both, [1]), wrong(after, [1])]).toEqual(['note.unknown_signer', undefined, undefined]);
    // A policy that names both, as tlog-policy allows.
    for (const given of [before, both, after]) expect(wrong(given, [0, 1])).toBeUndefined();
  });

  it('may be checked with the old key and the proof of the next, offline; the old key alone is then no word for later trees', async () => {
    await log.takesKey(0, 1);
    const proof = join(folder, 'proof');
    await writeFile(proof, log.files.get(proofPath(0))!);
    const keys = await keysByProofs([key(0)], [proof]);
    log.appends([entry], [1]);
    const after = await receipt();
    expect(wrong(after, [0], keys)).toBeUndefined();
    log.isSignedBy(0);
    expect(wrong(await receipt(), [0], keys)).toBe('key.replaced');
    // Who was not handed the proof cannot know: from then on a policy should name the new key, or a quorum of witnesses.
    expect(wrong(await receipt(), [0])).toBeUndefined();
  });
});
