import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cosigner, cosignerVkeyOf, type NoteSigner } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { readState, saveState } from '../saved-state.js';

export interface WitnessFolder {
  readonly signer: NoteSigner;
  readonly vkey: string;
  close(): void;
}

/**
 * The witness's key and name, made at the first start (witness.seed is the owner's alone), and the folder for this
 * process alone: two that shared it would each cosign a fork of the other's. The lock ends with the process, however that ends.
 */
export async function openWitnessFolder(folder: string, wantedName: string | undefined): Promise<WitnessFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new CouldNotLook(`${folder} cannot be made`, { cause: error });
  });
  const lock = lockOf(folder);
  try {
    const [seedFile, vkeyFile] = [join(folder, 'witness.seed'), join(folder, 'witness.vkey')];
    const published = (await readState(vkeyFile))?.text.trim();
    const name = wantedName ?? published?.split('+')[0];
    if (name === undefined) throw new CouldNotLook('a witness that starts for the first time needs a --name, such as witness.example/one');
    if ((await readState(seedFile)) === undefined) {
      if (published !== undefined) throw new CouldNotLook(`${vkeyFile} is there and its seed is not`);
      await saveState(seedFile, `${randomBytes(32).toString('base64')}\n`, 0o600);
    }
    const seed = Buffer.from((await readFile(seedFile, 'utf8')).trim(), 'base64');
    const vkey = cosignerVkeyOf(name, seed);
    if (published === undefined) await saveState(vkeyFile, `${vkey}\n`);
    else if (published !== vkey) throw new CouldNotLook(`${vkeyFile} was published under another name or key`);
    return { signer: cosigner(name, seed, () => Math.floor(Date.now() / 1000)), vkey, close: () => lock.close() };
  } catch (error) {
    lock.close();
    if (error instanceof CouldNotLook) throw error;
    throw new CouldNotLook(`${folder} holds no key of a witness`, { cause: error });
  }
}

function lockOf(folder: string): DatabaseSync {
  const lock = new DatabaseSync(join(folder, 'lock.sqlite'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw new CouldNotLook(`another witness runs on ${folder}`, { cause: error });
  }
}
