import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSecrets, openSecretFile, parseSecret, readSealingKey, SecretRefused, sealedSecrets, systemIds } from '@tillid/crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { inMemoryRecords, inMemorySecrets } from './in-memory-secrets.js';
import { secretsContract } from './secrets-contract.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tillid-secrets-'))));

secretsContract('files', async () => {
  const secrets = join(folder, 'secrets');
  return { store: fileSecrets(secrets), another: async () => fileSecrets(secrets), remove: () => rm(folder, { recursive: true }) };
});
secretsContract('sealed records', async () => {
  const record = inMemoryRecords();
  return { store: inMemorySecrets(record), another: async () => inMemorySecrets(record), remove: async () => {} };
});

describe('secrets in files', () => {
  it('are the files that were always there, for their owner alone, with nothing beside them', async () => {
    await openSecretFile(join(folder, 'secrets', 'call.key'), () => Buffer.alloc(32, 7));
    const secrets = fileSecrets(join(folder, 'secrets'));
    expect(await secrets.open('call.key', () => Buffer.alloc(32, 8))).toEqual(Buffer.alloc(32, 7));
    await secrets.replace('call.key', Buffer.alloc(32, 7), Buffer.alloc(32, 9));
    expect((await stat(join(folder, 'secrets', 'call.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'secrets'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'secrets'))).toEqual(['call.key']);
  });

  it('that somebody emptied are refused', async () => {
    await writeFile(join(folder, 'source.key'), '');
    await expect(fileSecrets(folder).open('source.key', () => Buffer.alloc(32))).rejects.toThrow('the secret source.key is empty');
    await expect(fileSecrets(folder).read('source.key')).rejects.toThrow(SecretRefused);
  });
});

describe('secrets in a database', () => {
  const key = Buffer.alloc(32, 'k');
  const consent = (record = inMemoryRecords(), change: { key?: Buffer; service?: string } = {}) => sealedSecrets({ service: 'consent', key, record, ids: systemIds, ...change });

  it('say nothing to who reads the database', async () => {
    const record = inMemoryRecords();
    await consent(record).open('pairwise.key', () => Buffer.from('the pairwise secret'));
    const { value } = (await record('pairwise.key').get())!;
    expect(Buffer.from(value).includes('pairwise')).toBe(false);
  });

  it('open under their key, their service and their name only, and unchanged', async () => {
    const record = inMemoryRecords();
    await consent(record).open('call.key', () => Buffer.from('secret'));
    const { value } = (await record('call.key').get())!;
    const refused = /the secret \S+ of \S+ does not open: it was sealed by another key, or changed since/;
    await expect(consent(record, { key: Buffer.alloc(32, 'other') }).read('call.key')).rejects.toThrow(refused);
    await expect(consent(record, { service: 'audit' }).read('call.key')).rejects.toThrow(refused);
    await record('source.key').compareAndSet(0, value);
    await expect(consent(record).open('source.key', () => Buffer.from('made'))).rejects.toThrow(refused);
    for (const broken of [value.subarray(0, 20), Buffer.alloc(0), Buffer.from(value).fill(1, 14, 15)]) {
      const moved = inMemoryRecords();
      await moved('call.key').compareAndSet(0, broken);
      await expect(consent(moved).replace('call.key', Buffer.from('secret'), Buffer.from('next'))).rejects.toThrow(refused);
    }
  });

  it('are what another replica made when the answer to making them was lost', async () => {
    const record = inMemoryRecords();
    const losing = (name: string) => {
      const kept = record(name);
      return { ...kept, compareAndSet: async (version: number, value: Uint8Array) => (await kept.compareAndSet(version, value)) && Promise.reject(new Error('connection lost')) };
    };
    await expect(consent(losing).open('call.key', () => Buffer.from('first'))).rejects.toThrow('connection lost');
    expect(String(await consent(record).open('call.key', () => Buffer.from('second')))).toBe('first');
  });

  it('are sealed by 32 bytes from a file, and by nothing less', async () => {
    const path = join(folder, 'sealing');
    await writeFile(path, systemIds.bytes(32));
    expect(await readSealingKey(path)).toHaveLength(32);
    await expect(readSealingKey(join(folder, 'missing'))).rejects.toThrow(/cannot be read from .*missing: ENOENT/);
    for (const [content, complaint] of [['', 'has 0 bytes'], [systemIds.bytes(31), 'has 31 bytes'], [systemIds.bytes(33), 'has 33 bytes'], [Buffer.alloc(32), 'which is no key']] as const) {
      await writeFile(path, content);
      await expect(readSealingKey(path)).rejects.toThrow(complaint);
    }
    expect(() => consent(inMemoryRecords(), { key: Buffer.alloc(16) })).toThrow('has 16 bytes where 32 are due');
  });
});

describe('a secret that cannot be read', () => {
  it('is told by its name, and by nothing that is in it', () => {
    const reading = () => parseSecret('token-keys.json', Buffer.from('{"jwk": hunter2'), (content) => JSON.parse(String(content)) as unknown);
    expect(reading).toThrow(new SecretRefused('the secret token-keys.json is not one this version can read'));
  });
});
