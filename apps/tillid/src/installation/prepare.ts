import { openSecretFile, replaceSecretFile, systemIds, type Authority } from '@tillid/crypto';
import { serviceNames } from '@tillid/runtime';
import { ensureCertificate, ensureKey, openAuthority } from './certificates.js';
import type { DataFolder } from './data-folder.js';
import type { Installation } from './installation.js';
import { renewCallers } from './requests.js';
import { ownCallers } from './running.js';

/** The broker itself, and whoever makes its topics: it knows callers by the subject of their certificates. */
export const broker = { kind: 'service', id: 'kafka' } as const;
export const brokerAdministrator = { kind: 'service', id: 'kafka-administrator' } as const;

const secretsKeyBytes = 32;

/**
 * Before the first process runs, and once a day: everyone who keeps a folder here has a key and a certificate that is not
 * due (services find theirs while they run), and on a database each service has the key that seals its secrets there.
 */
export async function prepareInstallation(data: DataFolder, installation: Installation, nowMs: number): Promise<Authority> {
  const authority = await openAuthority(data.authority, installation.id, nowMs);
  await replaceSecretFile(data.ca, authority.certificatePem);
  const owners = [
    ...serviceNames.map((id) => ({ folder: data.tls(id), name: { kind: 'service', id } as const })),
    ...ownCallers.map((name) => ({ folder: data.caller(name), name })),
    { folder: data.brokerTls, name: broker },
    { folder: data.brokerAdministratorTls, name: brokerAdministrator },
  ];
  for (const { folder, name } of owners) {
    await ensureKey(folder, name);
    await ensureCertificate(authority, folder, name, nowMs);
  }
  await renewCallers(data, authority, nowMs);
  if (installation.stores === 'database') for (const name of serviceNames) await openSecretFile(data.secretsKey(name), () => Buffer.from(systemIds.bytes(secretsKeyBytes)));
  return authority;
}
