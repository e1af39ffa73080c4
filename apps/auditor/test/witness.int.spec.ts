import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatAddCheckpoint, InMemoryLog, noteSigner, openNote, parseCheckpoint, parseCosignerVkey, parseVkey, proveConsistency, signCheckpoint, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../bin/tillid-auditor.mjs');
const origin = 'log.example/one';
const seed = Buffer.alloc(32, 3);
const signer = noteSigner(origin, seed);
const entries = (what: string, count: number) => Array.from({ length: count }, (_, index) => Buffer.from(`${what}-${index}`));
const checkpointOf = (log: InMemoryLog) => Buffer.from(log.files.get('checkpoint')!).toString('utf8');

let folder: string;
let witness: { readonly process: ChildProcess; readonly url: string; readonly vkey: string };

async function startWitness(...more: string[]): Promise<void> {
  const child = spawn(process.execPath, [program, 'witness', '--folder', join(folder, 'witness'), '--log', join(folder, 'log.vkey'), '--listen', '127.0.0.1:0', '--json', ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  witness = { process: child, ...(JSON.parse(line) as { url: string; vkey: string }) };
}
async function endWitness(signal: NodeJS.Signals): Promise<void> {
  if (witness.process.exitCode !== null || witness.process.signalCode !== null) return;
  witness.process.kill(signal);
  await once(witness.process, 'exit');
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-witness-'));
  await writeFile(join(folder, 'log.vkey'), `${vkeyOf(origin, seed)}\n`);
  await startWitness('--name', 'witness.example/one');
});
afterEach(async () => {
  await endWitness('SIGTERM');
  await rm(folder, { recursive: true });
});

async function post(body: string | Uint8Array): Promise<{ status: number; type: string | null; body: string }> {
  const reply = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) });
  return { status: reply.status, type: reply.headers.get('content-type'), body: await reply.text() };
}
/** As the log's operator asks: with the proof its own tiles give. */
async function ask(log: InMemoryLog, oldSize: number, checkpoint = checkpointOf(log), provenFrom = oldSize) {
  const proof = provenFrom > log.edge.size ? [] : await proveConsistency(provenFrom, log.edge.size, subtreeRootsFrom(log, log.edge.size));
  return post(formatAddCheckpoint({ oldSize, proof, checkpoint }));
}
const honest = (size: number) => {
  const log = new InMemoryLog(signer);
  log.append(entries('honest', size));
  return log;
};
const fork = (size: number) => {
  const log = new InMemoryLog(signer);
  log.append([...entries('honest', 2), ...entries('forked', size - 2)]);
  return log;
};

describe('a witness', () => {
  it('keeps its key to itself and its name for good', async () => {
    expect((await stat(join(folder, 'witness/witness.seed'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(folder, 'witness/witness.vkey'), 'utf8')).trim()).toBe(witness.vkey);
    const before = witness.vkey;
    await endWitness('SIGTERM');
    await startWitness();
    expect(witness.vkey).toBe(before);
  });

  it('cosigns a log from its first checkpoint on, as it grows, and again what it cosigned', async () => {
    const log = new InMemoryLog(signer);
    for (const [oldSize, size] of [[0, 0], [0, 7], [7, 300], [300, 300]] as const) {
      log.append(entries('honest', size).slice(log.edge.size));
      const { status, body } = await ask(log, oldSize);
      expect([size, status]).toEqual([size, 200]);
      const opened = openNote(`${checkpointOf(log)}${body}`, [parseVkey(vkeyOf(origin, seed)), parseCosignerVkey(witness.vkey)]);
      expect(opened.signatures.map(({ name }) => name)).toEqual([origin, 'witness.example/one']);
    }
    const monitored = await fetch(`${witness.url}/${createHash('sha256').update(origin).digest('hex')}/checkpoint`);
    expect(parseCheckpoint(openNote(await monitored.text(), [parseCosignerVkey(witness.vkey)]).text).size).toBe(300);
  });

  it('answers exactly as the specification says', async () => {
    const log = honest(7);
    expect(await ask(log, 3)).toEqual({ status: 409, type: 'text/x.tlog.size', body: '0\n' });
    expect((await ask(log, 0)).status).toBe(200);
    expect(await ask(log, 0)).toEqual({ status: 409, type: 'text/x.tlog.size', body: '7\n' });
    expect((await ask(log, 8)).status).toBe(400);
    const stranger = new InMemoryLog(noteSigner('log.example/other', seed));
    expect((await ask(stranger, 0)).status).toBe(404);
    const root = Buffer.alloc(32, 1);
    const forged = (size: number, by = signer) => signCheckpoint({ origin, size, root }, [by]);
    expect((await ask(log, 7, forged(9, noteSigner(origin, Buffer.alloc(32, 4))))).status).toBe(403);
    expect((await ask(log, 7, forged(7))).status).toBe(422);
    expect((await ask(log, 7, forged(9))).status).toBe(422);
    for (const body of ['', 'old 7\n', 'old x\n\n', `old 07\n\n${checkpointOf(log)}`, `old 7\n${'A\n'}\n${checkpointOf(log)}`]) expect((await post(body)).status).toBe(400);
    expect((await post(Buffer.alloc(200_000, 0x41))).status).toBe(413);
    expect((await fetch(`${witness.url}/`)).status).toBe(404);
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405);
    expect((await fetch(`${witness.url}/${'0'.repeat(64)}/checkpoint`)).status).toBe(404);
    // After all of that it stands where it stood.
    expect((await ask(honest(8), 7)).status).toBe(200);
  });

  it('takes no empty tree that is not empty, and no proof from nothing', async () => {
    expect((await post(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: signCheckpoint({ origin, size: 0, root: Buffer.alloc(32, 1) }, [signer]) }))).status).toBe(422);
    expect((await post(formatAddCheckpoint({ oldSize: 0, proof: [Buffer.alloc(32)], checkpoint: checkpointOf(honest(3)) }))).status).toBe(422);
  });

  it('refuses a fork, whatever the operator tells it was the old tree', async () => {
    expect((await ask(honest(7), 0)).status).toBe(200);
    expect((await ask(fork(9), 0)).status).toBe(409);
    expect((await ask(fork(9), 7)).status).toBe(422);
    expect((await ask(fork(7), 7)).status).toBe(422);
    expect((await ask(honest(5), 5)).status).toBe(409);
    expect((await ask(honest(5), 7)).status).toBe(400);
  });

  it('keeps the proof when it is shown two trees of one size, and gives it to whoever asks', async () => {
    const proof = () => fetch(`${witness.url}/${createHash('sha256').update(origin).digest('hex')}/fork`);
    expect((await ask(honest(7), 0)).status).toBe(200);
    expect((await ask(fork(9), 7)).status).toBe(422);
    // A larger tree that it cannot be proven to continue could be a proof gone wrong.
    expect((await proof()).status).toBe(404);
    expect((await ask(fork(7), 7)).status).toBe(422);
    // Under another key it is nobody's.
    await ask(fork(7), 7, signCheckpoint({ origin, size: 7, root: Buffer.alloc(32, 1) }, [noteSigner(origin, Buffer.alloc(32, 4))]));
    await endWitness('SIGKILL');
    await startWitness();
    expect((await ask(honest(8), 7)).status).toBe(200);
    const notes = (await (await proof()).json()) as string[];
    const trees = notes.map((note) => parseCheckpoint(openNote(note, [parseVkey(vkeyOf(origin, seed))]).text));
    expect(trees.map(({ size }) => size)).toEqual([7, 7]);
    expect(trees.map(({ root }) => root.toString('hex'))).toEqual([honest(7), fork(7)].map((log) => parseCheckpoint(openNote(checkpointOf(log), [parseVkey(vkeyOf(origin, seed))]).text).root.toString('hex')));
  });

  it('that was killed the moment it answered refuses a fork after it starts again', async () => {
    for (let size = 5, before = 0; size <= 8; before = size, size += 1) {
      expect((await ask(honest(size), before)).status).toBe(200);
      await endWitness('SIGKILL');
      await startWitness();
      expect(await ask(fork(20), 0)).toEqual({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` });
      expect((await ask(fork(20), size)).status).toBe(422);
    }
  });

  it('gives two forks asked at once one cosignature between them', async () => {
    const answers = await Promise.all([honest(7), fork(8), honest(9), fork(10)].map((log) => ask(log, 0)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  });

  it('has its folder to itself', async () => {
    const second = spawn(process.execPath, [program, 'witness', '--folder', join(folder, 'witness'), '--log', join(folder, 'log.vkey'), '--listen', '127.0.0.1:0'], { stdio: 'ignore' });
    expect((await once(second, 'exit'))[0]).toBe(2);
  });

  it('does not start on a state it cannot read: a fork could not be told', async () => {
    expect((await ask(honest(7), 0)).status).toBe(200);
    await endWitness('SIGTERM');
    await writeFile(join(folder, 'witness', `${createHash('sha256').update(origin).digest('hex')}.checkpoint`), 'nothing\n');
    const again = spawn(process.execPath, [program, 'witness', '--folder', join(folder, 'witness'), '--log', join(folder, 'log.vkey'), '--listen', '127.0.0.1:0'], { stdio: 'ignore' });
    expect((await once(again, 'exit'))[0]).toBe(2);
  });
});
