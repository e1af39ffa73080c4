import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { hashOf, type CompareAndSetRecord, type EventStore } from '@tillid/eventsourcing';
import { inMemoryCompareAndSetRecord, inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { silentLogger } from '@tillid/runtime';
import { noteSigner, parseVkey, verifyLog, vkeyOf } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Integrator } from '../src/integrate/integrator.js';
import { LogFolder } from '../src/integrate/log-folder.js';
import { SignedTree } from '../src/integrate/signed-tree.js';
import { oneKey } from '../src/log-keys/tree-keys.js';
import { TreeLog, type IntegrationMoment } from '../src/integrate/tree-log.js';
import { openSigningKey } from '../src/integrate/signing-key.js';

const seed = Buffer.alloc(32, 3);
const signer = noteSigner('log.example/one', seed);
const verifier = parseVkey(vkeyOf('log.example/one', seed));
let data: string;
let ledger: EventStore;
let record: CompareAndSetRecord;
let taken = 0;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tillid-audit-'));
  ledger = inMemoryEventStore();
  record = inMemoryCompareAndSetRecord();
  taken = 0;
});
afterEach(() => rm(data, { recursive: true }));

async function takeIn(count: number, into = ledger, from = taken, text = 'event'): Promise<void> {
  for (let done = 0; done < count; done += 200) {
    const events = Array.from({ length: Math.min(200, count - done) }, (_, index) => Buffer.from(`${text} ${from + done + index}`));
    const outcome = await into.append({ commandId: hashOf(text, String(from + done)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: 'consent/0', expectedRevision: from + done, events }] });
    expect(outcome.kind).toBe('appended');
  }
  if (into === ledger) taken = from + count;
}
const open = async (at?: (moment: IntegrationMoment) => void, from = ledger) =>
  TreeLog.open({ ledger: from, record, keys: oneKey({ signer, verifier }), clock: { nowMs: () => 1000 }, folder: await LogFolder.open(join(data, 'log')), ...(at && { at }) });
async function integrateAll(tree: TreeLog): Promise<TreeLog> {
  while (await tree.integrate());
  return tree;
}
async function* pathsIn(folder: string, prefix = ''): AsyncGenerator<string> {
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* pathsIn(folder, `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}
const verdict = async (previousCheckpoint?: string) => {
  const folder = await LogFolder.open(join(data, 'log'));
  return verifyLog({ read: (path) => folder.read(path), list: () => pathsIn(join(data, 'log')) }, verifier, { entries: true, ...(previousCheckpoint && { previousCheckpoint }) });
};

describe('the log over the ledger', () => {
  it('holds at every size, and only grows', async () => {
    const tree = await open();
    expect(await verdict()).toMatchObject({ holds: true, head: { size: 0 } });
    for (const count of [1, 254, 1, 1, 300, 5000]) {
      const { checkpoint } = tree.head;
      await takeIn(count);
      await integrateAll(tree);
      expect(await verdict(checkpoint)).toMatchObject({ holds: true, findings: [], head: { size: taken } });
    }
    for await (const path of pathsIn(join(data, 'log'))) expect(path).not.toMatch(/^tile\/0\/000\.p/);
  });

  it('goes on where it was when it is opened again', async () => {
    await takeIn(300);
    await integrateAll(await open());
    await takeIn(300);
    const again = await integrateAll(await open());
    expect(again.head.size).toBe(600);
    expect((await verdict()).holds).toBe(true);
  });

  it.each(['after_bundles', 'after_tiles', 'after_record', 'after_checkpoint'] as const)('survives an end %s', async (moment) => {
    await takeIn(300);
    const { head } = await integrateAll(await open());
    await takeIn(500);
    const ended = await open((reached) => {
      if (reached === moment) throw new Error('ended here');
    });
    await expect(ended.integrate()).rejects.toThrow('ended here');
    const tree = await open();
    expect((await verdict(head.checkpoint)).findings).toEqual([]);
    await integrateAll(tree);
    expect(await verdict(head.checkpoint)).toMatchObject({ holds: true, findings: [], head: { size: 800 } });
  });

  it('writes its files again from the ledger when the folder is gone, also when it ends while it does', async () => {
    await takeIn(5000);
    const { head } = await integrateAll(await open());
    await rm(join(data, 'log'), { recursive: true });
    await open();
    expect(await verdict(head.checkpoint)).toMatchObject({ holds: true, findings: [], checkpoint: head.checkpoint });
    for (const path of ['checkpoint', 'tile/0/007', 'tile/entries/019.p/136']) await rm(join(data, 'log', path));
    await takeIn(10);
    await integrateAll(await open());
    expect(await verdict(head.checkpoint)).toMatchObject({ holds: true, findings: [], head: { size: 5010 } });
  });

  it('leaves nothing half-written behind when a write fails', async () => {
    await takeIn(300);
    const tree = await open();
    await rm(join(data, 'log/checkpoint'));
    await mkdir(join(data, 'log/checkpoint'));
    await expect(tree.integrate()).rejects.toThrow();
    expect(await readdir(join(data, 'log.writing'))).toEqual([]);
  });

  it('mends a checkpoint file that was put back', async () => {
    await takeIn(10);
    const tree = await integrateAll(await open());
    await writeFile(join(data, 'log/checkpoint'), 'an old one');
    await open();
    expect(await verdict()).toMatchObject({ holds: true, checkpoint: tree.head.checkpoint });
  });
});

it('events that trickle in share a checkpoint, and a backlog does not wait for one', async () => {
  await takeIn(20_000);
  const checkpointIntervalMs = 100;
  const folder = await LogFolder.open(join(data, 'log'));
  let signed = 0;
  const counting = { ...record, get: () => record.get(), compareAndSet: (...args: Parameters<CompareAndSetRecord['compareAndSet']>) => (signed++, record.compareAndSet(...args)) };
  const signedTree = new SignedTree();
  const integrator = await Integrator.open({ signedTree, ledger, record: counting, folder, keys: oneKey({ signer, verifier }), clock: { nowMs: () => 1000 }, logger: silentLogger, checkpointIntervalMs });
  integrator.start();
  expect(await signedTree.waitForSize(20_000, AbortSignal.timeout(10_000))).toBe(true);
  const [before, began] = [signed, performance.now()];
  expect(before).toBeLessThan(10);
  while (performance.now() - began < 5 * checkpointIntervalMs) {
    await takeIn(1);
    await pauseFor(2);
  }
  expect(signed - before).toBeLessThan(2 + (performance.now() - began) / checkpointIntervalMs);
  await integrator.stop();
});

describe('nothing is signed', () => {
  beforeEach(async () => {
    await takeIn(300);
    await integrateAll(await open());
  });

  it('over a ledger that lost its end', async () => {
    const restored = inMemoryEventStore();
    await takeIn(200, restored, 0);
    await expect(open(undefined, restored)).rejects.toThrow('log.ledger_shorter');
  });
  it('over a ledger that went on differently', async () => {
    const restored = inMemoryEventStore();
    await takeIn(200, restored, 0);
    await takeIn(200, restored, 200, 'another');
    await expect(open(undefined, restored)).rejects.toThrow('log.ledger_differs');
  });
  it('when the record is lost', async () => {
    record = inMemoryCompareAndSetRecord();
    await expect(open()).rejects.toThrow('log.record_missing');
  });
  it('when the files are older than the record', async () => {
    await cp(join(data, 'log'), join(data, 'backup'), { recursive: true });
    await takeIn(300);
    await integrateAll(await open());
    await rm(join(data, 'log'), { recursive: true });
    await cp(join(data, 'backup'), join(data, 'log'), { recursive: true });
    await expect(open()).rejects.toThrow('log.edge_differs');
  });
  it('by a signer that another one overtook', async () => {
    const [slow, quick] = [await open(), await open()];
    await takeIn(5);
    await quick.integrate();
    await takeIn(5);
    await expect(slow.integrate()).rejects.toThrow('log.other_signer');
    expect(await verdict()).toMatchObject({ holds: true, checkpoint: quick.head.checkpoint });
  });
  it('over a tile that is there and differs', async () => {
    const tree = await open();
    await writeFile(join(data, 'log/tile/0/001'), Buffer.alloc(8192));
    await takeIn(300);
    await expect(tree.integrate()).rejects.toThrow('log.file_differs');
  });
  it('under another origin than the first', async () => {
    await openSigningKey('log.example/one', seed, join(data, 'log.vkey'));
    await expect(openSigningKey('log.example/two', seed, join(data, 'log.vkey'))).rejects.toThrow('log.origin_changed');
    await openSigningKey('log.example/one', seed, join(data, 'log.vkey'));
  });
});
