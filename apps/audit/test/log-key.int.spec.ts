import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSecrets, systemIds } from '@tillid/crypto';
import { hashOf, logKeysStream, openKeyChangeProof, RecordVerifier, type EventStore } from '@tillid/eventsourcing';
import { silentLogger } from '@tillid/runtime';
import { sqliteStores } from '@tillid/service';
import { cosigner, cosignerVkeyOf, formatSignature, keyChangePath, LogKeys, openNote, parseNote, parseVkey, verifyLog, type NoteVerifier } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStores, type AuditStores } from '../src/audit.stores.js';
import { auditSource, loggedEvents } from '../src/domain/audit.events.js';
import { LogFolder } from '../src/integrate/log-folder.js';
import { decodeTreeHead } from '../src/integrate/tree-head.js';
import { TreeLog, type IntegrationMoment } from '../src/integrate/tree-log.js';
import { SignedTree } from '../src/integrate/signed-tree.js';
import { TreeWatch } from '../src/integrate/tree-watch.js';
import { LogKeyRotation } from '../src/log-keys/rotate-log-key.js';
import { SigningKeys } from '../src/log-keys/signing-keys.js';
import { recover } from '../src/recover/recover.js';
import { CosignedTree } from '../src/witness/cosigned-tree.js';
import { readWitnessPolicy } from '../src/witness/witness-policy.js';

const origin = 'log.example/one';
const dayMs = 86_400_000;
let data: string;
let stores: AuditStores;
let nowMs: number;
let happened = 0;
const clock = { nowMs: () => nowMs };
const secrets = () => fileSecrets(join(data, 'secrets'));
const vkeyNow = async () => (await readFile(join(data, 'log.vkey'), 'utf8')).trim();
const seedCount = async () => (await secrets().read('log-signing.key'))!.length / 32;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tillid-log-key-'));
  stores = await openStores(sqliteStores(data));
  [nowMs, happened] = [Date.UTC(2026, 10, 25, 8), 0];
  // Audit's log begins with something, as every log does.
  await appendTo(stores.events, 'heads-seen', loggedEvents.encode({ type: 'HeadsSeen', timeMs: nowMs, heads: [] }, envelopeOf('heads-seen')));
});
afterEach(async () => {
  for (const store of [stores.readModels, stores.readings, stores.events, stores.ledger, stores.treeHead]) await store.close();
  await rm(data, { recursive: true });
});

function envelopeOf(stream: string) {
  return {
    id: systemIds.bytes(16), salt: systemIds.bytes(16), source: auditSource, stream, revision: 1, occurredAt: new Date(nowMs), subject: '', actor: { kind: 5, id: 'audit', onBehalfOf: '' }, clientId: '', correlationId: '',
    causationId: '', traceParent: Buffer.alloc(0), authority: undefined, outcome: { result: 1, reason: '' }, encrypted: Buffer.alloc(0), commandId: systemIds.bytes(16), commitIndex: 0, commitSize: 1,
  };
}
async function appendTo(store: EventStore, stream: string, bytes: Uint8Array): Promise<void> {
  const expectedRevision = await store.lastRevision(stream);
  expect((await store.append({ commandId: systemIds.bytes(16), fingerprint: hashOf(stream), writes: [{ stream, expectedRevision, events: [bytes] }] })).kind).toBe('appended');
}

/** Audit's signing parts, as a start of the service puts them together. */
async function started({ overlapMs = 30 * dayMs, at }: { readonly overlapMs?: number; readonly at?: (moment: IntegrationMoment) => void } = {}) {
  const { events, ledger, treeHead: record } = stores;
  const keys = await SigningKeys.open({ origin, source: auditSource, secrets: secrets(), ids: systemIds, events, ledger, clock, vkeyFile: join(data, 'log.vkey') });
  await keys.requirePublished();
  const tree = await TreeLog.open({ keys, ledger, record, clock, folder: await LogFolder.open(join(data, 'log')), ...(at && { at }) });
  const rotation = new LogKeyRotation({ keys, secrets: secrets(), log: { store: events, codec: loggedEvents, source: auditSource, clock, ids: systemIds }, signedTree: tree, overlapMs, logger: silentLogger });
  return {
    keys,
    tree,
    rotation,
    /** Another service writes, audit takes in what it and others wrote, and signs. */
    async goesOn(count = 1): Promise<void> {
      for (let done = 0; done < count; done++) await appendTo(ledger, 'consent/0', Buffer.from(`event ${(happened += 1)}`));
      const taken = await ledger.lastRevision(auditSource);
      for (const { bytes } of await events.readAll(taken, 1000)) await appendTo(ledger, auditSource, bytes);
      while (await tree.integrate());
    },
    /** All of it: a next key among the secrets, announced, in the signed tree. */
    async takesNextKey(): Promise<void> {
      expect(await rotation.renew(0)).toBe(true);
      expect(await rotation.look()).toBe('announced');
      await this.goesOn();
    },
  };
}

async function* pathsIn(folder: string, prefix = ''): AsyncGenerator<string> {
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* pathsIn(folder, `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}
/** What somebody finds who knows one key, and follows the proofs in the folder. */
async function verdict(vkey: string) {
  const folder = await LogFolder.open(join(data, 'log'));
  const trusted = parseVkey(vkey);
  let keys = new LogKeys(trusted);
  for (let proof = await folder.read(keyChangePath(trusted.keyId)); proof; proof = await folder.read(keyChangePath(keys.all.at(-1)!.keyId))) keys = new LogKeys(trusted, [...keys.steps, openKeyChangeProof(proof, 'key', { key: keys.all.at(-1)! })]);
  return verifyLog({ read: (path) => folder.read(path), list: () => pathsIn(join(data, 'log')) }, keys, { entries: true });
}
const signersOf = (checkpoint: string) => parseNote(checkpoint).signatures.map(({ keyId }) => keyId);
const idOf = (vkey: string) => parseVkey(vkey).keyId;
const isSignedBy = (checkpoint: string, verifier: NoteVerifier) => openNote(checkpoint, [verifier]);

describe("the log's key is replaced", () => {
  it('by a next one that the old one announces in the log: both sign for a time, then the new one alone, and the old one is destroyed', async () => {
    const audit = await started();
    await audit.goesOn(5);
    const old = await vkeyNow();
    const before = audit.tree.head;
    expect(signersOf(before.checkpoint)).toEqual([idOf(old)]);

    await audit.takesNextKey();
    const next = await vkeyNow();
    expect(next).not.toBe(old);
    expect(signersOf(audit.tree.head.checkpoint)).toEqual([idOf(old), idOf(next)]);
    expect(isSignedBy(audit.tree.head.checkpoint, parseVkey(old)).text).toContain(origin);
    // While two sign, there is no third, however often somebody looks.
    expect([await audit.rotation.renew(0), await audit.rotation.look()]).toEqual([false, undefined]);

    nowMs += 30 * dayMs;
    expect(await seedCount()).toBe(2);
    expect(await audit.rotation.look()).toBe('destroyed');
    expect(await seedCount()).toBe(1);
    await audit.goesOn(300);
    expect(signersOf(audit.tree.head.checkpoint)).toEqual([idOf(next)]);

    for (const vkey of [old, next]) expect(await verdict(vkey)).toMatchObject({ holds: true, findings: [] });
    const again = await started();
    await again.goesOn(3);
    expect(signersOf(again.tree.head.checkpoint)).toEqual([idOf(next)]);
    expect(await verdict(old)).toMatchObject({ holds: true, head: { size: again.tree.head.size } });
  });

  it('again and again, and the first key still leads to the last', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn(2);
    const first = await vkeyNow();
    for (let change = 0; change < 3; change++) {
      await audit.takesNextKey();
      await audit.goesOn();
      expect(signersOf(audit.tree.head.checkpoint)).toEqual([idOf(await vkeyNow())]);
      expect(await audit.rotation.look()).toBe('destroyed');
    }
    expect(await verdict(first)).toMatchObject({ holds: true, findings: [] });
    expect(audit.tree.head.keyChanges).toHaveLength(3);
    expect((await readdir(join(data, 'log/key'))).length).toBe(3);
  });

  it('when it is old enough, and not before', async () => {
    const { rotation } = await started();
    expect(await rotation.renew(dayMs)).toBe(false);
    nowMs += dayMs;
    expect(await rotation.renew(dayMs)).toBe(true);
    expect(await rotation.renew(dayMs)).toBe(false);
    expect([await rotation.look(), await rotation.look()]).toEqual(['announced', undefined]);
  });

  it('once, though two replicas look at the same time, and one that hears late signs alike', async () => {
    const [one, other] = [await started(), await started()];
    await one.goesOn();
    const old = await vkeyNow();
    expect((await Promise.all([one.rotation.renew(0), other.rotation.renew(0)])).filter(Boolean)).toHaveLength(1);
    expect((await Promise.all([one.rotation.look(), other.rotation.look()])).filter(Boolean)).toHaveLength(1);
    expect(await stores.events.lastRevision(logKeysStream)).toBe(1);
    // It knows of no second key when the entry comes to it.
    const late = await started();
    await late.goesOn();
    expect(signersOf(late.tree.head.checkpoint)).toHaveLength(2);
    expect(await verdict(old)).toMatchObject({ holds: true });
  });

  it('is learned from the record by a replica that does not sign', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn();
    const { events, ledger, treeHead: record } = stores;
    const keys = await SigningKeys.open({ origin, source: auditSource, secrets: secrets(), ids: systemIds, events, ledger, clock, vkeyFile: join(data, 'log.vkey') });
    const signedTree = new SignedTree();
    const watch = new TreeWatch({ record, ledger, keys, signedTree, clock, onTrouble: (error) => { throw error; } });
    await watch.start();
    await audit.takesNextKey();
    await audit.goesOn();
    expect(await signedTree.waitForSize(audit.tree.head.size, AbortSignal.timeout(10_000))).toBe(true);
    await watch.stop();
  });
});

describe('who asks witnesses', () => {
  const seed = Buffer.alloc(32, 9);
  const policyFile = async (...logs: readonly string[]) => {
    await writeFile(join(data, 'policy'), `${logs.map((vkey) => `log ${vkey}\n`).join('')}witness W1 ${cosignerVkeyOf('w.example', seed)} http://127.0.0.1:1\nquorum W1\n`);
    return join(data, 'policy');
  };
  const cosigned = (checkpoint: string) => {
    const witness = cosigner('w.example', seed, () => 1_700_000_000);
    return checkpoint + formatSignature({ ...witness, signature: witness.sign(Buffer.from(parseNote(checkpoint).text)) });
  };

  it('goes by the key of the time, and by a policy that names an earlier one', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn();
    const old = await vkeyNow();
    const policy = await readWitnessPolicy(await policyFile(old), () => audit.keys.verifiers);
    const tree = new CosignedTree(policy);
    await audit.takesNextKey();
    await audit.goesOn();
    const { size, checkpoint } = audit.tree.head;
    expect(signersOf(checkpoint)).not.toContain(idOf(old));
    tree.adopt({ witnesses: [], cosigned: { size, checkpoint: cosigned(checkpoint), atMs: nowMs } });
    expect(tree.cosigned).toMatchObject({ size });
    // And after a start without the old seed.
    expect(await audit.rotation.look()).toBe('destroyed');
    const again = await started();
    expect((await readWitnessPolicy(await policyFile(old), () => again.keys.verifiers)).logs).toHaveLength(2);
    await expect(readWitnessPolicy(await policyFile('log.example/one+5340bcad+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'), () => again.keys.verifiers)).rejects.toThrow();
  });
});

describe('whatever moment it ends at', () => {
  it('after the secret: the next look announces that key and no other', async () => {
    const audit = await started();
    await audit.goesOn();
    expect(await audit.rotation.renew(0)).toBe(true);
    const again = await started();
    await again.goesOn();
    // Not announced, it signs nothing.
    expect(signersOf(again.tree.head.checkpoint)).toHaveLength(1);
    expect([await again.rotation.renew(0), await again.rotation.look(), await seedCount()]).toEqual([false, 'announced', 2]);
  });

  it.each(['after_bundles', 'after_tiles', 'after_record', 'after_checkpoint', 'after_key_change'] as const)('%s of the first tree with the announcement: the next start goes on', async (moment) => {
    const ended = await started({ overlapMs: 0, at: (reached) => { if (reached === moment && happened === 2) throw new Error('ended here'); } });
    await ended.goesOn();
    const old = await vkeyNow();
    const kept = ended.tree.head;
    await expect(ended.takesNextKey()).rejects.toThrow('ended here');
    // What anyone may have fetched meanwhile; where there is no proof yet the old key has signed.
    expect(await verdict(old)).toMatchObject({ holds: true });

    const again = await started({ overlapMs: 0 });
    await again.goesOn(2);
    const next = await vkeyNow();
    expect(next).not.toBe(old);
    for (const vkey of [old, next]) expect(await verdict(vkey)).toMatchObject({ holds: true, findings: [] });
    expect(again.tree.head.size).toBeGreaterThan(kept.size);
    expect(await again.rotation.look()).toBe('destroyed');
    await again.goesOn();
    expect(signersOf(again.tree.head.checkpoint)).toEqual([idOf(next)]);
  });

  it('and the folder is lost: the proofs come again, though the old key is gone', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn(300);
    const old = await vkeyNow();
    await audit.takesNextKey();
    await audit.goesOn(300);
    expect(await audit.rotation.look()).toBe('destroyed');
    const proof = await readFile(join(data, 'log', keyChangePath(idOf(old))), 'utf8');
    await rm(join(data, 'log'), { recursive: true });
    await started();
    expect(await readFile(join(data, 'log', keyChangePath(idOf(old))), 'utf8')).toBe(proof);
    expect(await verdict(old)).toMatchObject({ holds: true, findings: [] });
  });
});

describe('nothing is signed', () => {
  it('without the key that is announced: the secrets that were put back are older than it', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn();
    await cp(join(data, 'secrets'), join(data, 'secrets.older'), { recursive: true });
    await audit.takesNextKey();
    await audit.goesOn();
    await rm(join(data, 'secrets'), { recursive: true });
    await cp(join(data, 'secrets.older'), join(data, 'secrets'), { recursive: true });
    const again = started();
    // The record it finds is of a key that its log announces; what comes next it cannot sign.
    await expect(again.then(async (late) => late.goesOn())).rejects.toMatchObject({ reason: 'log.key_missing' });
    // Nor does it make another.
    const late = await started();
    expect([await late.rotation.renew(0), await late.rotation.look(), await seedCount()]).toEqual([false, undefined, 1]);
  });

  it('where a key is published that never was the log’s', async () => {
    const audit = await started();
    await audit.goesOn();
    await writeFile(join(data, 'log.vkey'), 'log.example/one+5340bcad+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n');
    await expect(started()).rejects.toMatchObject({ reason: 'log.origin_changed' });
  });
});

describe('put back from a backup', () => {
  it('whose record is of the old key, the log’s own files being of the new: goes by the files, proofs and all', async () => {
    const audit = await started({ overlapMs: 0 });
    await audit.goesOn(20);
    const old = await vkeyNow();
    const older = (await stores.treeHead.get())!;
    await audit.takesNextKey();
    await audit.goesOn(20);
    expect(await audit.rotation.look()).toBe('destroyed');
    const newest = (await stores.treeHead.get())!;
    await stores.treeHead.compareAndSet(newest.version, older.value);
    await writeFile(join(data, 'restored'), '{}');
    const held = (await SigningKeys.open({ origin, source: auditSource, secrets: secrets(), ids: systemIds, events: stores.events, ledger: stores.ledger, clock, vkeyFile: join(data, 'log.vkey') })).verifiers;
    expect(held).toHaveLength(1);
    await recover({ stores, source: auditSource, verifier: held, data, alone: true, clock, logger: silentLogger });
    const back = decodeTreeHead((await stores.treeHead.get())!.value, held);
    expect(back).toMatchObject({ size: audit.tree.head.size, checkpoint: audit.tree.head.checkpoint, keyChanges: audit.tree.head.keyChanges });
    await (await started()).goesOn();
    expect(await verdict(old)).toMatchObject({ holds: true, findings: [] });
  });
});

it('the announcement stands in the record as it must, and no key names two', async () => {
  const audit = await started({ overlapMs: 0 });
  await audit.goesOn();
  for (let change = 0; change < 2; change++) {
    await audit.takesNextKey();
    await audit.rotation.look();
  }
  const record = new RecordVerifier();
  for (const { bytes } of await stores.ledger.readAll(0, 1000)) record.entry(bytes);
  const { logKeys, findings } = record.summary();
  expect(logKeys).toHaveLength(2);
  expect(logKeys[0]!.nextVkey).toBe(logKeys[1]!.vkey);
  expect(findings.filter(({ code }) => code.startsWith('log_key.'))).toEqual([]);
});
