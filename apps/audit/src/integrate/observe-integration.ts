import type { ProgressBook } from '@tillid/eventsourcing';
import { observeCheckpoint, type CheckpointReading } from '@tillid/runtime';
import type { Integrator } from './integrator.js';

/** How old the signed tree is, and how far behind the ledger, as this process knows them. */
export function checkpointReading({ head }: Pick<Integrator, 'head'>, book: ProgressBook): CheckpointReading {
  const takenIn = book.list().filter(({ consumer }) => consumer === 'ledger').reduce((sum, { position }) => sum + position, 0);
  return { signedAtMs: head.signedAtMs, size: head.size, behind: Math.max(0, takenIn - head.size) };
}

export function observeIntegration(integrator: Pick<Integrator, 'head'>, book: ProgressBook): void {
  observeCheckpoint(() => checkpointReading(integrator, book));
}
