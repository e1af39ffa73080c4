import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { systemIds, type Secrets } from '@tillid/crypto';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { parseNote } from '@tillid/transparency';
import { expect } from 'vitest';
import { command, type System } from './system.js';
import { until } from './until.js';

/** Somebody outside, with what they were given once: files of their own, and the auditor's program. */
export class Outsider {
  constructor(private readonly system: System) {}

  path(name: string): string {
    return join(this.system.data, `outsider-${name}`);
  }

  keeps(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** The key as it is published now. */
  keepsKey(name: string): string {
    return this.keeps(name, readFileSync(this.system.running.vkeyFile));
  }

  /** The receipt of an entry, and a policy that names the keys in these files. */
  async keepsReceipt(name: string, leafIndex: number): Promise<void> {
    const auditor = rpcClient(AuditServiceService, this.system.running.grpc.audit, rpcCredentials(readTlsIdentity(this.system.caller('auditor', 'auditor')), 'audit'));
    try {
      const { receipt, event } = await auditor.getReceipt({ leafIndex, sourcePosition: '' }, { timeoutMs: 20_000 });
      this.keeps(`${name}.tlog-proof`, receipt);
      this.keeps(`${name}.event`, event);
    } finally {
      auditor.close();
    }
  }

  policy(...keyFiles: readonly string[]): string {
    return this.keeps('policy', `${keyFiles.map((file) => `log ${readFileSync(file, 'utf8')}`).join('')}quorum none\n`);
  }

  async saysOfReceipt(name: string, policy: string, ...more: readonly string[]): Promise<string> {
    const { stdout } = await command('apps/auditor/bin/tillid-auditor.mjs', ['receipt', this.path(`${name}.tlog-proof`), '--entry', this.path(`${name}.event`), '--policy', policy, ...more]);
    return stdout.trim().split('\n').at(-1)!;
  }

  /** How the key with this id was replaced, as the log shows everyone. */
  async fetchesProof(name: string, keyId: string): Promise<string> {
    const reply = await fetch(`${this.system.running.logUrl}/key/${keyId}`);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    return this.keeps(name, await reply.text());
  }
}

/** `<name>+<id>+...` */
export const idOf = (vkey: string): string => vkey.split('+')[1]!;
export const keyIn = (file: string): string => readFileSync(file, 'utf8').trim();

/** Ids of the keys that signed the newest tree under the log's own name. */
export async function signersOf({ running: { logUrl, origin } }: System): Promise<string[]> {
  const { signatures } = parseNote(await (await fetch(`${logUrl}/checkpoint`)).text());
  return signatures.filter(({ name }) => name === origin).map(({ keyId }) => keyId.toString(16).padStart(8, '0'));
}

/** A next key is put among audit's secrets while it runs and is told nothing. */
export async function putNextLogKey(secrets: Secrets): Promise<void> {
  const content = (await secrets.read('log-signing.key'))!;
  expect(await secrets.replace('log-signing.key', content, Buffer.concat([content, systemIds.bytes(32)]))).toBe(true);
}

export async function untilSigned(system: System, what: string, isSo: (signers: readonly string[]) => boolean): Promise<void> {
  await until(what, async () => isSo(await signersOf(system)), 60_000);
}
