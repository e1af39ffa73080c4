import { setTimeout as pauseFor } from 'node:timers/promises';
import { AuditServiceService, type GetSourceEndReply } from '@tillid/contracts/audit/v1/service';
import { parseSecret, sourceKeysFrom, type Secrets } from '@tillid/crypto';
import { appendLostTail, checkTail, TailRefused, verifySignedHead, type DomainEvent, type EventCodec, type EventStore, type RestoredTail, type StoredEvent } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import type { RpcClient } from '@tillid/rpc';
import type { Logger } from '@tillid/runtime';

export interface LostTailParts {
  readonly source: string;
  readonly store: EventStore;
  readonly codec: Pick<EventCodec<DomainEvent>, 'decode' | 'reservations'>;
  readonly secrets: Secrets;
  readonly audit: Pick<RpcClient<typeof AuditServiceService>, 'getSourceEnd' | 'replaySource'>;
  readonly logger: Logger;
  /** Known to come from a backup: nothing is done before audit has answered, however long that takes. */
  readonly restored: boolean;
}

/** `unknown`: audit could not be asked. */
export type TailFound = { readonly kind: 'complete' } | { readonly kind: 'unknown' } | ({ readonly kind: 'fetched'; readonly afterPosition: number } & RestoredTail);

const askAgainMs = 500;
const patienceMs = 3_000;

/**
 * Before anything else is done with the log: does the record have more of it than it has itself? Then it was put back from a
 * backup, and gets its lost tail, byte for byte, before it can append; or it would write another past than the one everyone has
 * seen. What comes is checked against the newest head that this source itself signed. Throws TailRefused when it does not follow.
 */
export async function fetchLostTail(parts: LostTailParts): Promise<TailFound> {
  const end = await askAudit(parts);
  if (!end) return { kind: 'unknown' };
  // After audit was asked: whatever another replica appends meanwhile is in the log first.
  const own = await parts.store.head();
  if (end.position <= own.position) return { kind: 'complete' };
  parts.logger.warn({ source: parts.source, position: own.position, recorded: end.position }, 'the log is shorter than the record of it: it was put back from a backup, and gets its lost tail');
  await requireSameHistory(parts, own.position);
  const signed = await newestOwnHead(parts, end);
  const vouchedFor = await checkTail(own, tailOf(parts, own.position), signed);
  const restored = await appendLostTail(parts.store, parts.codec, tailOf(parts, own.position));
  // Audit takes in nothing that its source did not sign, but the newest of these heads it had no second left to record.
  parts.logger.warn({ source: parts.source, afterPosition: own.position, vouchedFor, ...restored }, 'the lost tail is back');
  return { kind: 'fetched', afterPosition: own.position, ...restored };
}

/** Looked at later, when audit could not be asked at the start: true when it has more than this log. The process must then end: the next start fetches it. */
export async function isBehindRecord({ store, audit }: Pick<LostTailParts, 'store' | 'audit'>): Promise<boolean> {
  const { position } = await audit.getSourceEnd({}, { timeoutMs: patienceMs, retries: 0 });
  return position > (await store.head()).position;
}

async function askAudit({ audit, logger, restored, source }: LostTailParts): Promise<GetSourceEndReply | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      return await audit.getSourceEnd({}, { timeoutMs: patienceMs, retries: 0 });
    } catch (error) {
      if (!(error instanceof Refused) || error.kind !== 'unknown_outcome') throw error;
      if (!restored) return undefined;
      if (tries % 20 === 0) logger.warn({ source, refusal: error.code }, 'put back from a backup: waiting for audit, to ask it for what was lost');
      await pauseFor(askAgainMs);
    }
  }
}

/** The last event of both, byte for byte: its random id and salt stand for all before it, and the signed head proves that. */
async function requireSameHistory({ store, audit, source }: LostTailParts, position: number): Promise<void> {
  if (position === 0) return;
  const [own] = await store.readAll(position - 1, 1);
  for await (const { events } of audit.replaySource({ afterPosition: position - 1 })) {
    if (own && events[0] && Buffer.compare(own.bytes, events[0]) === 0) return;
    break;
  }
  throw new TailRefused('source.history_differs', `the event at ${position} of ${source} is another one in the ledger`);
}

/** Any key this source ever had may have signed it; none of somebody else's. */
async function newestOwnHead({ secrets, source }: LostTailParts, { head }: GetSourceEndReply): Promise<GetSourceEndReply['head']> {
  if (!head) return undefined;
  const content = await secrets.read('source.key');
  if (!content) throw new TailRefused('source.tail_differs', 'the secret source.key is not here: nobody can say whose the tail is');
  const keys = parseSecret('source.key', content, sourceKeysFrom);
  if (head.source !== source || !keys.some(({ publicKey }) => verifySignedHead(head, publicKey))) throw new TailRefused('source.tail_differs', `the newest head of ${source} in the record is signed by none of its keys`);
  return head;
}

async function* tailOf({ audit }: LostTailParts, afterPosition: number): AsyncGenerator<StoredEvent> {
  for await (const { firstPosition, events } of audit.replaySource({ afterPosition })) {
    for (const [index, bytes] of events.entries()) yield { position: firstPosition + index, bytes };
  }
}
