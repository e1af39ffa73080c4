import { createHash } from 'node:crypto';
import { Refused } from '@tillid/kernel';
import { noteLimits, openCheckpoint, openNote, type Checkpoint, type NoteVerifier, type PolicyWitness } from '@tillid/transparency';

export interface SeenByWitness {
  readonly name: string;
  /** Signed by the log and by the witness; absent when it saw none, or is silent. */
  readonly checkpoint?: Checkpoint | undefined;
  readonly note?: string | undefined;
  /** Two trees of one size that the log signed and this witness was shown. */
  readonly fork?: readonly [string, string] | undefined;
  /** Why nothing is known of it. */
  readonly silent?: string;
}

const answerMs = 10_000;

/** What a witness cosigned last (c2sp.org/tlog-witness, monitoring). A witness that is silent says nothing about the log. */
export async function seenByWitness({ name, key, url }: PolicyWitness, log: readonly NoteVerifier[]): Promise<SeenByWitness> {
  const ask = (what: string) => fetch(`${(url ?? '').replace(/\/+$/, '')}/${createHash('sha256').update(log[0]!.name).digest('hex')}/${what}`, { redirect: 'error', signal: AbortSignal.timeout(answerMs) });
  try {
    const reply = await ask('checkpoint');
    if (reply.status === 404) return { name, silent: 'it has not seen this log' };
    if (reply.status !== 200) return { name, silent: `HTTP ${reply.status}` };
    const note = await textOf(reply, noteLimits.maxBytes);
    // Both signed it: without the log's own it would be the witness's word.
    const checkpoint = openCheckpoint(note, log);
    openNote(note, [key]);
    return { name, checkpoint, note, fork: await ask('fork').then((answer) => forkIn(answer, log)).catch(() => undefined) };
  } catch (error) {
    if (error instanceof Refused) return { name, silent: error.code };
    return { name, silent: 'no answer' };
  }
}

/** What is no proof is nothing: a witness's word alone accuses nobody. */
async function forkIn(reply: Response, log: readonly NoteVerifier[]): Promise<readonly [string, string] | undefined> {
  const text = await textOf(reply, 4 * noteLimits.maxBytes);
  if (reply.status !== 200) return undefined;
  const [one, other, ...more]: unknown[] = JSON.parse(text) as unknown[];
  if (typeof one !== 'string' || typeof other !== 'string' || more.length > 0) return undefined;
  const [first, second] = [openCheckpoint(one, log), openCheckpoint(other, log)];
  return first.size === second.size && !Buffer.from(first.root).equals(second.root) ? [one, other] : undefined;
}

async function textOf(reply: Response, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of reply.body ?? []) {
    bytes += part.length;
    if (bytes > bytesMax) throw new Error('larger than any answer');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
