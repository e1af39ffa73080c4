import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import { InMemoryLog, leafHash, noteSigner, partialsFolder, tilePath } from '@tillid/transparency';
import { announcementOf, auditSource, bytesOf, chainOf, eventOf, forged, headsSeenType } from './events.js';
import { evening, feedOf, type Copy, type Installation } from './installation.js';
import type { Act } from './kinds.js';

const consent = 'consent/0';
const identity = 'identity/0';
const longAgoMs = 11 * 60_000;
const other = () => sourceKeyFrom(newSourceKeyFile());

/** The bundle and tile at the right edge of the log that is tampered with. */
const edgeOf = ({ leaves }: Installation) => ({ index: leaves.length >> 8, width: leaves.length & 255 });
const auditsKey = ({ keys }: Installation) => new Map([[auditSource, keys.get(auditSource)!]]);
/** A consent's event in the middle, and the one after it. Both are under signed heads. */
const middle = (installation: Installation) => [installation.leafOf(consent, 60), installation.leafOf(consent, 61)] as const;
const changed = (bytes: Uint8Array) => bytesOf({ ...Event.decode(bytes), subject: 'somebody-else' });
const flipped = (at: number) => (bytes: Buffer) => (bytes[at]! ^= 1, bytes);
/** As it would come next in its source. */
const invented = ({ events }: Installation, source: string) => bytesOf(eventOf(source, 'invented', 1, evening, { commandId: chainOf(events.get(source)!).subarray(0, 16) }));
const unsigned = (leaves: readonly Uint8Array[]) => {
  const log = new InMemoryLog(noteSigner('nobody', Buffer.alloc(32, 1)));
  log.append(leaves);
  log.files.delete('checkpoint');
  return log.files;
};
/** What audit would record next. */
export function nextHeadsSeen({ leaves, events, keys }: Installation): Buffer {
  const last = Event.decode(leaves.findLast((bytes) => Event.decode(bytes).type === headsSeenType)!);
  const heads = [...events].map(([source, own]) => keys.get(source)!.sign({ source, position: own.length, chain: chainOf(own), timeMs: evening }));
  return bytesOf({ ...eventOf(auditSource, last.stream, last.revision + 1, evening), type: headsSeenType, data: Buffer.from(HeadsSeen.encode({ timeMs: evening, heads }).finish()) });
}
/** Somebody kept the tree with these leaves; ten minutes later it has grown. */
export async function lookedAtAgain(copy: Copy, kept: readonly Uint8Array[], grown: readonly Uint8Array[]): Promise<string[]> {
  const log = new InMemoryLog(noteSigner(copy.original.verifier.name, Buffer.alloc(32, 5)));
  log.append(kept);
  copy.signAnew([...kept, ...grown]);
  return copy.verify({ previousCheckpoint: Buffer.from(log.files.get('checkpoint')!).toString(), previousAgeMs: longAgoMs });
}
/** Signed by whoever holds audit's two keys, and looked at by somebody who never saw another. */
const rewritten = (how: (installation: Installation, at: number, next: number) => readonly Uint8Array[]) => async (copy: Copy) => {
  copy.signAnew(how(copy.original, ...middle(copy.original)));
  return copy.verify();
};
const seenAnew = (change: (seen: HeadsSeen, nth: number, installation: Installation) => HeadsSeen | undefined) =>
  rewritten((installation) => forged(installation.leaves, { keys: auditsKey(installation), seen: (seen, nth) => change(seen, nth, installation) }));

export const byOperator = {
  'O01': async (copy) => (copy.changeBundle(0, 256, (entries) => entries.toSpliced(60, 1)), copy.verify()),
  'O02': async (copy) => {
    const { index, width } = edgeOf(copy.original);
    copy.changeBundle(index, width, (entries) => entries.slice(0, -1));
    return copy.verify();
  },
  'O03': async (copy) => (copy.change('tile/entries/000', flipped(5000)), copy.verify()),
  'O04': async (copy) => (copy.change('tile/0/000', flipped(640)), copy.verify()),
  'O05': async (copy) => {
    const entry = changed(copy.original.leaves[60]!);
    copy.changeBundle(0, 256, (entries) => entries.with(60, entry));
    copy.change('tile/0/000', (bytes) => (bytes.set(leafHash(entry), 60 * 32), bytes));
    return copy.verify();
  },
  'O06': async (copy) => {
    const { leaves } = copy.original;
    copy.write(unsigned(leaves.with(60, changed(leaves[60]!))));
    return copy.verify();
  },
  'O07': rewritten(({ leaves }, at) => leaves.with(at, changed(leaves[at]!))),
  'O08': rewritten(({ leaves }, at, next) => leaves.with(at, leaves[next]!).with(next, leaves[at]!)),
  'O09': rewritten(({ leaves }, at) => leaves.toSpliced(at, 0, leaves[at]!)),
  'O10': rewritten((installation, at) => installation.leaves.toSpliced(at, 0, invented(installation, consent))),
  'O11': rewritten(({ leaves }, at) => leaves.toSpliced(at, 1)),
  'O12': rewritten(({ leaves }, at) => leaves.with(at, bytesOf({ ...Event.decode(leaves[at]!), occurredAt: new Date(evening - 3_600_000) }))),
  'O13': async (copy) => (copy.signAnew([...copy.original.leaves, invented(copy.original, identity)]), copy.compare()),
  'O14': async (copy) => lookedAtAgain(copy, [...copy.original.leaves, invented(copy.original, identity)], [nextHeadsSeen(copy.original), bytesOf(eventOf(consent, 'invented', 1, evening))]),
  'O15': async (copy) => (copy.signAnew(copy.original.leaves.slice(0, 100)), copy.verifyWithState()),
  'O16': async (copy) => {
    const [at] = middle(copy.original);
    copy.signAnew(copy.original.leaves.toSpliced(at, 1));
    return copy.verifyWithState();
  },
  'O17': async (copy) => {
    const old = new InMemoryLog(noteSigner(copy.original.verifier.name, Buffer.alloc(32, 5)));
    old.append(copy.original.leaves.slice(0, 100));
    writeFileSync(copy.path('checkpoint'), old.files.get('checkpoint')!);
    return copy.verifyWithState();
  },
  'O18': async (copy) => (copy.signAnew(copy.original.leaves, Buffer.alloc(32, 6)), copy.verify()),
  'O19': async (copy) => (copy.signAnew(copy.original.leaves, Buffer.alloc(32, 5), 'log.example/other'), copy.verify()),
  'O20': async (copy) => {
    const { leaves, leafOf } = copy.original;
    const [one, two] = [leafOf.call(copy.original, consent, 20), leafOf.call(copy.original, identity, 15)];
    copy.signAnew(leaves.with(one, leaves[two]!).with(two, leaves[one]!));
    return copy.verifyWithState();
  },
  'O21': async (copy) => (copy.signAnew([...copy.original.leaves.slice(0, -1), invented(copy.original, consent)]), copy.verify()),
  'O22': seenAnew((seen) => ({ ...seen, timeMs: seen.timeMs - 30 * 60_000 })),
  'O23': seenAnew((seen, nth) => (nth === 9 ? { ...seen, timeMs: seen.timeMs - 5 * 60_000 } : seen)),
  'O24': seenAnew((seen, nth) => (nth === 7 ? { ...seen, heads: seen.heads.filter(({ source }) => source !== identity) } : seen)),
  'O25': async (copy) => {
    const { leaves } = copy.original;
    const [at] = [copy.original.leafOf(identity, 140)];
    const withoutHeads = forged(leaves, { keys: auditsKey(copy.original), seen: (seen, nth) => (nth < 11 ? seen : undefined), event: (event, leaf) => (leaf === at ? { ...event, subject: 'somebody-else' } : event) });
    return lookedAtAgain(copy, withoutHeads, [bytesOf(eventOf(identity, 'later', 1, evening))]);
  },
  'O26': async (copy) => {
    const { leaves } = copy.original;
    const at = copy.original.leafOf(identity, 140);
    copy.signAnew(forged(leaves, { keys: auditsKey(copy.original), seen: (seen, nth) => (nth < 11 ? seen : undefined), event: (event, leaf) => (leaf === at ? { ...event, subject: 'somebody-else' } : event) }));
    return copy.compare();
  },
  'O27': seenAnew((seen, nth) => (nth === 5 ? { ...seen, heads: seen.heads.map((head) => (head.source === consent ? { ...head, signature: Buffer.alloc(64, 9) } : head)) } : seen)),
  'O28': seenAnew((seen, nth) => (nth === 12 ? { ...seen, heads: seen.heads.map((head) => (head.source === consent ? { ...head, position: head.position + 50 } : head)) } : seen)),
  'O29': seenAnew((seen, nth) => (nth === 5 ? { ...seen, heads: [...seen.heads, seen.heads[0]!] } : seen)),
  'O30': async (copy) => {
    const { index, width } = edgeOf(copy.original);
    const stale = readdirSync(copy.path(partialsFolder(tilePath(0, index)))).find((name) => Number(name) !== width);
    copy.change(tilePath(0, index, Number(stale)), flipped(5));
    return copy.verify();
  },
  'O31': async (copy) => {
    const { index, width } = edgeOf(copy.original);
    copy.change(tilePath(0, index, width), (bytes) => bytes.subarray(32));
    return copy.verify();
  },
  'O32': async (copy) => (copy.write(new Map([['tile/0/000.p/300', Buffer.alloc(300 * 32)]])), copy.verify()),
  'O33': async (copy) => (rmSync(copy.path('tile/0/000')), copy.verify()),
  'O34': async (copy) => (rmSync(copy.path('tile/entries/000')), copy.verify()),
  'O35': async (copy) => (rmSync(copy.path('checkpoint')), copy.verify()),
  'O36': async (copy) => {
    const { index, width } = edgeOf(copy.original);
    const [full, edge] = [copy.path('tile/0/000'), copy.path(tilePath(0, index, width))];
    mkdirSync(copy.path('aside'));
    renameSync(full, copy.path('aside/000'));
    renameSync(edge, full);
    renameSync(copy.path('aside/000'), edge);
    rmSync(copy.path('aside'), { recursive: true });
    return copy.verify();
  },
  'O37': async (copy) => (copy.signAnew([...copy.original.leaves, Buffer.from('no event at all')]), copy.verify()),
  'O38': async (copy) => {
    const { keys, events } = copy.original;
    return copy.compare([feedOf(consent, keys.get(consent)!, [...events.get(consent)!, invented(copy.original, consent)])]);
  },
  'O39': async (copy) => (copy.signAnew([...copy.original.leaves, bytesOf(announcementOf('pension/0', other(), evening))]), copy.compare()),
  'O40': async (copy) => {
    const { leaves, keys } = copy.original;
    const own = other();
    const [at, first] = [copy.original.leafOf(consent, 60), copy.original.leafOf(consent, 1)];
    copy.signAnew(forged(leaves, {
      keys: new Map([[consent, own], [auditSource, keys.get(auditSource)!]]),
      event: (event, leaf) => (leaf === first ? { ...announcementOf(consent, own, evening), id: event.id, occurredAt: event.occurredAt } : leaf === at ? { ...event, subject: 'somebody-else' } : event),
    }));
    const seen = await copy.verify();
    return seen.length === 0 ? copy.compare() : ['verify alone should not have been able to tell', ...seen];
  },
  'O41': async (copy) => copy.replay((entries) => entries.with(60, changed(entries[60]!))),
  'O42': async (copy) => copy.replay((entries) => entries.toSpliced(60, 1)),
  'O43': async (copy) => copy.replay((entries) => entries.slice(0, -1)),
  'O44': async (copy) => (copy.change('checkpoint', (bytes) => Buffer.from(bytes.toString().replace('\n\n', '\nand one line more\n\n'))), copy.verify()),
} satisfies Record<string, Act>;
