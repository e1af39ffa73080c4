import { replaceSecretFile, type Authority } from '@tillid/crypto';
import { serviceNames } from '@tillid/runtime';
import { ensureCertificate, ensureKey, openAuthority } from './certificates.js';
import type { DataFolder } from './data-folder.js';
import type { Installation } from './installation.js';
import { renewCallers } from './requests.js';
import { ownCallers } from './running.js';

const dayMs = 24 * 60 * 60 * 1000;

/** At start, and once a day: everyone who keeps a folder here has a key and a certificate that is not due. Services find theirs while they run. */
export async function prepareCertificates(data: DataFolder, installation: Installation, nowMs: number): Promise<Authority> {
  const authority = await openAuthority(data.authority, installation.id, nowMs);
  await replaceSecretFile(data.ca, authority.certificatePem);
  const owners = [
    ...serviceNames.map((id) => ({ folder: data.tls(id), name: { kind: 'service', id } as const })),
    ...ownCallers.map((name) => ({ folder: data.caller(name), name })),
  ];
  for (const { folder, name } of owners) {
    await ensureKey(folder, name);
    await ensureCertificate(authority, folder, name, nowMs);
  }
  await renewCallers(data, authority, nowMs);
  return authority;
}

/** Runs until stopped. A day that failed is told, and the next one has it to do: certificates are due with a month to go. */
export function renewDaily(renew: () => Promise<unknown>, failed: (error: unknown) => void): { stop(): void } {
  const timer = setInterval(() => void renew().catch(failed), dayMs);
  return { stop: () => clearInterval(timer) };
}
