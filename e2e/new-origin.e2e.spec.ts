import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { newSecret, systemIds } from '@tillid/crypto';
import { continuationIn, decodeEnvelope } from '@tillid/eventsourcing';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { parseBundle, readBundle } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCitizen, signIn, type Letter } from './support/citizen.js';
import { playDay } from './support/day-report.js';
import { replayed, type ReplayedEntry } from './support/replayed.js';
import { checkout, command, System } from './support/system.js';
import { until } from './support/until.js';

// The one morning that no backup helps: the services are whole, but in which order audit had put their acts nobody knows any more. The
// tree that was signed last cannot be made again, so it is not signed on: another log names it, and everyone who kept a checkpoint is told.

const folder = mkdtempSync(join(tmpdir(), 'tillid-origin-'));
const kept = (name: string) => join(folder, name);
const documented = [...readFileSync(join(checkout, 'docs/operations.md'), 'utf8').matchAll(/^npx tillid open-origin.*$/gm)].map(([line]) => line);

let system: System;
let anne: Letter;
let record: ReplayedEntry[];
let lastCheckpoint: string;
let instant: string;
let asOfInstant: string[];
let refusals: string[];
let opened: { readonly opened: string; readonly former: string; readonly formerSize: number; readonly kept: number; readonly lostBecause: string };

beforeAll(async () => {
  system = await System.start(23_900);
  await playDay(system, '--citizens', '3');
  anne = await addCitizen(system, '6705801234');
  await until('all is settled', async () => (await system.auditor('verify', '--entries', '--state', kept('early.checkpoint'))).code === 0);
  writeFileSync(kept('old.vkey'), readFileSync(system.running.vkeyFile));
  await keepReceipt();
  instant = new Date().toISOString();
  expect((await system.tillid('backup', '--to', kept('backup'))).code).toBe(0);
  await playDay(system, '--citizens', '2', '--seed', '7');
  record = await replayed(system);
  asOfInstant = await replayedUntil(instant);
  refusals = [(await system.tillid('open-origin')).stderr];
  await until('all is signed', () => signedSize() > record.length);
  expect((await system.auditor('verify', '--state', kept('late.checkpoint'))).code).toBe(0);
  expect(await system.stop()).toBe(0);
  refusals.push((await system.tillid('open-origin')).stderr);
  lastCheckpoint = readFileSync(join(system.data, 'audit/log/checkpoint'), 'utf8');
  // The ledger is as the backup has it, and the bundles that had the rest are gone.
  for (const file of ['ledger.sqlite', 'ledger.sqlite-wal', 'ledger.sqlite-shm']) rmSync(join(system.data, 'audit', file), { force: true });
  cpSync(kept('backup/audit/ledger.sqlite'), join(system.data, 'audit/ledger.sqlite'));
  rmSync(join(system.data, 'audit/log/tile/entries'), { recursive: true });
  await expect(system.up()).rejects.toThrow('log.ledger_shorter');
  expect(documented).toEqual(['npx tillid open-origin --data /srv/tillid']);
  const { code, stdout, stderr } = await system.tillid('open-origin', '--json');
  expect(code, stderr).toBe(0);
  opened = JSON.parse(stdout) as typeof opened;
  refusals.push((await system.tillid('open-origin')).stderr);
  await system.up();
  await until('everybody has heard everybody', async () => (await system.tillid('status')).code === 0);
  await until('the services have brought what they have beyond it', async () => (await system.auditor('verify', '--entries')).code === 0);
});

afterAll(async () => {
  await system?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('a country whose signed log cannot be made again', () => {
  it('begins another only then: not while it runs, not while nothing is lost, and not twice', () => {
    expect(refusals).toEqual([expect.stringContaining('stop it first'), expect.stringContaining('origin.not_lost'), expect.stringContaining('origin.not_lost')]);
  });

  it('has a log of another name and key, whose first entry names the old one by its last checkpoint, word for word', async () => {
    expect(opened).toMatchObject({ opened: `${system.running.origin}/continued-1`, former: system.running.origin, lostBecause: 'log.ledger_shorter' });
    const [first] = await replayed(system);
    expect(first).toMatchObject({ leafIndex: 0, source: 'audit/1', position: 1, type: 'tillid.audit.v1.LogContinued' });
    expect((first!.payload as { formerCheckpoint: string }).formerCheckpoint).toBe(lastCheckpoint);
    expect(lastCheckpoint.split('\n')[1]).toBe(String(opened.formerSize));
  });

  it('holds, for whoever looks at it with its key, and has every act of every service', async () => {
    for (const words of [['verify', '--entries'], ['compare'], ['rebuild'], ['watch', '--once', '--entries']]) {
      const { code, stdout, stderr } = await system.auditor(...words);
      expect(code, `${words.join(' ')}\n${stdout}${stderr}`).toBe(0);
    }
    const entries = await replayed(system);
    // Whoever looked is seen by everyone: over the feeds, as `compare` does, too.
    for (const source of ['identity/0', 'authentication/0', 'consent/0', 'audit/1']) expect(entries.filter((entry) => entry.source === source && entry.type === 'tillid.event.v1.FeedRead').length, source).toBe(1);
    const there = new Map(entries.map((entry) => [`${entry.source}@${entry.position}`, entry.id]));
    expect(record.filter(({ source, position, id }) => there.get(`${source}@${position}`) !== id)).toEqual([]);
  });

  it('can be replayed to an instant before the loss, as it could before', async () => {
    expect(asOfInstant.length).toBeGreaterThan(100);
    expect(await replayedUntil(instant)).toEqual(asOfInstant);
  });

  it('does not say to whoever kept a checkpoint that it holds: it is another log, and says which', async () => {
    const early = await system.auditor('verify', '--state', kept('early.checkpoint'));
    expect([early.code, early.stdout]).toEqual([1, expect.stringContaining('log.continued')]);
    expect(early.stdout).toContain("ANOTHER LOG");
    expect(early.stdout).toMatch(/proved: all \d+ entries under the checkpoint kept stand in it, the same and in their order/);
    const late = await system.auditor('verify', '--state', kept('late.checkpoint'), '--json');
    expect(late.code).toBe(1);
    expect(JSON.parse(late.stdout)).toMatchObject({ holds: false, log: { holds: true }, continued: { former: opened.former, vouchedFor: true, seen: { standsHere: false }, findings: [{ code: 'log.continued' }] } });
    const byKey = await system.auditor('verify', '--vkey', kept('old.vkey'), '--json');
    expect([byKey.code, JSON.parse(byKey.stdout)]).toEqual([1, expect.objectContaining({ continued: expect.objectContaining({ origin: opened.opened }) as unknown })]);
    for (const words of [['--state', kept('late.checkpoint')], ['--vkey', kept('old.vkey')]]) {
      const watched = await system.auditor('watch', '--once', ...words);
      expect([watched.code, watched.stdout]).toEqual([1, expect.stringContaining('log.continued')]);
    }
    // What is wrong never becomes what the next look compares with.
    expect(readFileSync(kept('late.checkpoint'), 'utf8')).toContain(`${opened.former}\n`);
  });

  it('says so itself, to everyone who asks how complete it is', async () => {
    const entry = await fetch(`${system.running.logUrl}/continued`);
    expect([entry.status, continuationIn(Buffer.from(await entry.arrayBuffer()))?.formerCheckpoint.size]).toEqual([200, opened.formerSize]);
    const { stdout } = await system.tillid('status');
    expect(stdout).toContain(`another log than ${opened.former}, which was lost at ${opened.formerSize} entries`);
  });

  it('keeps what it gave: an old receipt is proved offline, under the old key', async () => {
    writeFileSync(kept('policy'), `log ${readFileSync(kept('old.vkey'), 'utf8').trim()}\nquorum none\n`);
    const { code, stdout } = await command('apps/auditor/bin/tillid-auditor.mjs', ['receipt', kept('old.tlog-proof'), '--entry', kept('old.event'), '--policy', kept('policy')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`of ${opened.former}, in its tree`)]);
  });

  it('goes on: citizens sign in, a day is played, and it is put back from a backup of its own', async () => {
    expect((await signIn(system, anne)).token).not.toBe('');
    const day = await playDay(system, '--citizens', '2', '--seed', '11', '--own-log', kept('own-log.json'));
    const own = await command('apps/auditor/bin/tillid-auditor.mjs', ['own-log', kept('own-log.json'), '--vkey', system.running.vkeyFile]);
    expect(own.code, own.stdout + own.stderr).toBe(0);
    expect(day.expectations.filter(({ held }) => !held)).toEqual([]);
    expect((await system.auditor('verify', '--entries', '--state', kept('new.checkpoint'))).code).toBe(0);
    expect((await system.auditor('compare')).code).toBe(0);
    expect((await system.tillid('backup', '--to', kept('newer'), '--secrets', kept('safe'))).code).toBe(0);
    expect(await system.stop()).toBe(0);
    const put = ['restore', '--from', kept('newer'), '--secrets', kept('safe'), '--record', join(system.data, 'audit'), '--data', kept('elsewhere')];
    const { code, stderr } = await command('apps/tillid/bin/tillid.mjs', put);
    expect(code, stderr).toBe(0);
    const elsewhere = System.in(kept('elsewhere'), 24_000);
    await elsewhere.up();
    try {
      await until('everybody has heard everybody', async () => (await elsewhere.tillid('status')).code === 0);
      expect((await elsewhere.auditor('verify', '--entries', '--state', kept('new.checkpoint'))).code).toBe(0);
    } finally {
      await elsewhere.stop();
    }
  });
});

/** What audit had seen by then. */
async function replayedUntil(time: string): Promise<string[]> {
  return asAuditor(async (audit) => {
    const ids: string[] = [];
    for await (const { events } of audit.replay({ idempotencyKey: newSecret(systemIds), leafIndex: 0, until: new Date(time) })) ids.push(...events.map((bytes) => decodeEnvelope(bytes).id.toString('hex')));
    return ids;
  });
}

function signedSize(): number {
  return Number(readFileSync(join(system.data, 'audit/log/checkpoint'), 'utf8').split('\n')[1]);
}

/** Of some entry, as an auditor has it given. */
async function keepReceipt(): Promise<void> {
  writeFileSync(kept('old.tlog-proof'), await asAuditor(async (audit) => (await audit.getReceipt({ leafIndex: 20 })).receipt));
  const files = { read: async (path: string) => (existsSync(join(system.running.logFolder, path)) ? readFileSync(join(system.running.logFolder, path)) : undefined) };
  const width = Math.min(256, signedSize());
  writeFileSync(kept('old.event'), parseBundle(await readBundle(files, 0, width), width)[20]!);
}

const auditOf = () => rpcClient(AuditServiceService, system.running.grpc.audit, rpcCredentials(readTlsIdentity(system.caller('auditor', 'auditor')), 'audit'));

async function asAuditor<Answer>(ask: (audit: ReturnType<typeof auditOf>) => Promise<Answer>): Promise<Answer> {
  const audit = auditOf();
  try {
    return await ask(audit);
  } finally {
    audit.close();
  }
}
