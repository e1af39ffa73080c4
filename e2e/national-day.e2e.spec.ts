import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuditServiceService, type GetReceiptReply } from '@tillid/contracts/audit/v1/service';
import { Event } from '@tillid/contracts/event/v1/event';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DayReport, openToBothIn, personalValuesOf, playDay } from './support/day-report.js';
import { replayed } from './support/replayed.js';
import { checkout, command, run, serviceNames, System } from './support/system.js';
import { touchedLogs } from './support/touched-log.js';
import { TraceCollector } from './support/trace-collector.js';
import { until } from './support/until.js';

let system: System;
let traces: TraceCollector;
let day: DayReport;

beforeAll(async () => {
  traces = await TraceCollector.start();
  system = await System.start(21_500, { environment: traces.environment });
  day = await playDay(system, '--citizens', '8');
});

afterAll(async () => {
  await system?.remove();
  await traces?.stop();
});

describe('a national day', () => {
  it('goes as the citizens expect', () => {
    expect(day.expectations.filter(({ held }) => !held)).toEqual([]);
    expect(day.expectations.length).toBeGreaterThan(20);
  });

  it('is in the log: every change the system said yes to, at the position it named', async () => {
    const entries = await replayed(system);
    const there = new Set(entries.map(({ source, position }) => `${source}@${position}`));
    const positions = day.acknowledged.map(({ position }) => position).filter((position) => position !== '');
    expect(positions.length).toBeGreaterThan(50);
    expect(positions.filter((position) => !there.has(position))).toEqual([]);
  });

  it('holds before the auditor: every hash, every signature, every service against the ledger', async () => {
    for (const args of [['verify', '--entries'], ['verify', system.running.logFolder, '--vkey', system.running.vkeyFile, '--entries'], ['verify', system.running.logUrl, '--vkey', system.running.vkeyFile], ['compare']]) {
      const verdict = await system.auditor(...args);
      expect(verdict.code, `${args.join(' ')}\n${verdict.stdout}${verdict.stderr}`).toBe(0);
    }
  });

  it('holds before a verifier we did not write', async ({ skip }) => {
    const go = await run('go', ['version'], checkout).catch(() => undefined);
    if (!go && process.env['TILLID_REQUIRE_GO'] !== '1') skip('Go is not at hand: the log was not checked with golang.org/x/mod/sumdb');
    const verdict = await run('go', ['run', '.', '-vkey', system.running.vkeyFile, '-log', system.running.logFolder], join(checkout, 'tools/go-verify'));
    expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
  });

  it('is found wrong in every copy of its log that someone touched', async () => {
    const { logFolder, vkeyFile } = system.running;
    const verify = (folder: string) => system.auditor('verify', folder, '--vkey', vkeyFile, '--entries', '--state', join(system.data, 'seen.checkpoint'));
    // A copy of a log that is being written may be a copy of half a step.
    expect(await system.stop()).toBe(0);
    expect((await verify(logFolder)).code).toBe(0);
    const touched = touchedLogs(system.data, logFolder);
    await system.up();
    expect(touched.length).toBeGreaterThan(12);
    const unseen: string[] = [];
    for (const { how, folder } of touched) if ((await verify(folder)).code !== 1) unseen.push(how);
    expect(unseen).toEqual([]);
  });

  it('is a function of the ledger: every list of every service, built again from nothing, is the same to the bit', async () => {
    const { code, stdout, stderr } = await system.auditor('rebuild', '--json');
    expect(code, stdout + stderr).toBe(0);
    const { lists } = JSON.parse(stdout) as Rebuilt;
    // One that nobody follows, or that is in no list, would not be missed: each service says all it has, and its program builds all it has.
    expect(new Set(lists.map(({ service }) => service))).toEqual(new Set(serviceNames));
    expect(lists.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
    expect(lists.filter(({ documents }) => documents > 0).length).toBeGreaterThan(8);
  });

  it('shows a list that somebody wrote into by hand, by its name', async () => {
    const metrics = join(system.data, 'drift.prom');
    const database = new DatabaseSync(join(system.data, 'consent', 'read-models.sqlite'), { timeout: 5000 });
    const { key, document } = database.prepare('SELECT key, document FROM "consents@1" ORDER BY key LIMIT 1').get() as { readonly key: string; readonly document: string };
    const write = (text: string) => database.prepare('UPDATE "consents@1" SET document = ? WHERE key = ?').run(text, key);
    write(document.replace(/"receiverId":"[^"]+"/, '"receiverId":"somebody-else"'));
    const wrong = await system.auditor('rebuild', '--metrics', metrics);
    expect(wrong.code, wrong.stdout + wrong.stderr).toBe(1);
    expect(wrong.stdout).toMatch(/^DIFFERS: 1 of \d+ lists\n {2}list\.differs {2}consent consents@1 {2}/m);
    const drifted = readFileSync(metrics, 'utf8').split('\n').filter((line) => line.startsWith('tillid_read_model_drift{') && !line.endsWith(' 0'));
    expect(drifted).toEqual(['tillid_read_model_drift{tillid_service="consent",tillid_consumer="consents"} 1']);

    write(document);
    database.close();
    expect((await system.auditor('rebuild', '--metrics', metrics)).code).toBe(0);
    expect(readFileSync(metrics, 'utf8')).toContain('tillid_read_model_drift{tillid_service="consent",tillid_consumer="consents"} 0\n');
  });

  it('leaves no name, number, address, user id or password in any byte of any file, span or number it exports', async () => {
    const values = personalValuesOf(day);
    expect(values.length).toBeGreaterThan(30);
    const found: string[] = [];
    for (const file of filesUnder(system.data)) {
      const bytes = readFileSync(file);
      for (const value of values) if (bytes.includes(value) || bytes.includes(Buffer.from(value, 'utf16le'))) found.push(`${value} in ${file.slice(system.data.length)}`);
    }
    // The search itself can find: every service has told of what it did.
    const told = [...serviceNames.map((name) => `tillid-${name}`), 'RegisterCitizen', 'SubmitPassword', 'ReleaseAttributes', 'ListAccessLog'];
    await until('spans of every service', () => told.every((text) => traces.holds(text)));
    found.push(...values.filter((value) => traces.holds(value)).map((value) => `${value} in a trace`));
    expect(found).toEqual([]);
  });

  it('gives two relying services no identifier in common, but the shares both are party to', () => {
    const names = Object.keys(day.received);
    expect(names.length).toBeGreaterThanOrEqual(3);
    const open = openToBothIn(day);
    const shared: string[] = [];
    for (const [index, one] of names.entries()) {
      for (const other of names.slice(index + 1)) {
        const theirs = identifiersIn(day.received[other]!);
        shared.push(...[...identifiersIn(day.received[one]!)].filter((text) => theirs.has(text) && !open.has(text) && !vocabulary.test(text)).map((text) => `${one} and ${other}: ${text}`));
      }
    }
    expect(shared).toEqual([]);
  });

  it('leaves each relying service with receipts of what it was told, for years and for anyone, with nothing in them that another has too', async () => {
    const policy = join(system.data, 'policy');
    writeFileSync(policy, `log ${readFileSync(system.running.vkeyFile, 'utf8')}quorum none\n`);
    const holds = async (name: string, { receipt, event }: GetReceiptReply) => {
      const [proof, entry] = [join(system.data, `${name}.tlog-proof`), join(system.data, `${name}.event`)];
      writeFileSync(proof, receipt);
      writeFileSync(entry, event);
      return (await command('apps/auditor/bin/tillid-auditor.mjs', ['receipt', proof, '--entry', entry, '--policy', policy])).code;
    };
    const proven = new Set<string>();
    const known = new Map<string, Set<string>>();
    for (const client of Object.keys(day.received)) {
      const audit = rpcClient(AuditServiceService, system.running.grpc.audit, rpcCredentials(readTlsIdentity(system.caller('relying_service', client)), 'audit'));
      const redeemed = day.acknowledged.find(({ caller, rpc }) => caller === `relying_service/${client}` && rpc.endsWith('/RedeemSignIn'));
      if (redeemed) {
        // By the position that came with the reply.
        expect(await holds(`${client}-redeemed`, await audit.getReceipt({ sourcePosition: redeemed.position }, { timeoutMs: 20_000 }))).toBe(0);
        proven.add('RedeemSignIn');
      }
      const identifiers = new Set<string>();
      for await (const { events } of audit.streamMyEvents({ afterNumber: 0, follow: false })) {
        for (const { event: bytes, leafIndex } of events) {
          const { id, subject, stream, actor, correlationId, causationId, traceParent, commandId, type } = Event.decode(bytes);
          for (const text of [subject, stream, actor?.id ?? '', correlationId, causationId, ...[id, traceParent.subarray(0, 16), commandId].map((each) => Buffer.from(each).toString('hex'))]) if (text.length >= 12) identifiers.add(text);
          const name = type.split('.').at(-1)!;
          if (!['ConsentGranted', 'ShareAuthorized'].includes(name) || proven.has(name)) continue;
          expect(await holds(`${client}-${name}`, await audit.getReceipt({ leafIndex, sourcePosition: '' }, { timeoutMs: 20_000 }))).toBe(0);
          proven.add(name);
        }
      }
      known.set(client, identifiers);
      audit.close();
    }
    expect(proven).toEqual(new Set(['RedeemSignIn', 'ConsentGranted', 'ShareAuthorized']));
    const all = [...known.values()].flatMap((each) => [...each]);
    expect([...known.values()].filter(({ size }) => size > 10).length).toBeGreaterThan(1);
    expect(all.filter((text, index) => all.indexOf(text) !== index)).toEqual([]);
  });

  it('goes on after a restart on the same folder, with the same log', async () => {
    const before = await replayed(system);
    expect(await system.stop()).toBe(0);
    await system.up();
    const after = await replayed(system);
    expect(after.slice(0, before.length)).toEqual(before);
    // Lists are looked at while they are written to: each is compared at the position it was at.
    const [again, built] = await Promise.all([playDay(system, '--citizens', '5'), system.auditor('rebuild')]);
    expect(built.code, built.stdout + built.stderr).toBe(0);
    expect(again.expectations.filter(({ held }) => !held)).toEqual([]);
    expect((await system.auditor('verify', '--entries')).code).toBe(0);
  });
});

/** Of `tillid-auditor rebuild --json`. */
interface Rebuilt {
  readonly lists: readonly { readonly service: string; readonly name: string; readonly documents: number; readonly verdict: string }[];
}

/** Words of the contract, the same for everyone: names of attributes and levels, the issuer of tokens. */
const vocabulary = /^(https:\/\/data\.gov\.dk\/|tillid\.local\/)/;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Strings that could join two services' records: long enough not to be a word, in any field of any reply, and in the claims of a token. */
function identifiersIn(received: DayReport['received'][string]): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') for (const text of [value, ...claimsOf(value)]) found.add(text);
    else if (value && typeof value === 'object') Object.values(value).forEach(visit);
  };
  for (const { reply } of received) visit(reply);
  return new Set([...found].filter((text) => text.length >= 12 && !/^\d{4}-\d\d-\d\dT/.test(text)));
}

/** What a token says in clear, to whoever holds it. */
function claimsOf(text: string): string[] {
  const parts = text.split('.');
  if (parts.length !== 3 || !text.startsWith('ey')) return [];
  const claims = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as Record<string, unknown>;
  return Object.values(claims).flatMap((claim) => (typeof claim === 'object' && claim ? Object.values(claim) : [claim])).filter((claim) => typeof claim === 'string');
}
