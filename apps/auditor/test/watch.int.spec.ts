import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { formatAddCheckpoint, InMemoryLog, noteSigner, openNote, parseCosignerVkey, parseSignatures, parseSize, parseVkey, proveConsistency, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logOf, vkey as recordVkey, workingDay } from '../src/record.spec-kit.js';

const program = join(import.meta.dirname, '../bin/tillid-auditor.mjs');
const origin = 'log.example/one';
const seed = Buffer.alloc(32, 3);
const signer = noteSigner(origin, seed);

let folder: string;
let servers: Server[];
let witnesses: { stop(): Promise<void>; readonly url: string; readonly vkey: string }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-watch-'));
  [servers, witnesses] = [[], []];
  await writeFile(join(folder, 'log.vkey'), `${vkeyOf(origin, seed)}\n`);
});
afterEach(async () => {
  for (const { stop } of witnesses) await stop();
  for (const server of servers) server.close().closeAllConnections();
  await rm(folder, { recursive: true });
});

/** A log's operator, who shows whoever asks here whatever `shown` holds at the time. */
async function operator(shown: { log: InMemoryLog }): Promise<string> {
  const server = createServer((request, response) => {
    const file = shown.log.files.get((request.url ?? '').slice(1));
    response.writeHead(file === undefined ? 404 : 200).end(file);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
async function witness(name: string): Promise<(typeof witnesses)[number]> {
  const child = spawn(process.execPath, [program, 'witness', '--folder', join(folder, name), '--name', `${name}.example`, '--log', join(folder, 'log.vkey'), '--listen', '127.0.0.1:0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const started = {
    ...(JSON.parse(line.toString()) as { url: string; vkey: string }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  witnesses.push(started);
  return started;
}
async function policyOf(...named: (typeof witnesses)[number][]): Promise<string> {
  const path = join(folder, 'policy');
  await writeFile(path, `log ${vkeyOf(origin, seed)}\n${named.map(({ url, vkey }, index) => `witness W${index} ${vkey} ${url}\n`).join('')}group most ${Math.floor(named.length / 2) + 1} ${named.map((_, index) => `W${index}`).join(' ')}\nquorum most\n`);
  return path;
}
/** As audit does: with its size told by 409, and the proof its own tiles give. Answers the status, and puts the cosignature under the log's checkpoint. */
async function cosignedBy({ url }: (typeof witnesses)[number], log: InMemoryLog): Promise<number> {
  const checkpoint = Buffer.from(log.files.get('checkpoint')!).toString('utf8');
  let oldSize = 0;
  for (;;) {
    const proof = await proveConsistency(oldSize, log.edge.size, subtreeRootsFrom(log, log.edge.size));
    const reply = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: formatAddCheckpoint({ oldSize, proof, checkpoint: checkpoint.split('\n\n')[0] + '\n\n' + checkpoint.split('\n\n')[1]!.split('\n')[0] + '\n' }) });
    const body = await reply.text();
    if (reply.status !== 409) {
      if (reply.status === 200) {
        expect(parseSignatures(body)).toHaveLength(1);
        log.files.set('checkpoint', Buffer.from(checkpoint + body));
      }
      return reply.status;
    }
    oldSize = parseSize(body);
  }
}
const entries = (what: string, count: number) => Array.from({ length: count }, (_, index) => Buffer.from(`${what}-${index}`));
function logWith(...parts: readonly Buffer[][]): InMemoryLog {
  const log = new InMemoryLog(signer);
  for (const part of parts) log.append(part, true);
  return log;
}
async function watch(url: string, ...more: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, 'watch', url, '--vkey', join(folder, 'log.vkey'), ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}
const lookIn = (out: string) => JSON.parse(out) as { holds: boolean; size: number; newLeaves: number; tilesChecked: number; entriesChecked: number; alarms: { code: string; evidence?: string[] }[]; witnesses: { silent?: string }[] };
const alarmIn = (out: string) => lookIn(out).alarms[0]!;

describe('watching a log', () => {
  it('proves each growth from where it stood, and reads only what is new', async () => {
    const shown = { log: logWith(entries('a', 700)) };
    const url = await operator(shown);
    const state = join(folder, 'seen');
    const first = await watch(url, '--once', '--json', '--state', state);
    expect([first.code, lookIn(first.out)]).toMatchObject([0, { holds: true, size: 700, newLeaves: 700, tilesChecked: 4 }]);
    shown.log.append(entries('b', 900), true);
    const second = await watch(url, '--once', '--json', '--state', state);
    // Tile 2 to 6 of the leaves, and the one above them.
    expect([second.code, lookIn(second.out)]).toMatchObject([0, { size: 1600, newLeaves: 900, tilesChecked: 6 }]);
    expect(await readFile(state, 'utf8')).toBe(Buffer.from(shown.log.files.get('checkpoint')!).toString());
  });

  it('goes on until something is wrong, and then says what and ends with 1', async () => {
    const shown = { log: logWith(entries('a', 300)) };
    const url = await operator(shown);
    const child = spawn(process.execPath, [program, 'watch', url, '--vkey', join(folder, 'log.vkey'), '--interval', '0.1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!out.includes('300 leaves') && text.includes('300 leaves')) shown.log.append(entries('b', 5), true);
      if (!out.includes('305 leaves') && text.includes('305 leaves')) shown.log = logWith(entries('x', 310));
      out += text;
    });
    expect(((await once(child, 'close')) as [number])[0]).toBe(1);
    expect(out).toMatch(/305 leaves \(\+5\)[\s\S]*WRONG\n {2}checkpoint\.forked[\s\S]*signed:\n {4}log\.example\/one\n {4}305\n[\s\S]*signed:\n {4}log\.example\/one\n {4}310\n/);
  });

  it.each([
    ['a tree that shrank', (shown: { log: InMemoryLog }) => void (shown.log = logWith(entries('a', 600))), 'checkpoint.shrunk'],
    ['another tree of the same size', (shown: { log: InMemoryLog }) => void (shown.log = logWith(entries('x', 700))), 'checkpoint.forked'],
    ['a tree that does not go on from the one seen', (shown: { log: InMemoryLog }) => void (shown.log = logWith(entries('a', 699), entries('x', 300))), 'checkpoint.forked'],
    ['a new leaf tile that was changed', (shown: { log: InMemoryLog }) => grown(shown, (log) => change(log, 'tile/0/003')), 'tile.mismatch'],
    ['a tile above that was changed', (shown: { log: InMemoryLog }) => grown(shown, (log) => change(log, 'tile/1/000.p/5')), 'tile.mismatch'],
    ['a new tile that is not there', (shown: { log: InMemoryLog }) => grown(shown, (log) => log.files.delete('tile/0/004')), 'tile.missing'],
    ['a tile cut short', (shown: { log: InMemoryLog }) => grown(shown, (log) => log.files.set('tile/0/004', log.files.get('tile/0/004')!.subarray(1))), 'tile.wrong_length'],
    ['a checkpoint of another key', (shown: { log: InMemoryLog }) => grown(shown, (log) => void log.files.set('checkpoint', new InMemoryLog(noteSigner(origin, Buffer.alloc(32, 9))).files.get('checkpoint')!)), 'checkpoint.refused'],
    ['no checkpoint', (shown: { log: InMemoryLog }) => grown(shown, (log) => log.files.delete('checkpoint')), 'checkpoint.missing'],
  ])('finds %s', async (_, tamper, code) => {
    const shown = { log: logWith(entries('a', 700)) };
    const url = await operator(shown);
    const state = join(folder, 'seen');
    await watch(url, '--once', '--state', state);
    const kept = await readFile(state, 'utf8');
    tamper(shown);
    const found = await watch(url, '--once', '--json', '--state', state);
    expect([found.code, alarmIn(found.out).code]).toEqual([1, code]);
    expect(await readFile(state, 'utf8')).toBe(kept);
  });

  it('looks again, a few at a time, at what it has seen: a tile that is gone or changed since is found', async () => {
    const state = join(folder, 'seen');
    for (const [tamper, code] of [[(log: InMemoryLog) => log.files.delete('tile/0/001'), 'tile.missing'], [(log: InMemoryLog) => change(log, 'tile/0/001'), 'tile.mismatch']] as const) {
      const shown = { log: logWith(entries('a', 700)) };
      const url = await operator(shown);
      await watch(url, '--once', '--state', state);
      tamper(shown.log);
      // One that reads only what is new does not see it.
      expect((await watch(url, '--once', '--state', state, '--again', '0')).code).toBe(0);
      const found = await watch(url, '--once', '--json', '--state', state, '--again', '2');
      expect([found.code, alarmIn(found.out).code]).toEqual([1, code]);
    }
  });

  it('says that it could not look at a log that does not answer: exit 2', async () => {
    expect((await watch('http://127.0.0.1:1', '--once')).code).toBe(2);
  });
});

describe('watching every entry', () => {
  const day = workingDay();
  async function onDisk(change_?: (log: InMemoryLog) => void): Promise<string> {
    const log = logOf(day.leaves);
    change_?.(log);
    for (const [path, bytes] of log.files) {
      await mkdir(join(folder, 'log', path, '..'), { recursive: true });
      await writeFile(join(folder, 'log', path), bytes);
    }
    await writeFile(join(folder, 'log.vkey'), `${recordVkey}\n`);
    return join(folder, 'log');
  }
  it('holds for a log as its sources signed it', async () => {
    const { code, out } = await watch(await onDisk(), '--once', '--json', '--entries');
    expect([code, lookIn(out)]).toMatchObject([0, { entriesChecked: 609 }]);
  });
  it('finds an entry that is not its leaf', async () => {
    const { code, out } = await watch(await onDisk((log) => change(log, 'tile/entries/001', 5000)), '--once', '--json', '--entries');
    expect([code, alarmIn(out).code]).toEqual([1, 'entry.mismatch']);
  });
  it('finds an entry left out by an operator who signed the rest anew', async () => {
    const log = logOf(day.leaves.toSpliced(300, 1));
    const { code, out } = await watch(await onDisk((all) => [...log.files].forEach(([path, bytes]) => all.files.set(path, bytes))), '--once', '--json', '--entries');
    expect(code).toBe(1);
    expect(alarmIn(out).code).toMatch(/^(?:position|chain|head|entry|commit|revision|source|stream)\./);
  });
});

describe('an operator who shows two people two logs', () => {
  const honest = () => logWith(entries('a', 300), entries('b', 20));
  const forked = () => logWith(entries('a', 300), entries('x', 30));

  it('gets the second cosigned by none of the witnesses of the first, and proves it no quorum', async () => {
    const [one, two, three] = [await witness('one'), await witness('two'), await witness('three')];
    const [first, second] = [honest(), forked()];
    expect([await cosignedBy(one, first), await cosignedBy(two, first)]).toEqual([200, 200]);
    // One witness is won for each side: two of three cannot be had twice.
    expect([await cosignedBy(one, second), await cosignedBy(two, second), await cosignedBy(three, second)]).toEqual([422, 422, 200]);
    const policy = await policyOf(one, two, three);
    const [shownFirst, shownSecond] = [await operator({ log: first }), await operator({ log: second })];
    expect(openNote(first.files.get('checkpoint')!, [parseVkey(vkeyOf(origin, seed)), parseCosignerVkey(one.vkey)]).signatures).toHaveLength(3);

    const person2 = await watch(shownSecond, '--once', '--json', '--policy', policy);
    expect([person2.code, alarmIn(person2.out).code]).toEqual([1, 'checkpoint.forked']);
    // What was found is proof for anyone: two trees, both under the log's own signature.
    expect(alarmIn(person2.out).evidence!.map((note) => openNote(note, [parseVkey(vkeyOf(origin, seed))]).text.split('\n')[1])).toEqual(['320', '330']);
    const person1 = await watch(shownFirst, '--once', '--json', '--policy', policy);
    // The third witness signed the fork, so the first person finds out too.
    expect([person1.code, alarmIn(person1.out).code]).toEqual([1, 'checkpoint.withheld']);
  });

  it('is found by whoever looks at a log that no quorum has seen, even when the witnesses say nothing', async () => {
    const [one, two] = [await witness('one'), await witness('two')];
    const first = honest();
    expect([await cosignedBy(one, first), await cosignedBy(two, first)]).toEqual([200, 200]);
    const policy = await policyOf(one, two);
    const holds = await watch(await operator({ log: first }), '--once', '--json', '--policy', policy);
    expect([holds.code, lookIn(holds.out).witnesses]).toMatchObject([0, [{ name: 'W0', size: 320 }, { name: 'W1', size: 320 }]]);
    for (const { stop } of witnesses) await stop();
    const found = await watch(await operator({ log: forked() }), '--once', '--json', '--policy', policy);
    expect([found.code, alarmIn(found.out).code]).toEqual([1, 'checkpoint.not_cosigned']);
    // The log that the quorum saw holds without them: its checkpoint carries their word.
    const silent = await watch(await operator({ log: first }), '--once', '--json', '--policy', policy);
    expect([silent.code, lookIn(silent.out).witnesses.map((each) => each.silent)]).toEqual([0, ['no answer', 'no answer']]);
  });

  it('is found out by whoever a witness gives the proof that it was shown two trees of one size', async () => {
    const one = await witness('one');
    const [shown, other] = [honest(), logWith(entries('a', 300), entries('x', 20))];
    expect([await cosignedBy(one, shown), await cosignedBy(one, other)]).toEqual([200, 422]);
    const found = await watch(await operator({ log: shown }), '--once', '--json', '--policy', await policyOf(one));
    expect([found.code, alarmIn(found.out).code]).toEqual([1, 'checkpoint.forked']);
    expect(alarmIn(found.out).evidence!.map((note) => openNote(note, [parseVkey(vkeyOf(origin, seed))]).text.split('\n')[1])).toEqual(['320', '320']);
  });

  it('is found when all that it shows one of them was seen by the witnesses long ago, and they do not answer there', async () => {
    const one = await witness('one');
    const shown = honest();
    await cosignedBy(one, shown);
    const [url, policy] = [await operator({ log: shown }), await policyOf(one)];
    await one.stop();
    expect((await watch(url, '--once', '--policy', policy)).code).toBe(0);
    await setTimeout(1100);
    const found = await watch(url, '--once', '--json', '--policy', policy, '--stale', '0');
    expect([found.code, alarmIn(found.out).code]).toEqual([1, 'checkpoint.stale']);
  });

  it('is found when it withholds the newest from one of them', async () => {
    const one = await witness('one');
    const shown = { log: honest() };
    const url = await operator(shown);
    await cosignedBy(one, shown.log);
    const older = logWith(entries('a', 300), entries('b', 10));
    older.files.set('cosigned-checkpoint', shown.log.files.get('checkpoint')!);
    shown.log = older;
    const found = await watch(url, '--once', '--json', '--policy', await policyOf(one));
    expect([found.code, alarmIn(found.out).code]).toEqual([1, 'checkpoint.withheld']);
  });
});

function grown(shown: { log: InMemoryLog }, tamper: (log: InMemoryLog) => unknown): void {
  shown.log.append(entries('b', 700));
  tamper(shown.log);
}
function change(log: InMemoryLog, path: string, at = 40): void {
  const bytes = Uint8Array.from(log.files.get(path)!);
  bytes[at]! ^= 1;
  log.files.set(path, bytes);
}
