import { Refused } from '@tillid/kernel';
import { formatAddCheckpoint, formatSignature, isSameKey, parseNote, parseSignatures, parseSize, proveConsistency, sizeContentType, subtreeRootsFrom, type LogFiles, type PolicyWitness } from '@tillid/transparency';
import type { TreeHead } from '../integrate/tree-head.js';

/** Why a witness did not cosign. `proof_refused` and `ahead` are what a fork of this log looks like from here. */
export type SilentReason = 'witness.no_url' | 'witness.no_answer' | 'witness.bad_answer' | 'witness.unknown_log' | 'witness.key_refused' | 'witness.request_refused' | 'witness.proof_refused' | 'witness.ahead' | 'witness.busy';

export class WitnessSilent extends Error {
  override readonly name = 'WitnessSilent';

  constructor(
    readonly reason: SilentReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

const answerMs = 5_000;
const answerBytesMax = 64 * 1024;
/** Told its size once, the witness is asked again; a second time only when another replica asked in between. */
const triesMax = 3;

const reasons: Readonly<Record<number, SilentReason>> = { 403: 'witness.key_refused', 404: 'witness.unknown_log', 422: 'witness.proof_refused', 429: 'witness.busy', 503: 'witness.busy' };

/** The witness's signature line for this very tree (c2sp.org/tlog-witness). `cosignedSize`: what it is thought to have cosigned last; it knows better. */
export async function askWitness({ key, url }: PolicyWitness, head: TreeHead, cosignedSize: number, files: LogFiles, stopping: AbortSignal): Promise<string> {
  if (url === undefined) throw new WitnessSilent('witness.no_url');
  let oldSize = cosignedSize;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (oldSize > head.size) throw new WitnessSilent('witness.ahead');
    const proof = await proveConsistency(oldSize, head.size, subtreeRootsFrom(files, head.size));
    const { status, contentType, body } = await post(`${url.replace(/\/+$/, '')}/add-checkpoint`, formatAddCheckpoint({ oldSize, proof, checkpoint: head.checkpoint }), stopping);
    if (status === 200) return lineOf(body, head, key);
    if (status !== 409 || contentType !== sizeContentType) throw new WitnessSilent(reasons[status] ?? 'witness.request_refused');
    oldSize = believed(() => parseSize(body));
  }
  throw new WitnessSilent('witness.bad_answer');
}

/** Its own line for this text and nothing else it may have sent. */
function lineOf(body: string, head: TreeHead, key: PolicyWitness['key']): string {
  const signed = Buffer.from(parseNote(head.checkpoint).text, 'utf8');
  const found = believed(() => parseSignatures(body)).find((signature) => isSameKey(signature, key));
  if (found === undefined || !key.verify(signed, found.signature)) throw new WitnessSilent('witness.bad_answer');
  return formatSignature(found);
}

function believed<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof Refused) throw new WitnessSilent('witness.bad_answer', { cause });
    throw cause;
  }
}

async function post(url: string, body: string, stopping: AbortSignal): Promise<{ status: number; contentType: string; body: string }> {
  try {
    const reply = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain; charset=utf-8' }, redirect: 'error', signal: AbortSignal.any([stopping, AbortSignal.timeout(answerMs)]) });
    return { status: reply.status, contentType: (reply.headers.get('content-type') ?? '').split(';')[0]!.trim(), body: await boundedText(reply) };
  } catch (cause) {
    if (cause instanceof WitnessSilent) throw cause;
    throw new WitnessSilent('witness.no_answer', { cause });
  }
}

async function boundedText(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of reply.body ?? []) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new WitnessSilent('witness.bad_answer');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
