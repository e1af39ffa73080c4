import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openSecretFile, replaceSecretFile } from './secret-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-secret-'));
});

describe('a secret file', () => {
  it('is made once, readable by its owner alone, and then stays', async () => {
    const path = join(folder, 'secrets', 'pseudonym.key');
    expect(await openSecretFile(path, () => Buffer.from('first'))).toEqual(Buffer.from('first'));
    expect(await openSecretFile(path, () => Buffer.from('second'))).toEqual(Buffer.from('first'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'secrets'))).mode & 0o777).toBe(0o700);
  });

  it('is the same for everyone who makes it at once', async () => {
    const path = join(folder, 'raced');
    const made = await Promise.all(Array.from({ length: 32 }, (_, index) => openSecretFile(path, () => Buffer.from(`secret ${index}`))));
    expect(new Set(made.map(String)).size).toBe(1);
    expect(await readFile(path)).toEqual(made[0]);
    expect(await readdir(folder)).toEqual(['raced']);
  });

  it('is not made when what makes it fails', async () => {
    await expect(openSecretFile(join(folder, 'failed'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is replaced whole, and stays its owner\'s', async () => {
    const path = join(folder, 'rotated');
    await openSecretFile(path, () => Buffer.from('old'));
    await replaceSecretFile(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['rotated']);
  });
});
