import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { AuditServiceService, ReplayBatch, type ReplayRequest } from '@tillid/contracts/audit/v1/service';
import { Event } from '@tillid/contracts/event/v1/event';
import type { InMemoryLog } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogOnDisk, logOf, vkey, workingDay } from '../src/record.spec-kit.js';
import { OutputFile } from '../src/replay/output-file.js';

const checkout = join(import.meta.dirname, '../../..');
const program = join(import.meta.dirname, '../bin/tillid-auditor.mjs');
const { leaves } = workingDay();
const sourceOf = (bytes: Uint8Array) => Event.decode(bytes).source;

let folder: string;
let log: LogOnDisk;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-replay-'));
  log = await LogOnDisk.write(logOf(leaves));
});
afterAll(() => Promise.all([log.remove(), rm(folder, { recursive: true })]));

function begun(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, 'replay', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}
async function run(...args: readonly string[]) {
  const child = begun(...args);
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close') as Promise<[number | null]>]);
  return { code, out, err };
}
async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pauseFor(10);
}
const sizeOf = (path: string) => stat(path).then(({ size }) => size, () => 0);
const leafIndexesIn = (lines: string) => lines.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { leafIndex: number }).leafIndex);

describe('tillid-auditor replay', () => {
  it('prints what was chosen, and says that nothing of it was left out', async () => {
    const { code, out, err } = await run(log.log, '--vkey', log.vkey, '--source', 'identity/0', '--source', 'audit/0', '--from', '100', '--until', '400');
    expect([code, leafIndexesIn(out)]).toEqual([0, leaves.flatMap((bytes, leafIndex) => (leafIndex >= 100 && leafIndex < 400 && sourceOf(bytes) !== 'consent/0' ? [leafIndex] : []))]);
    expect(err).toContain('none that was asked for is left out');
  });
  it('takes an instant as rebuild does', async () => {
    const { code, out, err } = await run(log.log, '--vkey', log.vkey, '--until', '2026-06-01T12:00:01.5Z', '--json');
    expect([code, leafIndexesIn(out).length, JSON.parse(err)]).toEqual([0, 103, expect.objectContaining({ holds: true, complete: true, printed: 103, datesSettled: true })]);
  });
  it.each([
    ['an outcome that is none', ['--outcome', 'fine']],
    ['an instant that could be two', ['--from', '24/11/2026']],
    ['more entries than there are', ['--until', '610']],
    ['a choice by a service that is not asked', ['--chosen-by-service']],
    ['a file that cannot be', ['--output', '/nowhere/replay.ndjson']],
  ])('exits 2 at %s', async (_, args) => {
    const { code, out } = await run(log.log, '--vkey', log.vkey, ...args);
    expect([code, out]).toEqual([2, '']);
  });
});

describe('a replay into a file', () => {
  const into = (path: string, ...args: readonly string[]) => run(log.log, '--vkey', log.vkey, '--output', path, ...args);

  it('is what is printed otherwise, and the same command again leaves it as it is', async () => {
    const path = join(folder, 'whole.ndjson');
    const { code, out } = await into(path);
    expect([code, out]).toEqual([0, '609 of 609 entries printed; HOLDS\n']);
    const written = await readFile(path, 'utf8');
    expect(written).toBe((await run(log.log, '--vkey', log.vkey)).out);
    expect((await into(path)).code).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(written);
  });
  it('is refused for a file that was begun with another choice, is not ours, or was changed', async () => {
    const path = join(folder, 'identity.ndjson');
    expect((await into(path, '--source', 'identity/0')).code).toBe(0);
    const written = await readFile(path, 'utf8');
    for (const other of [[], ['--source', 'consent/0'], ['--source', 'identity/0', '--until', '600']]) {
      const { code, err } = await into(path, ...other);
      expect([code, err]).toEqual([2, expect.stringContaining('begun with other options')]);
    }
    expect(await readFile(path, 'utf8')).toBe(written);
    await writeFile(path, written.replace('identity', 'Identity'));
    expect((await into(path, '--source', 'identity/0')).err).toContain('is not what was written to it');
    await truncate(path, 100);
    expect((await into(path, '--source', 'identity/0')).err).toContain('is not what was written to it');
    await rm(`${path}.state`);
    expect((await into(path, '--source', 'identity/0')).err).toContain('no ');
    await rm(path);
    expect([(await into(path, '--source', 'identity/0')).code, await readFile(path, 'utf8')]).toEqual([0, written]);
  });
  it('is written anew after one that found something wrong', async () => {
    const broken = await log.copy();
    const bundle = join(broken.log, 'tile/entries/001');
    const bytes = await readFile(bundle);
    await writeFile(bundle, Buffer.from(bytes).fill(0xff, 5000, 5001));
    const path = join(folder, 'mended.ndjson');
    expect((await run(broken.log, '--vkey', broken.vkey, '--output', path)).code).toBe(1);
    expect(leafIndexesIn(await readFile(path, 'utf8')).length).toBe(608);
    await writeFile(bundle, bytes);
    expect((await run(broken.log, '--vkey', broken.vkey, '--output', path)).code).toBe(0);
    expect(leafIndexesIn(await readFile(path, 'utf8')).length).toBe(609);
    await broken.remove();
  });
  it('ends with the same bytes wherever what a killed run wrote ends', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `${'x'.repeat(index * 37 % 50)} line ${index}\n`);
    const path = join(folder, 'cut.ndjson');
    const [opening, other] = ['begun', 'of another run'].map((checkpoint) => async () => ({ checkpoint, idempotencyKey: 'k'.repeat(16) }));
    const wanted = lines.join('');
    for (let length = lines.slice(0, 10).join('').length; length <= wanted.length; length += 4) {
      await Promise.all([rm(path, { force: true }), rm(`${path}.state`, { force: true })]);
      const first = await OutputFile.open(path, 'all', opening!);
      for (const line of lines.slice(0, 10)) await first.write(line);
      await first.mark({ leaf: 10, token: 'ten' }, true);
      for (const line of lines.slice(10)) await first.write(line);
      await first.close();
      // Killed: what was said to be whole is there, and of the rest as much as the disk got.
      await writeFile(path, `${wanted.slice(0, length)}${'\0'.repeat(length % 3)}`);
      const second = await OutputFile.open(path, 'all', other!);
      expect([second.place, second.begun.checkpoint, second.entries]).toEqual([{ leaf: 10, token: 'ten' }, 'begun', 10]);
      for (const line of lines.slice(10)) await second.write(line);
      await second.mark({ leaf: 20 }, true);
      await second.close();
      expect(await readFile(path, 'utf8')).toBe(wanted);
    }
  });
});

describe('a replay that is killed', () => {
  let system: PretendedSystem;
  beforeAll(async () => void (system = await PretendedSystem.start(join(folder, 'system'))), 30_000);
  afterAll(() => system.stop());
  const filtered = ['--source', 'consent/0'];
  const wanted = async (...more: readonly string[]) => {
    const { code, out } = await run('--data', system.data, ...filtered, ...more);
    expect(code).toBe(0);
    return out;
  };

  it.each([['everything is read', []], ['audit chooses', ['--chosen-by-service']]])('goes on, and ends with the bytes of one that was not, though the log has grown since: %s', async (name, more) => {
    system.log = logOf(leaves.slice(0, 500));
    const whole = await wanted(...more);
    const path = join(folder, `${name}.ndjson`);
    const command = ['--data', system.data, ...filtered, ...more, '--output', path];

    // Killed with nothing said to be whole, then with something, then while the rest comes.
    system.paceMs = 50;
    system.stallAfter = 2;
    const first = begun(...command);
    await until(async () => system.stalled);
    await killed(first);
    system.stallAfter = 45;
    system.log = logOf(leaves);
    const second = begun(...command);
    await until(async () => ((JSON.parse(await readFile(`${path}.state`, 'utf8')) as { bytes: number }).bytes ?? 0) > 0);
    await killed(second);
    const half = await sizeOf(path);
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(whole.length);
    await writeFile(path, '{"leafIndex":', { flag: 'a' });
    [system.paceMs, system.stallAfter] = [0, Infinity];
    system.asked.length = 0;
    const { code, out } = await run(...command);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+ of 500 entries printed.*HOLDS/)]);
    expect(await readFile(path, 'utf8')).toBe(whole);
    // Audit goes on with the replay it recorded; it is not asked for another.
    expect(system.asked.map(({ resumeToken }) => resumeToken !== undefined)).toEqual([more.length > 0]);
    expect(new Set(system.keys.slice(-3)).size).toBe(more.length > 0 ? 2 : 1);
  }, 60_000);

  it('at any moment', async () => {
    system.log = logOf(leaves);
    system.paceMs = 0;
    const whole = await wanted();
    const path = join(folder, 'any.ndjson');
    system.paceMs = 15;
    let runs = 0;
    for (let code: number | null = null; code !== 0; runs += 1) {
      const child = begun('--data', system.data, ...filtered, '--output', path);
      const ended = once(child, 'exit') as Promise<[number | null]>;
      // The later ones are given longer, so that there is an end.
      [code] = await Promise.race([ended, pauseFor(200 + runs * 250).then(async () => (child.kill('SIGKILL'), ended))]);
      expect(whole.startsWith(await readFile(path, 'utf8').catch(() => ''))).toBe(true);
    }
    expect(runs).toBeGreaterThan(1);
    expect(await readFile(path, 'utf8')).toBe(whole);
  }, 60_000);
});

/** What an auditor's command sees of a running system: tiles over HTTP, and a Replay that can be slow. */
class PretendedSystem {
  log: InMemoryLog = logOf(leaves);
  readonly asked: ReplayRequest[] = [];
  readonly keys: string[] = [];
  paceMs = 0;
  stallAfter = Infinity;
  stalled = false;

  private constructor(readonly data: string, private readonly http: HttpServer, private readonly grpc: Server) {}

  static async start(data: string): Promise<PretendedSystem> {
    const made = spawn(process.execPath, [join(checkout, 'apps/tillid/bin/tillid.mjs'), 'certificates', '--data', data], { stdio: 'ignore' });
    await once(made, 'exit');
    await mkdir(data, { recursive: true });
    const tls = async (name: string) => readFile(join(data, 'audit/tls', name));
    const grpc = new Server();
    const http = createServer((request, response) => {
      const file = system.log.files.get((request.url ?? '').slice(1));
      response.writeHead(file === undefined ? 404 : 200).end(file);
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const system = new PretendedSystem(data, http, grpc);
    grpc.addService({ replay: AuditServiceService.replay } as never, { replay: (call: ServerWritableStream<ReplayRequest, ReplayBatch>) => void system.replay(call) } as never);
    const port = await new Promise<number>((resolve, reject) => {
      void Promise.all([tls('ca.pem'), tls('cert.pem'), tls('key.pem')]).then(([ca, cert, key]) => grpc.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(ca!, [{ cert_chain: cert!, private_key: key! }], true), (error, bound) => (error ? reject(error) : resolve(bound))));
    });
    const logUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    const everywhere = Object.fromEntries(['identity', 'authentication', 'consent', 'audit'].map((name) => [name, `127.0.0.1:${port}`]));
    await writeFile(join(data, 'log.vkey'), `${vkey}\n`);
    await writeFile(join(data, 'running.json'), JSON.stringify({ grpc: everywhere, logUrl, logHttpsUrl: logUrl, vkeyFile: join(data, 'log.vkey'), callers: join(data, 'callers') }));
    return system;
  }

  stop(): void {
    this.http.close().closeAllConnections();
    this.grpc.forceShutdown();
  }

  /** As audit does, ten looked at in a batch. */
  private async replay(call: ServerWritableStream<ReplayRequest, ReplayBatch>): Promise<void> {
    const { request } = call;
    this.asked.push(request);
    this.keys.push(request.idempotencyKey);
    this.stalled = false;
    const all = [...leaves.slice(0, this.log.edge.size), Buffer.from('not signed yet')];
    const sources = request.filter?.sources ?? [];
    let next = request.resumeToken === undefined ? (request.leafIndex ?? 0) : Number(request.resumeToken);
    for (let sent = 0; next < all.length && !call.cancelled; sent += 1) {
      if (sent === this.stallAfter) this.stalled = true;
      if (this.stalled) return;
      const first = next;
      next = Math.min(all.length, first + 10);
      const found = all.slice(first, next).flatMap((bytes, at) => (sources.length === 0 || (first + at < leaves.length && bytes.length > 20 && sources.includes(sourceOf(bytes))) ? [{ bytes, leafIndex: first + at }] : []));
      call.write(ReplayBatch.fromPartial({ firstLeafIndex: found[0]?.leafIndex ?? next, events: found.map(({ bytes }) => bytes), leafIndexes: sources.length > 0 ? found.map(({ leafIndex }) => leafIndex) : [], resumeToken: String(next), nextLeafIndex: next, endLeafIndex: all.length }));
      if (this.paceMs > 0) await pauseFor(this.paceMs);
    }
    call.end();
  }
}
