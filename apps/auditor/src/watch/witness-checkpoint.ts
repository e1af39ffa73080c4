import { createHash } from 'node:crypto';
import { Refused } from '@tillid/kernel';
import { noteLimits, openCheckpoint, openNote, type Checkpoint, type NoteVerifier, type PolicyWitness } from '@tillid/transparency';

export interface SeenByWitness {
  readonly name: string;
  /** Signed by the log and by the witness; absent when it saw none, or is silent. */
  readonly checkpoint?: Checkpoint | undefined;
  readonly note?: string | undefined;
  /** Why nothing is known of it. */
  readonly silent?: string;
}

const answerMs = 10_000;

/** What a witness cosigned last (c2sp.org/tlog-witness, monitoring). A witness that is silent says nothing about the log. */
export async function seenByWitness({ name, key, url }: PolicyWitness, log: readonly NoteVerifier[]): Promise<SeenByWitness> {
  const origin = createHash('sha256').update(log[0]!.name).digest('hex');
  try {
    const reply = await fetch(`${(url ?? '').replace(/\/+$/, '')}/${origin}/checkpoint`, { redirect: 'error', signal: AbortSignal.timeout(answerMs) });
    if (reply.status === 404) return { name, silent: 'it has not seen this log' };
    if (reply.status !== 200) return { name, silent: `HTTP ${reply.status}` };
    const note = await noteOf(reply);
    // Both signed it: without the log's own it would be the witness's word.
    const checkpoint = openCheckpoint(note, log);
    openNote(note, [key]);
    return { name, checkpoint, note };
  } catch (error) {
    if (error instanceof Refused) return { name, silent: error.code };
    return { name, silent: 'no answer' };
  }
}

async function noteOf(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of reply.body ?? []) {
    bytes += part.length;
    if (bytes > noteLimits.maxBytes) throw new Error('larger than any note');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
