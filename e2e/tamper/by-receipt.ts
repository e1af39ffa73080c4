import { checkReceipt, formatReceipt, InMemoryLog, leafHash, noteSigner, openCheckpoint, parseReceipt, proveInclusion, subtreeRootsFrom, type Receipt } from '@tillid/transparency';
import { readFileSync } from 'node:fs';
import { Refused } from '@tillid/kernel';
import { origin, seed, type Copy } from './installation.js';
import type { Act } from './kinds.js';

const index = 60;

/** A receipt as audit gives it, one thing of it changed; then looked at by whoever was given it, with nothing but the log's key. */
export const handed = (change: (receipt: Receipt) => Receipt, entry: (leaves: readonly Uint8Array[]) => Uint8Array = (leaves) => leaves[index]!) => async (copy: Copy) => {
  const { leaves, verifier } = copy.original;
  const checkpoint = readFileSync(copy.path('checkpoint'), 'utf8');
  const { size } = openCheckpoint(checkpoint, verifier);
  const files = { read: async (path: string) => readFileSync(copy.path(path)) };
  const path = await proveInclusion(index, size, subtreeRootsFrom(files, size));
  try {
    checkReceipt(parseReceipt(formatReceipt(change({ index, path, checkpoint }))), leafHash(entry(leaves)), verifier);
    return [];
  } catch (error) {
    return [error instanceof Refused ? error.code : String(error)];
  }
};
const signedBy = (as: string, by: Buffer, leaves: readonly Uint8Array[]) => {
  const log = new InMemoryLog(noteSigner(as, by));
  log.append(leaves);
  return Buffer.from(log.files.get('checkpoint')!).toString();
};

export const byReceipt = {
  'R01': handed((receipt) => ({ ...receipt, index: index + 1 })),
  'R02': handed((receipt) => ({ ...receipt, path: receipt.path.with(2, Buffer.alloc(32, 9)) })),
  'R03': handed((receipt) => ({ ...receipt, path: receipt.path.slice(0, -1) })),
  'R04': handed((receipt) => receipt, (leaves) => leaves[index + 1]!),
  'R05': handed((receipt) => receipt, (leaves) => Buffer.concat([leaves[index]!, Buffer.of(0)])),
  'R06': handed((receipt) => ({ ...receipt, checkpoint: signedBy('log.example/other', seed, [Buffer.from('x')]) })),
  'R07': handed((receipt) => ({ ...receipt, checkpoint: signedBy(origin, Buffer.alloc(32, 6), [Buffer.from('x')]) })),
  'R08': handed((receipt) => ({ ...receipt, checkpoint: receipt.checkpoint.replace(/\n\d+\n/, '\n999\n') })),
  'R09': async (copy) => handed((receipt) => ({ ...receipt, checkpoint: signedBy(origin, seed, copy.original.leaves.slice(0, 100)) }))(copy),
} satisfies Record<string, Act>;
