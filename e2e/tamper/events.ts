import { ActorKind, Event, Result, SourceKeyAnnounced, type SignedHead } from '@tillid/contracts/event/v1/event';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { systemIds, type SourceKey } from '@tillid/crypto';
import { emptyChain, nextChain } from '@tillid/eventsourcing';

export const auditSource = 'audit/0';
export const headsSeenType = 'tillid.audit.v1.HeadsSeen';
const announcedType = 'tillid.event.v1.SourceKeyAnnounced';

export function eventOf(source: string, stream: string, revision: number, occurredAtMs: number, more: Partial<Event> = {}): Event {
  return Event.fromPartial({
    id: systemIds.bytes(16), salt: systemIds.bytes(16), source, stream, revision, type: 'tillid.consent.v1.ShareAuthorized', schemaRevision: 1, occurredAt: new Date(occurredAtMs),
    actor: { kind: ActorKind.SYSTEM, id: 'tamper' }, outcome: { result: Result.OK }, commandId: systemIds.bytes(16), commitIndex: 0, commitSize: 1, ...more,
  });
}

export function announcementOf(source: string, key: SourceKey, occurredAtMs: number, before?: SourceKey, revision = 1): Event {
  const signature = before ? before.vouchFor(source, key.publicKey) : Buffer.alloc(0);
  return eventOf(source, 'source-keys', revision, occurredAtMs, { type: announcedType, data: Buffer.from(SourceKeyAnnounced.encode({ source, publicKey: key.publicKey, signature }).finish()) });
}

export const bytesOf = (event: Event): Buffer => Buffer.from(Event.encode(event).finish());

export function chainOf(events: readonly Uint8Array[]): Buffer {
  return events.reduce<Buffer>((chain, bytes) => nextChain(chain, bytes), Buffer.from(emptyChain));
}

export function headOf(source: string, key: SourceKey, events: readonly Uint8Array[], timeMs: number): SignedHead {
  return key.sign({ source, position: events.length, chain: chainOf(events), timeMs });
}

export interface Forgery {
  /** What stands in the place of an event; nothing: it is left out. */
  readonly event?: (event: Event, leaf: number) => Event | undefined;
  /** What stands in the place of what audit saw, signed anew where `keys` has the key. */
  readonly seen?: (seen: HeadsSeen, nth: number) => HeadsSeen | undefined;
  /** Whose heads the forger can sign. */
  readonly keys: ReadonlyMap<string, SourceKey>;
}

/** The ledger as somebody with these keys would have it been: chains, and the heads that audit saw, follow from what is changed. */
export function forged(leaves: readonly Uint8Array[], { event: changeEvent = (event) => event, seen: changeSeen = (seen) => seen, keys }: Forgery): Buffer[] {
  const mine = new Map([...keys.keys()].map((source) => [source, { chains: [Buffer.from(emptyChain)] as Buffer[], placeOf: [0], leftOut: new Map<string, number>() }]));
  const result: Buffer[] = [];
  let nth = 0;
  leaves.forEach((leaf, index) => {
    const before = Event.decode(leaf);
    const own = mine.get(before.source);
    let after = changeEvent(before, index);
    if (after?.type === headsSeenType) {
      const old = HeadsSeen.decode(after.data);
      const seen = changeSeen(old, (nth += 1));
      const heads = seen?.heads.map((head) => {
        const rewritten = mine.get(head.source);
        if (!rewritten || !old.heads.includes(head)) return head;
        const position = rewritten.placeOf[head.position]!;
        return keys.get(head.source)!.sign({ source: head.source, position, chain: rewritten.chains[position]!, timeMs: head.timeMs });
      });
      after = seen && { ...after, data: Buffer.from(HeadsSeen.encode({ ...seen, heads: heads! }).finish()) };
    }
    own?.placeOf.push(own.chains.length - (after ? 0 : 1));
    const leftOut = own?.leftOut.get(before.stream) ?? 0;
    if (!after) return void own?.leftOut.set(before.stream, leftOut + 1);
    const bytes = after === before && leftOut === 0 ? Buffer.from(leaf) : bytesOf({ ...after, revision: after.revision - leftOut });
    own?.chains.push(nextChain(own.chains.at(-1)!, bytes));
    result.push(bytes);
  });
  return result;
}
