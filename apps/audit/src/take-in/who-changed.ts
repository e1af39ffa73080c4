import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { emptyChain, ledgerConsumer, nextChain, takeIn, type CheckpointStore, type EventStore, type Evidence, type Parked, type ProgressBook } from '@tillid/eventsourcing';
import type { Logger } from '@tillid/runtime';
import type { HeadsRecorder } from './heads-recorder.js';

const pageSize = 1000;
const nothingRemembered: CheckpointStore = { checkpoint: async () => undefined, saveCheckpoint: async () => undefined };

/**
 * A head of the source, rightly signed, does not continue what was taken in. Either the source signed two pasts, or audit's
 * own store is not what it was: then the ledger, read again from its first event, continues well after all, or does not fit
 * the newest head that was recorded when it was taken in.
 */
export async function whoChanged(ledger: EventStore, source: string, { standing, batch }: Evidence, recorded: SignedHead | undefined): Promise<'source' | 'audit'> {
  const stored = await ledgerConsumer(ledger, nothingRemembered).standing(source);
  const { position, chain, key } = stored;
  if (position !== standing.checkpoint.position) return 'audit';
  const again = takeIn(source, { ...standing, checkpoint: { ...standing.checkpoint, chain, key } }, batch, 'direct');
  if (again.kind === 'apply' || again.kind === 'wait') return 'audit';
  if (recorded === undefined) return 'source';
  return recorded.position <= position && recorded.chain.equals(await chainAt(ledger, source, recorded.position)) ? 'source' : 'audit';
}

async function chainAt(ledger: EventStore, source: string, position: number): Promise<Uint8Array> {
  let chain: Uint8Array = emptyChain;
  for (let at = 0; at < position; ) {
    const page = await ledger.readStream(source, at, Math.min(pageSize, position - at));
    if (page.length === 0) break;
    for (const { bytes } of page) chain = nextChain(chain, bytes);
    at += page.length;
  }
  return chain;
}

export interface AccuserParts {
  readonly ledger: EventStore;
  readonly headsRecorder: Pick<HeadsRecorder, 'last'>;
  readonly book: ProgressBook;
  readonly logger: Logger;
}

/** Names who changed the past, in the log, where every replica sees it, and with the head that proves it. Until it has, it is the source that is named. */
export function accuser({ ledger, headsRecorder, book, logger }: AccuserParts) {
  return async ({ source, consumer, reason, evidence }: Parked): Promise<void> => {
    if (reason !== 'source.chain_differs' || evidence === undefined) return;
    const { standing, batch } = evidence;
    const recorded = (await headsRecorder.last())?.heads.find((head) => head.source === source);
    const who = await whoChanged(ledger, source, evidence, recorded);
    const line = book.line(consumer, source);
    if (who === 'audit' && line.parked) line.parkedReason = 'ledger.differs';
    const proof = { takenIn: standing.checkpoint.position, chain: base64(standing.checkpoint.chain), signed: told(batch.head), recorded: told(recorded) };
    logger.error({ source, ...proof }, who === 'source' ? 'a source rewrote its past: it has signed both' : "audit's store is not what was taken in of a source");
  };
}

/** All that is needed to check it: position, chain, time and signature. */
function told(head: SignedHead | undefined) {
  return head && { position: head.position, chain: base64(head.chain), timeMs: head.timeMs, signature: base64(head.signature) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** By source: whether its own signatures say that it rewrote its past. */
export function rewrittenPasts(book: ProgressBook): readonly { readonly source: string; readonly rewrote: boolean }[] {
  return book.list().filter(({ consumer }) => consumer === 'ledger').map(({ source, parked, parkedReason }) => ({ source, rewrote: parked && parkedReason === 'source.chain_differs' }));
}
