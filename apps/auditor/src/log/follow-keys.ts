import { readFile } from 'node:fs/promises';
import { openKeyChangeProof } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { keyChangePath, keyStepsMax, LogKeys, parseNote, type Finding, type KeyStep, type LogFiles, type NoteVerifier, type OpenedKeyChange } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';

export interface FollowedKeys {
  readonly keys: LogKeys;
  /** A proof that proves nothing ends the way; what follows is not looked at. */
  readonly findings: readonly Finding[];
}

/**
 * The keys of a log from the one that is trusted on, by the proofs that lie beside it: a key names the next in an entry, and
 * signs a tree that has it. With a checkpoint that was `kept` under an earlier key, from that one on. Whether the tree that is
 * shown continues those trees is for `verifyLog`.
 */
export async function followKeys(files: LogFiles, trusted: NoteVerifier, kept?: string): Promise<FollowedKeys> {
  let keys = new LogKeys(trusted);
  try {
    if (kept !== undefined) keys = new LogKeys(trusted, await stepsBefore(files, trusted, kept));
    for (let step = await stepFrom(files, trusted.keyId, { key: trusted }); step !== undefined; step = await stepFrom(files, step.next.keyId, { key: step.next })) keys = oneMore(keys, step);
    return { keys, findings: [] };
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    return { keys, findings: [{ code: 'key.refused', path: error.path, detail: error.message }] };
  }
}

/** Each of these keys with those that follow it, by proofs that somebody handed over: asks nobody. */
export async function keysByProofs(trusted: readonly NoteVerifier[], paths: readonly string[]): Promise<readonly LogKeys[]> {
  const proofs = await proofFiles(paths);
  const followed = await Promise.all(trusted.map((key) => followKeys(proofs, key)));
  const [finding] = followed.flatMap(({ findings }) => findings);
  if (finding !== undefined) throw new CouldNotLook(`${finding.path} is not how that key was replaced (${finding.detail})`);
  return followed.map(({ keys }) => keys);
}

async function proofFiles(paths: readonly string[]): Promise<LogFiles> {
  const proofs = new Map<string, Uint8Array>();
  for (const path of paths) {
    try {
      const bytes = await readFile(path);
      proofs.set(keyChangePath(openKeyChangeProof(bytes, path).key.keyId), bytes);
    } catch (error) {
      throw new CouldNotLook(`${path} does not prove that a log's key was replaced`, { cause: error });
    }
  }
  return { read: async (path) => proofs.get(path) };
}

class KeyRefused extends Error {
  constructor(readonly path: string, reason: string) {
    super(reason);
  }
}

/** An endless way is none, nor one that comes back. */
function oneMore({ trusted, steps }: LogKeys, step: KeyStep): LogKeys {
  try {
    return new LogKeys(trusted, [...steps, step]);
  } catch (error) {
    if (error instanceof Refused) throw new KeyRefused(step.path, error.code);
    throw error;
  }
}

async function stepFrom(files: LogFiles, keyId: number, known: Partial<OpenedKeyChange>): Promise<KeyStep | undefined> {
  const path = keyChangePath(keyId);
  const proof = await files.read(path);
  if (proof === undefined) return undefined;
  try {
    return openKeyChangeProof(proof, path, known);
  } catch (error) {
    if (error instanceof Refused) throw new KeyRefused(path, error.code);
    throw error;
  }
}

/** From the key that signed what was kept, to the one that is trusted: the trusted key signed that it followed. What was kept is refused as it was given. */
async function stepsBefore(files: LogFiles, trusted: NoteVerifier, kept: string): Promise<KeyStep[]> {
  const own = parseNote(kept).signatures.filter(({ name }) => name === trusted.name);
  if (own.some(({ keyId }) => keyId === trusted.keyId)) return [];
  for (const { keyId: first } of own) {
    const steps: KeyStep[] = [];
    let keyId = first;
    while (keyId !== trusted.keyId && steps.length < keyStepsMax) {
      const before = steps.at(-1);
      let step = await stepFrom(files, keyId, before ? { key: before.next } : {});
      if (step?.next.keyId === trusted.keyId) step = await stepFrom(files, keyId, { ...(before && { key: before.next }), next: trusted });
      if (step === undefined) break;
      steps.push(step);
      keyId = step.next.keyId;
    }
    if (keyId === trusted.keyId) return steps;
  }
  return [];
}
