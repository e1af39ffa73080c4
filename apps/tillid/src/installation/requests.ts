import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, callerUri, type CallerName, parseCallerUri, replaceSecretFile } from '@tillid/crypto';
import type { Clock } from '@tillid/kernel';
import { systemClock } from '@tillid/runtime';
import { ensureCertificate, ensureKey, hasGoodCertificate } from './certificates.js';
import type { DataFolder } from './data-folder.js';
import { CommandFailure } from './failure.js';
import { textIfThere } from './text-file.js';

const lookEveryMs = 100;
const waitMs = 15_000;

/**
 * A caller's certificate, through the one door there is: a key and a request in the caller's own folder, and a file that
 * asks the authority (the running `tillid up`) to sign. The authority never sees the key, the caller never the authority's.
 */
export async function requestCertificate(data: DataFolder, name: CallerName, clock: Clock = systemClock): Promise<string> {
  const folder = data.caller(name);
  const certificatePem = await readFile(data.ca, 'utf8');
  // One that is due, or of an authority that was, is asked for anew.
  const isThere = () => hasGoodCertificate({ certificatePem }, folder, name, clock.nowMs());
  if (await isThere()) return folder;
  await ensureKey(folder, name);
  await replaceSecretFile(join(data.requests, `${name.kind}.${name.id}`), '');
  for (const until = Date.now() + waitMs; Date.now() < until; await pause(lookEveryMs)) {
    if (await isThere()) return folder;
    const refusal = await textIfThere(join(folder, 'refused.txt'));
    if (refusal) throw new CommandFailure(`the authority refused: ${refusal.trim()}`, 1);
  }
  throw new CommandFailure('nobody signed the request: is `tillid up` running on this data folder?', 2);
}

/** The authority's side: signs what is asked for. Services are not among it: `tillid up` gives them their names itself. */
export async function signRequests(data: DataFolder, authority: Authority, nowMs: number): Promise<void> {
  await mkdir(data.requests, { recursive: true, mode: 0o700 });
  for (const marker of await readdir(data.requests)) {
    // Somebody is writing it this moment, and gives it its name next.
    if (marker.includes('.tmp-')) continue;
    const name = parseCallerUri(`tillid://${marker.replace('.', '/')}`);
    if (name && name.kind !== 'service') await signOne(data, authority, name, nowMs);
    await rm(join(data.requests, marker), { force: true });
  }
}

/** At start, for whoever has a certificate and keeps its folder here: a new one for the same key when it is due. */
export async function renewCallers(data: DataFolder, authority: Authority, nowMs: number): Promise<void> {
  const folders = await readdir(data.callers, { recursive: true }).catch(() => []);
  for (const folder of folders) {
    const name = parseCallerUri(`tillid://${folder}`);
    if (name && name.kind !== 'service' && (await textIfThere(join(data.caller(name), 'cert.pem')))) await signOne(data, authority, name, nowMs);
  }
}

async function signOne(data: DataFolder, authority: Authority, name: CallerName, nowMs: number): Promise<void> {
  const folder = data.caller(name);
  try {
    await rm(join(folder, 'refused.txt'), { force: true });
    await ensureCertificate(authority, folder, name, nowMs);
  } catch (error) {
    await writeFile(join(folder, 'refused.txt'), `${callerUri(name)}: ${(error as Error).message}\n`).catch(() => undefined);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
