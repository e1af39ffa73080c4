import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileSecrets } from '@tillid/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playDay } from './support/day-report.js';
import { idOf, keyIn, Outsider, putNextLogKey, signersOf, untilSigned } from './support/log-key.js';
import { checkout, System } from './support/system.js';

// Without an overlap: what in an installation comes after thirty days comes at the next checkpoint.
const environment: Record<string, string> = { TILLID_LOG_KEY_OVERLAP_DAYS: '0' };
let system: System;
let outsider: Outsider;
beforeAll(async () => {
  system = await System.start(23_100, { environment });
  outsider = new Outsider(system);
  await playDay(system, '--citizens', '4');
});
afterAll(() => system?.remove());

const secrets = () => fileSecrets(join(system.data, 'audit', 'secrets'));
const grows = () => playDay(system, '--citizens', '4');

/** What a witness that is started so answers about the newest tree. */
async function cosigns(name: string, ...more: readonly string[]): Promise<number> {
  const witness = spawn(process.execPath, [join(checkout, 'apps/auditor/bin/tillid-auditor.mjs'), 'witness', '--folder', outsider.path(name), '--name', `${name}.example`, '--listen', '127.0.0.1:0', '--json', ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(witness.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    const checkpoint = await (await fetch(`${system.running.logUrl}/checkpoint`)).text();
    return (await fetch(`${url}/add-checkpoint`, { method: 'POST', body: `old 0\n\n${checkpoint}` })).status;
  } finally {
    witness.kill();
    await once(witness, 'close');
  }
}

describe("a system whose log's key is replaced while it runs", () => {
  it('is followed by who knows the old key, and by who knows the new', async () => {
    const old = outsider.keepsKey('old.vkey');
    const state = outsider.path('seen.checkpoint');
    expect(await system.auditor('verify', '--vkey', old, '--state', state)).toMatchObject({ code: 0 });
    await outsider.keepsReceipt('before', 5);

    await putNextLogKey(secrets());
    await untilSigned(system, 'a tree that both keys signed', (signers) => signers.length === 2 && signers[0] === idOf(keyIn(old)));
    await grows();
    const next = outsider.keepsKey('next.vkey');
    expect(await signersOf(system)).toEqual([idOf(keyIn(next))]);
    await outsider.keepsReceipt('after', 5);

    for (const key of [old, next]) {
      const verdict = await system.auditor('verify', '--entries', '--vkey', key);
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
      expect(verdict.stdout.includes(`key      ${keyIn(old)} named ${keyIn(next)}`)).toBe(key === old);
      const { code, stdout } = await system.auditor('verify', '--vkey', key, '--state', state);
      expect(code, stdout).toBe(0);
      expect(await system.auditor('watch', '--once', '--vkey', key, '--state', state)).toMatchObject({ code: 0 });
    }
    expect((await system.auditor('compare')).code).toBe(0);
    // From a folder as well, nobody being asked.
    expect(await system.auditor('verify', system.running.logFolder, '--vkey', old, '--entries')).toMatchObject({ code: 0 });
  });

  it('gives receipts under the key of their time', async () => {
    const [old, next] = [outsider.path('old.vkey'), outsider.path('next.vkey')];
    expect(await outsider.saysOfReceipt('before', outsider.policy(old))).toBe('HOLDS');
    expect(await outsider.saysOfReceipt('before', outsider.policy(next))).toBe('WRONG: note.unknown_signer');
    expect(await outsider.saysOfReceipt('after', outsider.policy(next))).toBe('HOLDS');
    expect(await outsider.saysOfReceipt('after', outsider.policy(old))).toBe('WRONG: note.unknown_signer');
    const proof = await outsider.fetchesProof('key-change', idOf(keyIn(old)));
    expect(await outsider.saysOfReceipt('after', outsider.policy(old), '--key-change', proof)).toBe('HOLDS');
    for (const name of ['before', 'after']) expect(await outsider.saysOfReceipt(name, outsider.policy(old, next))).toBe('HOLDS');
  });

  it('is cosigned by a witness that knows the old key and was handed the proof, and by no other that knows it', async () => {
    const known = ['--log', outsider.path('old.vkey')];
    expect(await cosigns('uninformed', ...known)).toBe(403);
    expect(await cosigns('informed', ...known, '--key-change', outsider.path('key-change'))).toBe(200);
  });

  it('is refused under a key that it never announced', async () => {
    const stranger = outsider.keeps('stranger.vkey', 'tillid.example/log+5340bcad+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n');
    expect((await system.auditor('verify', '--vkey', stranger)).code).toBe(2);
  });

  it('has destroyed the old key, starts again with the new, and takes another when its setting says so', async () => {
    expect((await secrets().read('log-signing.key'))!.length).toBe(32);
    await system.stop();
    environment['TILLID_LOG_KEY_DAYS'] = '0';
    await system.up();
    const second = idOf(keyIn(outsider.path('next.vkey')));
    await untilSigned(system, 'a third key', (signers) => signers.some((id) => id !== second));
    await grows();
    const verdict = await system.auditor('verify', '--entries', '--vkey', outsider.path('old.vkey'));
    expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
    expect(verdict.stdout.match(/^key {6}/gm)!.length).toBeGreaterThanOrEqual(2);
  });
});
