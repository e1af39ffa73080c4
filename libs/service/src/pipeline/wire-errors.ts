import { MalformedCommit, StoreFault } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';

/** A fault becomes a refusal only where the caller can do something about it: try again under the same key. Undefined: it cannot. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error;
  if (error instanceof StoreFault && !(error instanceof MalformedCommit)) return new Refused('store.unknown_outcome', 'unknown_outcome');
  return undefined;
}
