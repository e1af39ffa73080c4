import { chmod, readFile } from 'node:fs/promises';
import { replaceSecretFile } from '@tillid/crypto';
import { noteSigner, parseVkey, vkeyOf, type NoteSigner, type NoteVerifier } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';

/** The log's key and its public half. The origin is fixed by the vkey that was published first. */
export async function openSigningKey(origin: string, seed: Uint8Array, vkeyFile: string): Promise<{ readonly signer: NoteSigner; readonly verifier: NoteVerifier }> {
  const vkey = vkeyOf(origin, seed);
  const published = await readFile(vkeyFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (published === undefined) {
    await replaceSecretFile(vkeyFile, `${vkey}\n`);
    await chmod(vkeyFile, 0o644); // the one thing in this folder that everyone should read
  }
  if (published !== undefined && published.trim() !== vkey) throw new WillNotSign('log.origin_changed');
  return { signer: noteSigner(origin, seed), verifier: parseVkey(vkey) };
}
