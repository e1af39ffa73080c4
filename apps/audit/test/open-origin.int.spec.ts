import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemIds } from '@tillid/crypto';
import { continuationIn, decodeEnvelope, logKeysFault, RecordVerifier } from '@tillid/eventsourcing';
import { copyDatabase } from '@tillid/store-sqlite';
import { parseVkey, verifyLog } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOrigin } from '../src/open-origin/open-origin.js';
import { isUnfinished } from '../src/open-origin/put-in-place.js';
import { auditInFolder, installation } from './audit-in-folder.js';
import { SignedSource } from './signed-source.js';

const folders: string[] = [];
let nowMs = Date.parse('2026-11-25T08:00:00Z');
const clock = { nowMs: () => nowMs };
const services = [new SignedSource('identity/0', () => nowMs), new SignedSource('consent/0', () => nowMs)] as const;
/** Audit's folder as it was when everything failed; and its ledger, older. */
let whole: string;
let backup: string;
let backedUp = 0;
let last: { readonly size: number; readonly note: string };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tillid-origin-'));
  folders.push(folder);
  return folder;
}

async function acts(audit: Awaited<ReturnType<typeof auditInFolder>>, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    nowMs += 1000;
    for (const service of services) service.happens(3);
    await audit.seesAll();
  }
}

beforeAll(async () => {
  [whole, backup] = [await newFolder(), await newFolder()];
  const audit = await auditInFolder(whole, services, clock.nowMs);
  await acts(audit, 25);
  copyDatabase(join(whole, 'ledger.sqlite'), join(backup, 'ledger.sqlite'));
  backedUp = (await audit.ledger.head()).position;
  await acts(audit, 25);
  last = { size: audit.tree.head.size, note: audit.tree.head.checkpoint };
  await audit.stop();
});

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** A copy of the folder, with the ledger as it was backed up and its bundles gone: nobody knows in which order the rest came. */
async function lost(change: (data: string) => Promise<unknown> = () => Promise.resolve()): Promise<string> {
  const data = await newFolder();
  await cp(whole, data, { recursive: true });
  await cp(join(backup, 'ledger.sqlite'), join(data, 'ledger.sqlite'));
  await rm(join(data, 'log/tile/entries'), { recursive: true });
  await change(data);
  return data;
}

const opened = (data: string, more: Partial<Parameters<typeof openOrigin>[0]> = {}) => openOrigin({ data, origin: installation, clock, ids: systemIds, ...more });

/** Everything an auditor looks at, in a log of this name. */
async function found(data: string): Promise<string[]> {
  const vkey = parseVkey(await readFile(join(data, 'log.vkey'), 'utf8'));
  const record = new RecordVerifier({ origin: vkey.name });
  const files = { read: (path: string) => readFile(join(data, 'log', path)).catch(() => undefined) };
  const { findings } = await verifyLog(files, vkey, { entries: true }, (entry) => void record.entry(entry));
  return [...findings, ...record.summary().findings].map(({ code }) => code);
}

async function entriesIn(data: string): Promise<Uint8Array[]> {
  const audit = await auditInFolder(data, services, clock.nowMs);
  const entries = (await audit.ledger.readAll(0, 100_000)).map(({ bytes }) => bytes);
  await audit.stop();
  return entries;
}

describe('a log whose last signed tree cannot be made again', () => {
  it('is not signed on, and is continued by another that names it in its first entry', async () => {
    const data = await lost();
    await expect(auditInFolder(data, services, clock.nowMs)).rejects.toMatchObject({ reason: 'log.ledger_shorter' });
    const report = await opened(data);
    expect(report).toMatchObject({ opened: `${installation}/continued-1`, former: installation, formerSize: last.size, lostBecause: 'log.ledger_shorter' });
    expect(await found(data)).toEqual(['head.ahead', 'head.ahead']);
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 3);
    expect(audit.source).toBe('audit/1');
    await audit.stop();
    expect(await found(data)).toEqual([]);
    const [first, ...entries] = await entriesIn(data);
    const { event, vouchedFor, formerCheckpoint } = continuationIn(first!)!;
    expect([event.formerCheckpoint, formerCheckpoint.size, vouchedFor]).toEqual([last.note, last.size, true]);
    // What was kept stands in its old order, and behind it what audit's own log had; every source is whole.
    const old = await entriesIn(whole);
    expect(entries.slice(0, backedUp)).toEqual(old.slice(0, backedUp));
    const bySource = (all: readonly Uint8Array[], source: string) => all.filter((bytes) => decodeEnvelope(bytes).source === source);
    for (const source of ['identity/0', 'consent/0', 'audit/0']) expect(bySource(entries, source).slice(0, bySource(old, source).length)).toEqual(bySource(old, source));
    expect(await readdir(join(data, 'former/0'))).toEqual(expect.arrayContaining(['ledger.sqlite', 'log', 'log.sqlite', 'log.vkey', 'secrets', 'tree-head.sqlite']));
  });

  it('is continued without what its own log had since, when that is an older copy too', async () => {
    const data = await lost(async (folder) => {
      for (const name of ['log.sqlite', 'ledger.sqlite']) await rm(join(folder, name), { force: true });
      await rm(join(folder, 'tree-head.sqlite'));
    });
    expect(await opened(data)).toMatchObject({ formerSize: last.size, kept: 0, lostBecause: 'log.record_missing' });
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 2);
    await audit.stop();
    expect(await found(data)).toEqual([]);
  });

  it('keeps of a ledger that was written to what is before it', async () => {
    const data = await lost(async (folder) => writeInto(folder, 61));
    await opened(data);
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 2);
    const kept = (await audit.ledger.readAll(1, 60)).map(({ bytes }) => bytes);
    await audit.stop();
    expect(kept.slice(0, 40)).toEqual((await entriesIn(whole)).slice(0, 40));
    expect(await found(data)).toEqual([]);
  });

  it('whose key was lost too is named on the operator’s word alone', async () => {
    const data = await lost((folder) => rm(join(folder, 'secrets'), { recursive: true }));
    expect((await opened(data)).lostBecause).toBe('log.key_lost');
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 2);
    const [first] = await audit.ledger.readAll(0, 1);
    await audit.stop();
    expect(continuationIn(first!.bytes)!.vouchedFor).toBe(false);
    nowMs += 11 * 60_000;
    const later = await auditInFolder(data, services, clock.nowMs);
    await acts(later, 2);
    await later.stop();
    expect(await found(data)).toEqual([]);
  });

  it('is dated as before: what stood there at an instant still does, also in the log after the next', async () => {
    const data = await lost();
    const first = await auditInFolder(whole, services, clock.nowMs);
    const instants = Array.from({ length: 30 }, (_, second) => Date.parse('2026-11-25T08:00:00Z') + second * 1750);
    const before = await Promise.all(instants.map((instant) => first.recorder.lastBefore(instant)));
    await first.stop();
    expect(new Set(before.map((seen) => seen?.timeMs)).size).toBeGreaterThan(20);
    for (let times = 0; times < 2; times++) {
      await opened(data);
      const audit = await auditInFolder(data, services, clock.nowMs);
      await acts(audit, 2);
      expect(await Promise.all(instants.map((instant) => audit.recorder.lastBefore(instant)))).toEqual(before);
      await audit.stop();
      await rm(join(data, 'tree-head.sqlite'));
    }
  });

  it('may be lost a second time', async () => {
    const data = await lost();
    await opened(data);
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 3);
    await audit.stop();
    await rm(join(data, 'tree-head.sqlite'));
    expect(await opened(data)).toMatchObject({ opened: `${installation}/continued-2`, former: `${installation}/continued-1` });
    const again = await auditInFolder(data, services, clock.nowMs);
    await acts(again, 3);
    await again.stop();
    expect(again.source).toBe('audit/2');
    expect(await found(data)).toEqual([]);
  });
});

describe('a log whose key was replaced, and that is then lost', () => {
  it('is named by the key in force, and what it had announced of its keys is none of the next log’s business', async () => {
    const data = await lost();
    await opened(data);
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 2);
    const firstKey = await readFile(join(data, 'log.vkey'), 'utf8');
    await audit.replacesKey();
    await acts(audit, 2);
    await audit.stop();
    const inForce = await readFile(join(data, 'log.vkey'), 'utf8');
    expect(inForce).not.toBe(firstKey);
    await rm(join(data, 'tree-head.sqlite'));
    await opened(data);
    const again = await auditInFolder(data, services, clock.nowMs);
    await acts(again, 2);
    await again.replacesKey();
    await acts(again, 2);
    const [first] = await again.ledger.readAll(0, 1);
    await again.stop();
    expect(continuationIn(first!.bytes)).toMatchObject({ event: { formerVkey: inForce.trim() }, vouchedFor: true });
    expect(await found(data)).toEqual([]);
    const record = new RecordVerifier();
    for (const entry of await entriesIn(data)) record.entry(entry);
    expect(record.summary().logKeys.map(({ vkey }) => vkey.split('+')[0])).toEqual([`${installation}/continued-1`, `${installation}/continued-2`]);
    expect(logKeysFault(record.summary().logKeys, parseVkey(await readFile(join(data, 'log.vkey'), 'utf8')), await readFile(join(data, 'log/checkpoint'), 'utf8'))).toBeUndefined();
  });
});

describe('no other log is begun', () => {
  it.each<[string, (data: string) => Promise<unknown>]>([
    ['nothing is lost', () => Promise.resolve()],
    ['the ledger is older and the bundles lead on', (data) => cp(join(backup, 'ledger.sqlite'), join(data, 'ledger.sqlite'))],
    ['the ledger was written to and the bundles are whole', (data) => writeInto(data, 61)],
    ['the bundles are gone and the ledger is whole', (data) => rm(join(data, 'log'), { recursive: true })],
  ])('while the tree can be made again: %s', async (_what, change) => {
    const data = await newFolder();
    await cp(whole, data, { recursive: true });
    await change(data);
    await expect(opened(data)).rejects.toMatchObject({ reason: 'origin.not_lost' });
    expect(await readdir(data)).not.toContain('former');
  });

  it('where none was, where nothing says what was signed, and on a checkpoint that this log did not sign', async () => {
    await expect(opened(await newFolder())).rejects.toMatchObject({ reason: 'origin.no_log' });
    const unknown = await lost(async (data) => Promise.all([rm(join(data, 'tree-head.sqlite')), rm(join(data, 'log'), { recursive: true })]));
    await expect(opened(unknown)).rejects.toMatchObject({ reason: 'origin.no_checkpoint' });
    await expect(opened(unknown, { lastCheckpoint: last.note.replace('log.example/one\n', 'log.example/two\n') })).rejects.toMatchObject({ reason: 'origin.checkpoint_refused' });
    expect(await opened(unknown, { lastCheckpoint: last.note })).toMatchObject({ formerSize: last.size });
  });

  it('a second time, however often the command is given', async () => {
    const data = await lost();
    await opened(data);
    await expect(opened(data)).rejects.toMatchObject({ reason: 'origin.not_lost' });
  });
});

describe('an opening that is broken off', () => {
  it('goes on, or begins anew, and there is one first entry', async () => {
    const moments: string[] = [];
    await opened(await lost(), { at: (moment) => moments.push(moment) });
    expect(moments.length).toBeGreaterThan(12);
    for (const moment of moments) {
      const data = await lost();
      await expect(opened(data, { at: (now) => { if (now === moment) throw new Error('killed'); } })).rejects.toThrow('killed');
      expect(isUnfinished(data), moment).toBe(moment !== 'written');
      expect(await opened(data), moment).toMatchObject({ opened: `${installation}/continued-1`, formerSize: last.size });
      expect(isUnfinished(data)).toBe(false);
      expect(await readdir(data)).not.toContain('opening');
    }
    const data = await lost();
    let halfDone = 0;
    for (let opening = true; opening; ) {
      // Killed at every step in turn, each time a step further.
      let steps = 0;
      opening = await opened(data, { at: () => { if (++steps > halfDone) throw new Error('killed'); } }).then(() => false, () => true);
      halfDone += 1;
      if (halfDone > 50) throw new Error('it never ends');
    }
    const audit = await auditInFolder(data, services, clock.nowMs);
    await acts(audit, 2);
    await audit.stop();
    expect(await found(data)).toEqual([]);
  });
});

/** Somebody with a shell changes an entry in the ledger. */
function writeInto(data: string, position: number): Promise<void> {
  const database = new DatabaseSync(join(data, 'ledger.sqlite'));
  const { bytes } = database.prepare('SELECT bytes FROM events WHERE position = ?').get(position) as { bytes: Uint8Array };
  database.prepare('UPDATE events SET bytes = ? WHERE position = ?').run(Buffer.concat([bytes, Buffer.from([0x90, 0x03, 0x01])]), position);
  database.close();
  return Promise.resolve();
}
