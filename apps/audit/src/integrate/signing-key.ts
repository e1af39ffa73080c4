import { chmod, readFile } from 'node:fs/promises';
import { replaceSecretFile } from '@tillid/crypto';
import { noteSigner, parseVkey, vkeyOf, type NoteSigner, type NoteVerifier } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';

/** The log's key and its public half, where there is one key only. */
export async function openSigningKey(origin: string, seed: Uint8Array, vkeyFile: string): Promise<{ readonly signer: NoteSigner; readonly verifier: NoteVerifier }> {
  const vkey = vkeyOf(origin, seed);
  await publishVkey(vkeyFile, vkey, [vkey]);
  return { signer: noteSigner(origin, seed), verifier: parseVkey(vkey) };
}

/** The origin is fixed by the vkey that was published first: what stands in the file is one of the log's own, or nothing is signed. */
export async function publishVkey(vkeyFile: string, vkey: string, own: readonly string[]): Promise<void> {
  const published = await publishedVkey(vkeyFile);
  if (published !== undefined && !own.includes(published)) throw new WillNotSign('log.origin_changed');
  if (published === vkey) return;
  await replaceSecretFile(vkeyFile, `${vkey}\n`);
  await chmod(vkeyFile, 0o644); // the one thing in this folder that everyone should read
}

export async function publishedVkey(vkeyFile: string): Promise<string | undefined> {
  const text = await readFile(vkeyFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text?.trim();
}
