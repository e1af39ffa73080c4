import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import {
  decodeKeyEncryptionKeys, decodeTokenKeys, encodeKeyEncryptionKeys, encodeTokenKeys, fileSecrets, issueCertificate, replaceSecretFile, rotateKeyEncryptionKey, rotateTokenKeys, systemIds,
} from '@tillid/crypto';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { SourceSigner } from '@tillid/service';
import { sqliteEventStore } from '@tillid/store-sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCitizen, signIn } from './support/citizen.js';
import { playDay } from './support/day-report.js';
import { replayed } from './support/replayed.js';
import { type ServiceName, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

let system: System;
/** Got before anything was rotated. */
let early: { readonly token: string };

beforeAll(async () => {
  system = await System.start(21_900);
  await playDay(system, '--citizens', '4');
  early = await signIn(system, await addCitizen(system, '6705801242'));
});
afterAll(() => system?.remove());

const secretsOf = (name: ServiceName) => fileSecrets(join(system.data, name, 'secrets'));
const logOf = (name: ServiceName) => readFileSync(join(system.data, 'logs', `${name}.log`), 'utf8');
const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;

async function readsOwnLog(token: string): Promise<number> {
  const agent = rpcClient(AuditServiceService, system.running.grpc.audit, rpcCredentials(readTlsIdentity(system.caller('citizen_agent', 'tillid-agent')), 'audit'));
  try {
    return (await agent.listAccessLog({}, { token })).entries.length;
  } finally {
    agent.close();
  }
}

/** As `tillid up` does when they are due: for the same key, into the folder of a service that runs. */
async function renewCertificate(name: ServiceName): Promise<void> {
  const authority = { keyPem: await readFile(join(system.data, 'authority', 'ca.key'), 'utf8'), certificatePem: await readFile(join(system.data, 'authority', 'ca.pem'), 'utf8') };
  const tls = join(system.data, name, 'tls');
  const renewed = await issueCertificate(authority, await readFile(join(tls, 'request.pem'), 'utf8'), { kind: 'service', id: name }, Date.now());
  await replaceSecretFile(join(tls, 'cert.pem'), renewed);
}

/** As another replica would: on the same log and the same secrets, while the service is told nothing. */
async function renewSourceKey(name: ServiceName): Promise<boolean> {
  const store = await sqliteEventStore({ path: join(system.data, name, 'log.sqlite') });
  try {
    return await (await SourceSigner.open({ source: `${name}/0`, store, secrets: secretsOf(name), clock: systemClock, ids: systemIds })).renew(0);
  } finally {
    await store.close();
  }
}

/** The time of the key that signs is over at once, and another replica has made the next: what takes ninety days and a day, now. */
async function rotateTokenKeysNow(): Promise<void> {
  const secrets = secretsOf('authentication');
  const content = (await secrets.read('token-keys.json'))!;
  const ended = decodeTokenKeys(content).map((key) => ({ ...key, signsUntilMs: Math.min(key.signsUntilMs, Date.now()) }));
  expect(await secrets.replace('token-keys.json', content, encodeTokenKeys(rotateTokenKeys(ended, Date.now(), systemIds)))).toBe(true);
}

async function rotateKeyEncryptionKeysNow(): Promise<void> {
  const secrets = secretsOf('identity');
  const content = (await secrets.read('key-encryption-keys.json'))!;
  const next = encodeKeyEncryptionKeys(rotateKeyEncryptionKey(decodeKeyEncryptionKeys(content), systemIds));
  expect(await secrets.replace('key-encryption-keys.json', content, next)).toBe(true);
}

describe('a system whose certificates and keys are all replaced while it runs', () => {
  it('goes on: nobody is refused, no consumer is parked, and what was given before still counts', async () => {
    const { pids } = system.running;
    await Promise.all(serviceNames.map(renewCertificate));
    expect(await Promise.all(serviceNames.map(renewSourceKey))).toEqual([true, true, true, true]);
    await rotateTokenKeysNow();
    await rotateKeyEncryptionKeysNow();

    const [day] = await Promise.all([
      playDay(system, '--citizens', '4'),
      until('renewed certificates in use', () => serviceNames.every((name) => logOf(name).includes('a renewed certificate is in use'))),
    ]);
    expect(day.expectations.filter(({ held }) => !held)).toEqual([]);
    expect(await readsOwnLog(early.token)).toBeGreaterThan(0);
    await until('a token of the new key', async () => kidOf((await signIn(system, await addCitizen(system, nationalNumber()))).token) !== kidOf(early.token), 120_000);
    const late = await signIn(system, await addCitizen(system, nationalNumber()));
    expect(kidOf(late.token)).not.toBe(kidOf(early.token));
    expect(await readsOwnLog(late.token)).toBeGreaterThan(0);

    const status = await system.tillid('status', '--json');
    expect(status.code, status.stdout).toBe(0);
    expect(system.running.pids).toEqual(pids);
    expect(serviceNames.map((name) => /"level":"error"/.test(logOf(name)))).toEqual([false, false, false, false]);
  });

  it('holds before the auditor, each head under the key that was in force there', async () => {
    for (const args of [['verify', '--entries'], ['compare']]) {
      const verdict = await system.auditor(...args);
      expect(verdict.code, `${args.join(' ')}\n${verdict.stdout}${verdict.stderr}`).toBe(0);
    }
    const announced = (await replayed(system)).filter(({ type }) => type === 'tillid.event.v1.SourceKeyAnnounced').map(({ source }) => source);
    expect(announced.toSorted()).toEqual(serviceNames.flatMap((name) => [`${name}/0`, `${name}/0`]).toSorted());
  });

  it('starts again, with what it has now', async () => {
    await system.stop();
    await system.up();
    const verdict = await system.auditor('compare');
    expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
  });
});

let numbers = 0;
/** Sixty is added to the day, so the number belongs to nobody. */
function nationalNumber(): string {
  return `670580${String(2000 + ++numbers)}`;
}
