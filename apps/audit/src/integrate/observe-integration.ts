import type { ProgressBook } from '@tillid/eventsourcing';
import { observeCheckpoint, type CheckpointReading } from '@tillid/runtime';
import type { SignedTree } from './signed-tree.js';

/** How old the signed tree is, and how far behind the ledger, as this process knows them. */
export function checkpointReading({ head }: Pick<SignedTree, 'head'>, book: ProgressBook): CheckpointReading {
  const takenIn = book.list().filter(({ consumer }) => consumer === 'ledger').reduce((sum, { position }) => sum + position, 0);
  return { signedAtMs: head.signedAtMs, size: head.size, behind: Math.max(0, takenIn - head.size) };
}

export function observeIntegration(signedTree: Pick<SignedTree, 'head'>, book: ProgressBook): void {
  observeCheckpoint(() => checkpointReading(signedTree, book));
}
