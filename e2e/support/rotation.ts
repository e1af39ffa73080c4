import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import {
  decodeKeyEncryptionKeys, decodeTokenKeys, encodeKeyEncryptionKeys, encodeTokenKeys, issueCertificate, replaceSecretFile, rotateKeyEncryptionKey, rotateTokenKeys, type Secrets, systemIds,
} from '@tillid/crypto';
import type { EventStore } from '@tillid/eventsourcing';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { SourceSigner } from '@tillid/service';
import { beforeAll, describe, expect, it } from 'vitest';
import { addCitizen, signIn } from './citizen.js';
import { playDay } from './day-report.js';
import { idOf, keyIn, Outsider, putNextLogKey, untilSigned } from './log-key.js';
import { replayed } from './replayed.js';
import { type ServiceName, serviceNames, type System } from './system.js';
import { until } from './until.js';

/** A running system, and its services' state as another replica would have it. */
export interface RotatedSystem {
  readonly system: System;
  secretsOf(name: ServiceName): Promise<Secrets>;
  logOf(name: ServiceName): Promise<EventStore>;
}

/** Every certificate and every key is replaced while it runs. `rotated` is asked once the system is up. */
export function rotatesLive(ofWhat: string, rotated: () => RotatedSystem): void {
  describe(`${ofWhat}, whose certificates and keys are all replaced while it runs`, () => {
    let system: System;
    /** Got before anything was rotated. */
    let early: { readonly token: string };
    beforeAll(async () => {
      ({ system } = rotated());
      await playDay(system, '--citizens', '4');
      early = await signIn(system, await addCitizen(system, '6705801242'));
    });
    const logs = () => system.running.replicas.map(({ name }) => readFileSync(join(system.data, 'logs', `${name}.log`), 'utf8'));

    /** While the service is told nothing. */
    async function renewSourceKey(name: ServiceName): Promise<boolean> {
      const store = await rotated().logOf(name);
      try {
        return await (await SourceSigner.open({ source: `${name}/0`, store, secrets: await rotated().secretsOf(name), clock: systemClock, ids: systemIds })).renew(0);
      } finally {
        await store.close();
      }
    }

    it('goes on: nobody is refused, no consumer is parked, and what was given before still counts', async () => {
      const { pids } = system.running;
      await Promise.all(serviceNames.map((name) => renewCertificate(system, name)));
      expect(await Promise.all(serviceNames.map(renewSourceKey))).toEqual([true, true, true, true]);
      await rotateTokenKeysNow(await rotated().secretsOf('authentication'));
      await rotateKeyEncryptionKeysNow(await rotated().secretsOf('identity'));

      const [day] = await Promise.all([
        playDay(system, '--citizens', '4'),
        until('renewed certificates in use', () => logs().every((log) => log.includes('a renewed certificate is in use'))),
      ]);
      expect(day.expectations.filter(({ held }) => !held)).toEqual([]);
      expect(await readsOwnLog(system, early.token)).toBeGreaterThan(0);
      // Each replica hears of the new key in its own time: the next sign-in may be another's, with the old one still.
      let late = early;
      await until('a token of the new key', async () => kidOf((late = await signIn(system, await addCitizen(system, nationalNumber()))).token) !== kidOf(early.token), 120_000);
      expect(kidOf(late.token)).not.toBe(kidOf(early.token));
      expect(await readsOwnLog(system, late.token)).toBeGreaterThan(0);

      const status = await system.tillid('status', '--json');
      expect(status.code, status.stdout).toBe(0);
      expect(system.running.pids).toEqual(pids);
      expect(logs().filter((log) => /"level":"error"/.test(log))).toEqual([]);
    });

    it('holds before the auditor, each head under the key that was in force there', async () => {
      for (const args of [['verify', '--entries'], ['compare']]) {
        const verdict = await system.auditor(...args);
        expect(verdict.code, `${args.join(' ')}\n${verdict.stdout}${verdict.stderr}`).toBe(0);
      }
      const announced = (await replayed(system)).filter(({ type }) => type === 'tillid.event.v1.SourceKeyAnnounced').map(({ source }) => source);
      expect(announced.toSorted()).toEqual(serviceNames.flatMap((name) => [`${name}/0`, `${name}/0`]).toSorted());
    });

    it("takes a next key for its log, which both sign for a time: who knows the old one is led to the new, and a receipt holds under either", async () => {
      const outsider = new Outsider(system);
      const old = outsider.keepsKey('old.vkey');
      await outsider.keepsReceipt('before', 5);
      await putNextLogKey(await rotated().secretsOf('audit'));
      await untilSigned(system, 'a tree that both keys signed', (signers) => signers.length === 2 && signers[0] === idOf(keyIn(old)));
      await outsider.keepsReceipt('after', 5);
      const verdict = await system.auditor('verify', '--entries', '--vkey', old, '--json');
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
      const { log } = JSON.parse(verdict.stdout) as { log: { keys: { vkey: string; nextVkey: string }[] } };
      expect(log.keys).toMatchObject([{ vkey: keyIn(old), nextVkey: expect.any(String) }]);
      const next = outsider.keeps('next.vkey', `${log.keys[0]!.nextVkey}\n`);
      expect((await system.auditor('verify', '--entries', '--vkey', next)).code).toBe(0);
      expect(await outsider.saysOfReceipt('before', outsider.policy(old))).toBe('HOLDS');
      for (const key of [old, next]) expect(await outsider.saysOfReceipt('after', outsider.policy(key))).toBe('HOLDS');
      expect(logs().filter((log) => /"level":"error"/.test(log))).toEqual([]);
    });

    it('starts again, with what it has now', async () => {
      await system.stop();
      await system.up();
      const verdict = await system.auditor('compare');
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
    });
  });
}

const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;

async function readsOwnLog(system: System, token: string): Promise<number> {
  const agent = rpcClient(AuditServiceService, system.running.grpc.audit, rpcCredentials(readTlsIdentity(system.caller('citizen_agent', 'tillid-agent')), 'audit'));
  try {
    return (await agent.listAccessLog({}, { token })).entries.length;
  } finally {
    agent.close();
  }
}

/** As `tillid up` does when they are due: for the same key, into the folder of a service that runs. */
async function renewCertificate(system: System, name: ServiceName): Promise<void> {
  const authority = { keyPem: await readFile(join(system.data, 'authority', 'ca.key'), 'utf8'), certificatePem: await readFile(join(system.data, 'authority', 'ca.pem'), 'utf8') };
  const tls = join(system.data, name, 'tls');
  const renewed = await issueCertificate(authority, await readFile(join(tls, 'request.pem'), 'utf8'), { kind: 'service', id: name }, Date.now());
  await replaceSecretFile(join(tls, 'cert.pem'), renewed);
}

/** The time of the key that signs is over at once, and another replica has made the next: what takes ninety days and a day, now. */
async function rotateTokenKeysNow(secrets: Secrets): Promise<void> {
  const content = (await secrets.read('token-keys.json'))!;
  const ended = decodeTokenKeys(content).map((key) => ({ ...key, signsUntilMs: Math.min(key.signsUntilMs, Date.now()) }));
  expect(await secrets.replace('token-keys.json', content, encodeTokenKeys(rotateTokenKeys(ended, Date.now(), systemIds)))).toBe(true);
}

async function rotateKeyEncryptionKeysNow(secrets: Secrets): Promise<void> {
  const content = (await secrets.read('key-encryption-keys.json'))!;
  const next = encodeKeyEncryptionKeys(rotateKeyEncryptionKey(decodeKeyEncryptionKeys(content), systemIds));
  expect(await secrets.replace('key-encryption-keys.json', content, next)).toBe(true);
}

let numbers = 0;
/** Sixty is added to the day, so the number belongs to nobody. */
function nationalNumber(): string {
  return `670580${String(2000 + ++numbers)}`;
}
