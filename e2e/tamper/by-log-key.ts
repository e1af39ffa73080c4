import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogKeyAnnounced } from '@tillid/contracts/audit/v1/events';
import { formatKeyChangeProof, logKeyAnnouncedType } from '@tillid/eventsourcing';
import { edgeRoot, InMemoryLog, keyChangePath, LogKeys, noteSigner, openKeyChange, parseCheckpoint, parseNote, parseVkey, proveInclusion, signCheckpoint, signKeyChange, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { auditSource, bytesOf, eventOf } from './events.js';
import { evening, origin, seed, type Copy } from './installation.js';
import type { Act } from './kinds.js';

/** The log's key, the next one, and one that is none of its. */
const [old, next, other] = [seed, Buffer.alloc(32, 11), Buffer.alloc(32, 12)];
const proofPath = keyChangePath(noteSigner(origin, old).keyId);

function announcement(from: Uint8Array, to: Uint8Array, revision: number, signatures: { readonly by?: Uint8Array; readonly has?: Uint8Array } = {}): Buffer {
  const named = { vkey: vkeyOf(origin, from), nextVkey: vkeyOf(origin, to), bothUntilMs: evening };
  const { signature, possession, ...rest } = signKeyChange(named, noteSigner(origin, signatures.by ?? from), noteSigner(origin, signatures.has ?? to));
  return bytesOf(eventOf(auditSource, 'log-keys', revision, evening, { type: logKeyAnnouncedType, data: Buffer.from(LogKeyAnnounced.encode({ ...rest, signature: Buffer.from(signature), possession: Buffer.from(possession) }).finish()) }));
}

/** The log goes on by these entries, and these keys sign it. Answers the checkpoint. */
function goOn(copy: Copy, more: readonly Uint8Array[], ...by: readonly Uint8Array[]): { readonly log: InMemoryLog; readonly checkpoint: string } {
  const leaves = [...copy.original.leaves, ...more];
  copy.signAnew(leaves);
  const log = new InMemoryLog(noteSigner(origin, old));
  log.append(leaves);
  const checkpoint = signCheckpoint({ origin, size: log.edge.size, root: edgeRoot(log.edge) }, by.map((each) => noteSigner(origin, each)));
  copy.write(new Map([['checkpoint', Buffer.from(checkpoint)]]));
  return { log, checkpoint };
}

/** How a key was replaced, as it lies in the log: an entry in a tree. */
async function proof({ log, checkpoint }: { readonly log: InMemoryLog; readonly checkpoint: string }, entry: Uint8Array, index: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const { size } = parseCheckpoint(parseNote(checkpoint).text);
  return new Map([[proofPath, Buffer.from(formatKeyChangeProof(entry, { index, path: await proveInclusion(index, size, subtreeRootsFrom(log, size)), checkpoint }))]]);
}

/** Announced, in a tree that both sign; then one event more, signed by these. */
async function replaced(copy: Copy, entry: Uint8Array, more: readonly Uint8Array[], ...by: readonly Uint8Array[]): Promise<void> {
  const proven = await proof(goOn(copy, [entry], old, next), entry, copy.original.leaves.length);
  goOn(copy, [entry, ...more], ...by);
  copy.write(proven);
}

const lookedAtWith = (copy: Copy, key: Uint8Array, options: Parameters<Copy['verify']>[0] = {}) => {
  writeFileSync(join(copy.folder, 'audit/log.vkey'), `${vkeyOf(origin, key)}\n`);
  return copy.verify(options);
};

/** As it should be: found to be whole by who knows the old key, by who knows the new one, and by who kept a checkpoint. */
export const replacedAsItShouldBe: Act = async (copy) => {
  await replaced(copy, announcement(old, next, 1), [], next);
  return [...(await copy.verify()), ...(await copy.verifyWithState()), ...(await lookedAtWith(copy, next)), ...(await lookedAtWith(copy, next, { previousCheckpoint: copy.original.keptCheckpoint }))];
};

export const byLogKey = {
  'K01': async (copy) => (goOn(copy, [], next), copy.verify()),
  'K02': async (copy) => (await replaced(copy, announcement(old, next, 1, { by: other }), [], next), copy.verify()),
  'K03': async (copy) => (await replaced(copy, announcement(old, next, 1, { has: other }), [], next), copy.verify()),
  'K04': async (copy) => (goOn(copy, [announcement(old, next, 1, { by: other })], next), lookedAtWith(copy, next)),
  'K05': async (copy) => (await replaced(copy, announcement(old, next, 1), [announcement(old, other, 2)], next), copy.verify()),
  'K06': async (copy) => (await replaced(copy, announcement(old, next, 1), [announcement(other, old, 2)], next), copy.verify()),
  'K07': async (copy) => (await replaced(copy, announcement(old, next, 1), [], old), copy.verify()),
  'K08': async (copy) => (goOn(copy, [announcement(old, next, 1)], old), copy.verify()),
  'K09': async (copy) => {
    const entry = announcement(old, next, 1);
    // What somebody kept who followed: signed by both, and of that what the new one says.
    const { key, next: followed } = openKeyChange(signKeyChange({ vkey: vkeyOf(origin, old), nextVkey: vkeyOf(origin, next), bothUntilMs: 0 }, noteSigner(origin, old), noteSigner(origin, next)));
    const { checkpoint } = goOn(copy, [entry], old, next);
    const step = { key, next: followed, vkey: '', nextVkey: '', bothUntilMs: 0, leafIndex: copy.original.leaves.length, checkpoint: parseCheckpoint(parseNote(checkpoint).text), note: checkpoint, path: proofPath };
    const previousCheckpoint = new LogKeys(parseVkey(vkeyOf(origin, old)), [step]).kept(checkpoint);
    goOn(copy, [entry, bytesOf(eventOf('consent/0', 'invented', 1, evening))], old);
    return copy.verify({ previousCheckpoint }).catch((error: Error) => [error.constructor.name]);
  },
  'K10': async (copy) => {
    const entry = announcement(old, next, 1);
    const elsewhere = new InMemoryLog(noteSigner(origin, old));
    elsewhere.append([...copy.original.leaves.slice(1), entry]);
    const index = copy.original.leaves.length - 1;
    const proven = await proof({ log: elsewhere, checkpoint: Buffer.from(elsewhere.files.get('checkpoint')!).toString() }, entry, index);
    goOn(copy, [entry], next);
    copy.write(proven);
    return copy.verify();
  },
} satisfies Record<string, Act>;
