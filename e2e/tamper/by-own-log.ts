import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { checkOwnLogCopy, citizenOwner, noLines, ownLogMapKey, ownLogMapValue, ownLogsStep, type CopiedLine, type LogOwner, type OwnLogCopy, type OwnLogHead } from '@tillid/eventsourcing';
import { formatReceipt, InMemoryLog, leafHash, mapSubtree, noteSigner, proveInclusion, proveInMap, subtreeRootsFrom, type MapEntry } from '@tillid/transparency';
import { auditSource, bytesOf, eventOf } from './events.js';
import { evening, origin, seed, type Copy } from './installation.js';
import type { Act } from './kinds.js';

const anna = citizenOwner('anna');

/** What was done to Anna in the evening: it is in the log, and she is shown it. */
const done = [1, 2, 3, 4].map((nth) => bytesOf(eventOf('consent/0', `anna-${nth}`, 1, evening, { subject: 'anna' })));
const others = bytesOf(eventOf('consent/0', 'bent-1', 1, evening, { subject: 'bent' }));

/** Every own log of a ledger, by the rule that audit keeps them by. */
function ownLogsIn(leaves: readonly Uint8Array[]) {
  const heads = new Map<LogOwner, OwnLogHead>();
  const lines = new Map<LogOwner, CopiedLine[]>();
  leaves.forEach((bytes, index) => {
    const step = ownLogsStep({ envelope: Event.decode(bytes), position: index + 1, leafHash: leafHash(bytes) }, { head: (owner) => heads.get(owner) ?? noLines, citizenOf: () => undefined, unowned: () => [] });
    for (const line of step.lines) {
      heads.set(line.owner, line);
      lines.set(line.owner, [...(lines.get(line.owner) ?? []), line]);
    }
  });
  return { heads, lines };
}

/** What audit commits of these heads, and the proof of Anna's. */
function commit(heads: ReadonlyMap<LogOwner, OwnLogHead>, ledgerPosition: number) {
  const entries: MapEntry[] = [...heads].map(([owner, head]) => ({ key: ownLogMapKey(owner), value: ownLogMapValue(head) }));
  const { root, count } = mapSubtree(entries);
  const data = Buffer.from(OwnLogHeads.encode({ ledgerPosition, root, logs: count }).finish());
  return { event: bytesOf(eventOf(auditSource, 'own-log-heads', 1, evening, { type: 'tillid.audit.v1.OwnLogHeads', data })), siblings: proveInMap(entries, ownLogMapKey(anna)).siblings };
}

/** Her copy as an honest audit gives it at the end of these acts; the committed event is the last leaf. */
async function copyAfter({ original }: Copy, acts: readonly Uint8Array[], by = seed): Promise<OwnLogCopy> {
  const leaves = [...original.leaves, ...acts];
  const { heads, lines } = ownLogsIn(leaves);
  const { event, siblings } = commit(heads, leaves.length);
  const log = new InMemoryLog(noteSigner(origin, by));
  log.append([...leaves, event]);
  const size = leaves.length + 1;
  const receipt = formatReceipt({ index: size - 1, path: await proveInclusion(size - 1, size, subtreeRootsFrom(log, size)), checkpoint: Buffer.from(log.files.get('checkpoint')!).toString() });
  const nothing = Buffer.alloc(0);
  return { logs: [{ owner: anna, lines: lines.get(anna)! }], committed: { event, receipt, heads: [{ owner: anna, ...heads.get(anna)!, siblings, otherKey: nothing, otherValue: nothing }] } };
}

/** What she is shown instead of her lines, and looks at with the log's key alone. */
export const shown = (change: (lines: readonly CopiedLine[]) => readonly CopiedLine[]) => async (copy: Copy) => {
  const honest = await copyAfter(copy, done);
  return codesOf({ ...honest, logs: [{ owner: anna, lines: change(honest.logs[0]!.lines) }] }, copy);
};

function codesOf(mine: OwnLogCopy, { original }: Copy, earlier?: OwnLogCopy): string[] {
  return checkOwnLogCopy(mine, original.verifier, earlier).findings.map(({ code }) => code);
}

export const byOwnLog = {
  'L01': shown((lines) => lines.toSpliced(1, 1)),
  'L02': shown((lines) => lines.slice(0, -1)),
  'L03': shown((lines) => lines.with(2, { ...lines[2]!, leafHash: leafHash(others) })),
  'L04': async (copy) => codesOf(await copyAfter(copy, [...done.slice(1), others]), copy, await copyAfter(copy, done)),
  'L05': async (copy) => codesOf(await copyAfter(copy, done, Buffer.alloc(32, 6)), copy),
  'L06': async (copy) => {
    const leaves = [...copy.original.leaves, ...done, others];
    const { heads, lines } = ownLogsIn(leaves);
    // For her alone: a head without her newest line, which fits what she is shown.
    copy.signAnew([...leaves, commit(new Map(heads).set(anna, lines.get(anna)!.at(-2)!), leaves.length).event]);
    return copy.verify();
  },
  'L07': async (copy) => {
    const leaves = [...copy.original.leaves, ...done, others];
    const { heads } = ownLogsIn(leaves);
    heads.delete(anna);
    copy.signAnew([...leaves, commit(heads, leaves.length).event]);
    return copy.verify();
  },
} satisfies Record<string, Act>;
