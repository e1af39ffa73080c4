import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { checkByPolicy, checkReceiptByPolicy, cosigner, cosignerVkeyOf, leafHash, parseAddCheckpoint, parseNote, parsePolicy, parseReceipt, signNote, vkeyOf, type NoteVerifier, type Policy } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { witnessReading } from '../src/witness/observe-witnessing.js';
import { auditInTest } from './audit-in-test.js';
import { WitnessProcess } from './witness-process.js';

/** The key audit signs with in these tests. */
const logVkey = vkeyOf('log.example/one', Buffer.alloc(32, 5));
const policyText = (witnesses: readonly { name: string; vkey: string; url?: string }[], quorum: string) =>
  `log ${logVkey}\n${witnesses.map(({ name, vkey, url }) => `witness ${name} ${vkey} ${url ?? ''}\n`).join('')}group enough ${quorum} ${witnesses.map(({ name }) => name).join(' ')}\nquorum enough\n`;

let audit: Awaited<ReturnType<typeof auditInTest>>;
let witnesses: WitnessProcess[] = [];
let servers: Server[] = [];
let policy: Policy;

beforeEach(() => {
  witnesses = [];
  servers = [];
});
afterEach(async () => {
  await audit.close();
  for (const witness of witnesses) await witness.remove();
  for (const server of servers) server.close().closeAllConnections();
});

async function withWitnesses(count: number, quorum: string, more: readonly { name: string; vkey: string; url?: string }[] = []): Promise<void> {
  witnesses = await Promise.all(Array.from({ length: count }, (_, index) => WitnessProcess.start(`w${index + 1}`, logVkey)));
  policy = parsePolicy(policyText([...witnesses, ...more], quorum));
  audit = await auditInTest((log: NoteVerifier) => ({ ...policy, logs: [{ key: log, url: undefined }] }));
}
/** A witness made for the test, which answers as it likes. */
async function oddWitness(name: string, seed: number, answer: RequestListener): Promise<{ name: string; vkey: string; url: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { name, vkey: cosignerVkeyOf(`${name}.example`, Buffer.alloc(32, seed)), url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
async function until<Value>(look: () => Value | undefined | false): Promise<Value> {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await pauseFor(25);
  }
  throw new Error('it never came to that');
}
const share = () => audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken' });
const bank = () => audit.service.as({ kind: 'relying_service', id: 'fjordbanken' });
const coverage = async () => (await bank().call(AuditServiceService.getCoverage, {})).coverage!;
const seen = (size: number) => until(() => (audit.cosignedTree.cosigned?.size ?? 0) >= size && audit.cosignedTree.cosigned);
const silence = (name: string) => audit.cosignedTree.witnesses.find((witness) => witness.name === name)!.silentReason;

describe('a tree that witnesses see', () => {
  it('is cosigned by all of them as it grows, and the checkpoint says so', async () => {
    await withWitnesses(3, '2');
    for (let share_ = 0; share_ < 3; share_ += 1) await share();
    await seen(3);
    await until(() => audit.cosignedTree.witnesses.every(({ cosignedSize }) => cosignedSize === 3));
    const { checkpoint } = await bank().call(AuditServiceService.getCheckpoint, {});
    const verdict = checkByPolicy(checkpoint, policy);
    expect([verdict.checkpoint.size, verdict.quorum, verdict.cosigned.length]).toEqual([3, true, 3]);
    expect((await bank().call(AuditServiceService.getCheckpoint, { cosigned: true })).checkpoint).toBe(checkpoint);
    const { witnesses: rows, cosignedSize, notCosigned } = await coverage();
    expect([rows.map(({ name, silentReason }) => [name, silentReason]), cosignedSize, notCosigned]).toEqual([[['w1', ''], ['w2', ''], ['w3', '']], 3, '']);
  });

  it('is cosigned again while it does not grow, so that whoever is shown it knows it is the newest', async () => {
    await withWitnesses(2, 'all');
    await share();
    const { checkpoint: first } = await seen(1);
    const again = await until(() => audit.cosignedTree.cosigned!.checkpoint !== first && audit.cosignedTree.cosigned!.checkpoint);
    const secondsIn = (note: string) => checkByPolicy(note, policy).cosigned.map(({ seconds }) => seconds);
    expect(checkByPolicy(again, policy)).toMatchObject({ quorum: true, checkpoint: { size: 1 } });
    expect(Math.max(...secondsIn(again))).toBeGreaterThan(Math.max(...secondsIn(first)));
    // And who has gone is missed though nothing happens.
    await witnesses[1]!.kill();
    await until(() => silence('w2') === 'witness.no_answer');
  });

  it('gives a relying service a receipt that holds by the policy alone', async () => {
    await withWitnesses(2, 'all');
    const { position } = await share();
    const reply = await bank().call(AuditServiceService.getReceipt, { sourcePosition: `consent/0@${position}`, cosigned: true });
    expect(reply.cosigned).toBe(true);
    expect(checkReceiptByPolicy(parseReceipt(reply.receipt), leafHash(reply.event), policy).cosigned.map(({ witness }) => witness)).toEqual(['w1', 'w2']);
  });

  it('goes on when a minority is silent, says who, and takes them in again', async () => {
    await withWitnesses(3, '2');
    await share();
    await seen(1);
    await until(() => audit.cosignedTree.witnesses.every(({ cosignedSize }) => cosignedSize === 1));
    await witnesses[2]!.kill();
    await share();
    await seen(2);
    await until(() => silence('w3') === 'witness.no_answer');
    expect((await coverage()).witnesses.map(({ cosignedSize, silentReason }) => [cosignedSize, silentReason])).toEqual([[2, ''], [2, ''], [1, 'witness.no_answer']]);
    expect(witnessReading(audit.signedTree, audit.cosignedTree)).toMatchObject({ unwitnessed: 0, witnesses: [{ silent: false }, { silent: false }, { witness: 'w3', silent: true, behind: 1 }] });
    await witnesses[2]!.start();
    await until(() => silence('w3') === '');
  });

  it('is signed on when nobody sees it, and says that nobody does', async () => {
    await withWitnesses(2, 'all');
    await share();
    await seen(1);
    for (const witness of witnesses) await witness.kill();
    const { leafIndex } = await share();
    expect(await audit.signedTree.waitForSize(2, AbortSignal.timeout(10_000))).toBe(true);
    await until(() => silence('w1') !== '' && silence('w2') !== '');
    audit.passTime(11_000);
    expect(await coverage()).toMatchObject({ cosignedSize: 1, notCosigned: 'witness.no_quorum', checkpointSize: 2 });
    await expect(bank().call(AuditServiceService.getReceipt, { leafIndex, cosigned: true }, { timeoutMs: 1000 })).rejects.toThrow('receipt.not_yet');
    expect((await bank().call(AuditServiceService.getReceipt, { leafIndex })).cosigned).toBe(false);
  });

  it('that begins anew under the same name and key is cosigned by nobody who saw the first', async () => {
    await withWitnesses(2, 'any');
    await share();
    await share();
    await until(() => audit.cosignedTree.witnesses.every(({ cosignedSize }) => cosignedSize === 2));
    const other = await auditInTest((log) => ({ ...policy, logs: [{ key: log, url: undefined }] }));
    try {
      for (let more = 0; more < 3; more += 1) await other.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-other', clientId: 'fjordbanken' });
      // Told by 409 what they saw last, it cannot prove that it continues that.
      await until(() => other.cosignedTree.witnesses.every(({ silentReason }) => silentReason === 'witness.proof_refused'));
      expect(other.cosignedTree.cosigned).toBeUndefined();
    } finally {
      await other.close();
    }
  });
});

describe('a witness that is no help', () => {
  const seed = 40;
  it.each([
    ['never answers', () => undefined, 'witness.not_yet'],
    ['answers nonsense', (_request, response) => response.end('<html>'), 'witness.bad_answer'],
    ['answers without end', (_request, response) => void response.write('x'.repeat(100_000)), 'witness.bad_answer'],
    ['has never heard of the log', (_request, response) => response.writeHead(404).end(), 'witness.unknown_log'],
    ['knows another key', (_request, response) => response.writeHead(403).end(), 'witness.key_refused'],
    ['sends elsewhere', (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'witness.no_answer'],
    ['says it is ahead', (_request, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('999999\n'), 'witness.ahead'],
    ['tells the same size for ever', (_request, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('0\n'), 'witness.bad_answer'],
    ['tells no size', (_request, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('zero\n'), 'witness.bad_answer'],
  ] as [string, RequestListener, string][])('because it %s holds nothing up', async (_, answer, reason) => {
    await withWitnesses(1, 'any', [await oddWitness('odd', seed, answer)]);
    await share();
    await seen(1);
    await share();
    await seen(2);
    await until(() => silence('odd') === reason);
    expect(checkByPolicy(audit.cosignedTree.cosigned!.checkpoint, policy).cosigned.map(({ witness }) => witness)).toEqual(['w1']);
  });

  it('because it signs another tree is not counted', async () => {
    const liar = cosigner('odd.example', Buffer.alloc(32, seed), () => 1);
    const odd = await oddWitness('odd', seed, (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        const { text } = parseNote(parseAddCheckpoint(Buffer.concat(parts)).checkpoint);
        response.end(signNote(`${text}more\n`, [liar]).split('\n\n')[1]);
      });
    });
    await withWitnesses(1, 'all', [odd]);
    await share();
    await until(() => silence('odd') === 'witness.bad_answer');
    expect(audit.cosignedTree.cosigned).toBeUndefined();
  });
});
