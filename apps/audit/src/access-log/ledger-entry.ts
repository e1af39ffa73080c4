import type { Event } from '@tillid/contracts/event/v1/event';
import { decodeEnvelope, type EventStore } from '@tillid/eventsourcing';

export interface LedgerEntry {
  readonly leafIndex: number;
  readonly bytes: Uint8Array;
  readonly envelope: Event;
}

export async function readEntry(ledger: EventStore, leafIndex: number): Promise<LedgerEntry | undefined> {
  const [stored] = await ledger.readAll(leafIndex, 1);
  return stored && { leafIndex, bytes: stored.bytes, envelope: decodeEnvelope(stored.bytes) };
}

/** Position in its own source of what stands at a position of the ledger: by halving, both only grow. */
export async function sourcePositionOf(ledger: EventStore, source: string, ledgerPosition: number): Promise<number> {
  let low = 1;
  let high = await ledger.lastRevision(source);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await ledger.readStream(source, middle - 1, 1);
    if (event === undefined || event.position >= ledgerPosition) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** How many of a source's events stand among the first so many of the ledger: by halving, both only grow. */
export async function positionBelow(ledger: EventStore, source: string, size: number): Promise<number> {
  let low = 0;
  let high = await ledger.lastRevision(source);
  // Mostly all of them do: the newest first, and only that.
  for (let middle = high; low < high; middle = Math.ceil((low + high) / 2)) {
    const [event] = await ledger.readStream(source, middle - 1, 1);
    if (event !== undefined && event.position <= size) low = middle;
    else high = middle - 1;
  }
  return low;
}
