import { readFile } from 'node:fs/promises';
import { isSameKey, parsePolicy, type NoteVerifier, type Policy } from '@tillid/transparency';

/**
 * The operator's tlog-policy: whom to ask, and how many are enough. It may name this log or none, so that the one file
 * serves whoever checks receipts too; one that names only other logs is a mistake that would be found by no one else.
 */
export async function readWitnessPolicy(path: string, ownKeys: () => readonly NoteVerifier[]): Promise<Policy> {
  const policy = parsePolicy(await readFile(path));
  if (policy.logs.length > 0 && !policy.logs.some(({ key }) => ownKeys().some((own) => isSameKey(key, own)))) throw new Error(`${path} names other logs than ${ownKeys()[0]!.name}`);
  for (const { name, url } of policy.witnesses) {
    if (url !== undefined && !(URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol))) throw new Error(`${path}: the URL of witness ${name} is none`);
  }
  if (policy.witnesses.every(({ url }) => url === undefined)) throw new Error(`${path} names no witness with a URL: nobody can be asked`);
  return {
    ...policy,
    // Its key may be replaced while this policy is in use.
    get logs() {
      return ownKeys().map((key) => ({ key, url: undefined }));
    },
  };
}
