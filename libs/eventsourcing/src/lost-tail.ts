import { timingSafeEqual } from 'node:crypto';
import { nextChain } from './chain.js';
import { decodeEnvelope, type EventCodec } from './event-codec.js';
import type { Commit, EventStore, StoredEvent } from './event-store.js';
import type { DomainEvent } from './recorded-event.js';

/** In place of the fingerprint of a commit that came back from the ledger: the request it was made of is not in the events. */
export const lostFingerprint: Uint8Array = new Uint8Array(32);

/** Whether a stored command and one that arrives are the same request. Of a restored one nobody can tell any more: its repeat gets the first result. */
export function sameFingerprint(stored: Uint8Array, arriving: Uint8Array): boolean {
  return isLost(stored) || (stored.length === arriving.length && timingSafeEqual(stored, arriving));
}

export type TailTrouble = 'source.history_differs' | 'source.tail_differs' | 'source.tail_has_gap' | 'source.tail_cannot_be_stored';

/** What the ledger has of a source does not follow on what the source has. Whoever meets it does not serve. */
export class TailRefused extends Error {
  override readonly name = 'TailRefused';

  constructor(readonly reason: TailTrouble, detail: string) {
    super(`${reason}: ${detail}`);
  }
}

export interface RestoredTail {
  readonly events: number;
  readonly commits: number;
  /** Commits of which the ledger has only the beginning, because it ended there once when everything failed: the rest is nowhere. */
  readonly cutShort: number;
}

/**
 * Appends to a log put back from a backup the very bytes that it lost, as the ledger has them: whole commits, under their own
 * command ids, with the reservations that follow from their events. What is there already, by another replica that does the
 * same, is left as it is. A crash leaves a shorter tail, and the next start goes on from there.
 */
export async function appendLostTail(store: EventStore, codec: Pick<EventCodec<DomainEvent>, 'decode' | 'reservations'>, tail: AsyncIterable<StoredEvent>): Promise<RestoredTail> {
  let { position } = await store.head();
  let open: StoredEvent[] = [];
  let openCommand: Buffer | undefined;
  let commits = 0;
  let events = 0;
  let cutShort = 0;
  const close = async (): Promise<void> => {
    await appendAsItWas(store, codec, open);
    commits += 1;
    events += open.length;
    open = [];
  };
  for await (const event of tail) {
    if (event.position !== position + 1) throw new TailRefused('source.tail_has_gap', `position ${event.position} where ${position + 1} was due`);
    position = event.position;
    const { commandId, commitIndex, commitSize } = decodeEnvelope(event.bytes);
    if (open.length > 0 && !openCommand?.equals(commandId)) {
      cutShort += 1;
      await close();
    }
    open.push(event);
    openCommand = commandId;
    if (commitIndex + 1 >= commitSize) await close();
  }
  if (open.length > 0) {
    cutShort += 1;
    await close();
  }
  return { events, commits, cutShort };
}

async function appendAsItWas(store: EventStore, codec: Pick<EventCodec<DomainEvent>, 'decode' | 'reservations'>, events: readonly StoredEvent[]): Promise<void> {
  const first = events[0]!.position;
  const commit = commitOf(codec, events);
  const known = await store.find(commit.commandId);
  if (known?.firstPosition === first && known.eventCount === events.length) return;
  const outcome = await store.append(commit);
  if (outcome.kind !== 'appended') throw new TailRefused('source.tail_cannot_be_stored', `the commit at ${first} was answered ${outcome.kind}`);
  if (outcome.commit.firstPosition !== first) throw new TailRefused('source.tail_cannot_be_stored', `the commit at ${first} came to stand at ${outcome.commit.firstPosition}`);
}

function commitOf(codec: Pick<EventCodec<DomainEvent>, 'decode' | 'reservations'>, events: readonly StoredEvent[]): Commit {
  const envelopes = events.map(({ bytes }) => decodeEnvelope(bytes));
  const writes = [...Map.groupBy(events.keys(), (index) => envelopes[index]!.stream)].map(([stream, indexes]) => ({
    stream,
    expectedRevision: envelopes[indexes[0]!]!.revision - 1,
    events: indexes.map((index) => events[index]!.bytes),
  }));
  const held = events.flatMap(({ bytes, position }) => {
    const recorded = codec.decode(bytes, position);
    return recorded ? [codec.reservations(recorded.event)] : [];
  });
  const reserve = held.flatMap((each) => each.reserve ?? []);
  const release = held.flatMap((each) => each.release ?? []);
  return { commandId: envelopes[0]!.commandId, fingerprint: lostFingerprint, writes, ...(reserve.length > 0 && { reserve }), ...(release.length > 0 && { release }) };
}

/** Whether a tail leads from a chain to the one that a head names. Throws when it does not; answers how far it is vouched for. */
export async function checkTail(from: { readonly position: number; readonly chain: Uint8Array }, tail: AsyncIterable<StoredEvent>, head: { readonly position: number; readonly chain: Uint8Array } | undefined): Promise<number> {
  if (!head || head.position <= from.position) return from.position;
  let { chain } = from;
  for await (const { position, bytes } of tail) {
    chain = nextChain(chain, bytes);
    if (position < head.position) continue;
    if (Buffer.compare(chain, head.chain) !== 0) throw new TailRefused('source.tail_differs', `what was signed at ${head.position} is not what is in the ledger up to there`);
    return position;
  }
  throw new TailRefused('source.tail_differs', `a head was signed at ${head.position}, and the ledger ends before it`);
}

function isLost(fingerprint: Uint8Array): boolean {
  return fingerprint.every((byte) => byte === 0);
}
