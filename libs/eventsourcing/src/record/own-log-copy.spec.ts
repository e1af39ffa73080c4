import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { formatReceipt, InMemoryLog, leafHash, LogKeys, mapSubtree, noteSigner, parseVkey, proveInclusion, proveInMap, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { checkOwnLogCopy, citizenOwner, emptyChain, everyoneOwner, nextChainOver, ownLogMapKey, ownLogMapValue, type CopiedLine, type OwnLogCopy } from '../index.js';

const origin = 'log.example/one';
const seed = Buffer.alloc(32, 9);
const key = parseVkey(vkeyOf(origin, seed));
const owner = citizenOwner('anna');

function linesOf(...acts: readonly string[]): CopiedLine[] {
  let chain: Uint8Array = emptyChain;
  return acts.map((act, index) => ({ number: index + 1, leafHash: leafHash(Buffer.from(act)), chain: (chain = nextChainOver(chain, leafHash(Buffer.from(act)))) }));
}

/** What audit would answer when these lines are hers and these are shown. */
async function copyOf(committed: readonly CopiedLine[], shown: readonly CopiedLine[] = committed, type = 'tillid.audit.v1.OwnLogHeads', signer = seed): Promise<OwnLogCopy> {
  const last = committed.at(-1);
  const entries = [...(last ? [{ key: ownLogMapKey(owner), value: ownLogMapValue(last) }] : []), { key: ownLogMapKey('client/bank'), value: Buffer.alloc(40, 1) }];
  const data = OwnLogHeads.encode({ ledgerPosition: 40, root: mapSubtree(entries).root, logs: entries.length }).finish();
  const event = Event.encode(Event.fromPartial({ id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 1), source: 'audit/0', type, stream: 'own-log-heads', revision: 1, data: Buffer.from(data) })).finish();
  const log = new InMemoryLog(noteSigner(origin, signer));
  for (const entry of [Buffer.from('something else'), event]) log.append([entry]);
  const path = await proveInclusion(1, 2, subtreeRootsFrom(log, 2));
  const receipt = formatReceipt({ index: 1, path, checkpoint: Buffer.from((await log.read('checkpoint'))!).toString('utf8') });
  const nothing = Buffer.alloc(0);
  const heads = [owner, everyoneOwner].map((whose) => {
    const head = whose === owner ? last : undefined;
    const { siblings, other } = proveInMap(entries, ownLogMapKey(whose));
    return { owner: whose, number: head?.number ?? 0, chain: head?.chain ?? nothing, siblings, otherKey: other?.key ?? nothing, otherValue: other?.value ?? nothing };
  });
  return { logs: [{ owner, lines: shown }, { owner: everyoneOwner, lines: [] }], committed: { event, receipt, heads } };
}
const codes = (copy: OwnLogCopy, earlier?: OwnLogCopy) => checkOwnLogCopy(copy, key, earlier).findings.map(({ code, number }) => `${code} ${number}`);

describe('the copy that a citizen keeps of her log', () => {
  const three = linesOf('registered', 'signed in', 'address read');

  it('holds when it is all there was, and may have lines that came after the head', async () => {
    expect(checkOwnLogCopy(await copyOf(three), key)).toEqual({ findings: [], ledgerPosition: 40, treeSize: 2, logs: [{ owner, number: 3, committed: 3 }, { owner: everyoneOwner, number: 0, committed: 0 }] });
    expect(codes(await copyOf(three.slice(0, 2), three))).toEqual([]);
    expect(codes(await copyOf([]))).toEqual([]);
  });

  it.each([
    ['a line in the middle is missing', [three[0]!, three[2]!], 'own_log.hole 2'],
    ['the newest line is held back', three.slice(0, 2), 'own_log.withheld 3'],
    ['everything is held back', [], 'own_log.withheld 3'],
    ['a line was changed', linesOf('registered', 'signed in elsewhere', 'address read'), 'own_log.chain_differs 3'],
    ['a line was slipped in', linesOf('registered', 'signed in', 'signed in', 'address read'), 'own_log.chain_differs 3'],
    ['a line does not follow from the one before', three.with(1, { ...three[1]!, leafHash: leafHash(Buffer.from('other')) }), 'own_log.chain_differs 2'],
    ['a hash is cut short', three.with(1, { ...three[1]!, leafHash: Buffer.alloc(31) }), 'own_log.chain_differs 2'],
  ])('is found wrong when %s', async (_how, shown, code) => {
    expect(codes(await copyOf(three, shown))).toEqual([code]);
  });

  it('is found wrong when the head is not in the log of this key, or is no head', async () => {
    for (const copy of [await copyOf(three, three, 'tillid.audit.v1.HeadsSeen'), await copyOf(three, three, undefined, Buffer.alloc(32, 8))]) expect(codes(copy)[0]).toBe('own_log.not_proved 0');
    const copy = await copyOf(three);
    const claimed = { ...copy.committed.heads[0]!, number: 2, chain: three[1]!.chain };
    expect(codes({ logs: [{ owner, lines: three.slice(0, 2) }], committed: { ...copy.committed, heads: [claimed] } })).toEqual(['own_log.not_proved 0']);
    expect(codes({ ...copy, committed: { ...copy.committed, heads: [] } })).toEqual(['own_log.not_proved 0', 'own_log.not_proved 0']);
  });

  it('holds under the key that the old one named, and no longer under the old one alone', async () => {
    const [next, nextSeed] = [parseVkey(vkeyOf(origin, Buffer.alloc(32, 8))), Buffer.alloc(32, 8)];
    const checkpoint = { origin, size: 1, root: leafHash(Buffer.from('something else')), extensions: [] };
    const keys = new LogKeys(key, [{ key, next, vkey: '', nextVkey: '', bothUntilMs: 0, leafIndex: 0, checkpoint, note: '', path: 'key/of-the-old' }]);
    const found = async (signer: typeof seed) => checkOwnLogCopy(await copyOf(three, three, undefined, signer), keys).findings.map(({ code }) => code);
    expect(await found(nextSeed)).toEqual([]);
    expect(await found(seed)).toContain('own_log.not_proved');
  });

  it('shows, beside one kept from before, whether the past was rewritten', async () => {
    const kept = await copyOf(three.slice(0, 2));
    expect(codes(await copyOf(three), kept)).toEqual([]);
    const rewritten = linesOf('registered', 'address read', 'closed');
    expect(codes(await copyOf(rewritten), kept)).toEqual(['own_log.rewritten 2']);
    expect(codes(await copyOf(three.slice(0, 1)), kept)).toEqual(['own_log.rewritten 2']);
  });
});
