import { describe, expect, it } from 'vitest';
import { whoChanged, type Evidence, type WeighedHead } from './who-changed.js';

const head = { source: 'consent/0', position: 9, chain: Buffer.alloc(32), timeMs: 1, signature: Buffer.alloc(64) };
const signed = (from: WeighedHead['from'], fitsTree: boolean | undefined, fitsSource: boolean | undefined): WeighedHead => ({ from, head, publicKey: Buffer.alloc(32), fitsTree, fitsSource });
const sameKeys = { differ: false, treeIsKept: undefined, sourceIsKept: undefined };
const told = (evidence: Partial<Evidence>) => {
  const { changed, because } = whoChanged({ code: 'entry.differs', heads: [], treeForked: false, unconfirmed: false, feedNotSigned: false, firstKeys: sameKeys, ...evidence });
  return [changed, ...because];
};

describe('who must have changed what differs', () => {
  it.each<[string, Partial<Evidence>, string[]]>([
    ['the service: it signed what the tree has, and gives something else', { heads: [signed('log', true, false), signed('now', false, true)] }, ['service', 'source.signed_otherwise']],
    ['the service: it signed more than it has now', { code: 'source.shorter', heads: [signed('log', true, false)] }, ['service', 'source.signed_otherwise']],
    ['the service: it signed both, whatever audit recorded first', { heads: [signed('log', true, false), signed('kept', true, false)] }, ['service', 'source.signed_otherwise']],
    ['the service: it signs another thing than it gives', { code: 'source.broken', feedNotSigned: true, heads: [signed('now', true, false)] }, ['service', 'source.signed_otherwise', 'source.feed_not_signed']],
    ['the service, though audit forked elsewhere: here it has what was signed', { treeForked: true, heads: [signed('log', true, false)] }, ['service', 'source.signed_otherwise']],
    ['the service: it begins with another key than was kept', { code: 'key.differs', firstKeys: { differ: true, treeIsKept: true, sourceIsKept: false } }, ['service', 'source.key_not_kept']],
    ['audit: it recorded what the source still signs, and has something else', { heads: [signed('log', false, true), signed('now', false, true)] }, ['audit', 'tree.differs_from_recorded_head']],
    ['audit: it has no more what it had when somebody looked', { heads: [signed('kept', false, true)] }, ['audit', 'tree.differs_from_kept_head']],
    ['audit: it signed two trees', { treeForked: true, heads: [signed('now', false, true)] }, ['audit', 'tree.forked']],
    ['audit: it stands by what no head of the source covers', { unconfirmed: true }, ['audit', 'tree.never_signed']],
    ['audit: it has the source begin with another key than was kept', { firstKeys: { differ: true, treeIsKept: false, sourceIsKept: true } }, ['audit', 'tree.key_not_kept']],
    ['both: neither has what was signed', { heads: [signed('log', false, false)] }, ['both', 'source.signed_otherwise', 'tree.differs_from_recorded_head']],
    ['both: the source signed two pasts, and audit recorded the one it does not have', { heads: [signed('log', false, true), signed('log', true, false)] }, ['both', 'source.signed_otherwise', 'tree.differs_from_recorded_head']],
    ['not to be told: what the source signs today says nothing of yesterday', { heads: [signed('now', false, true)] }, ['cannot_be_told', 'unknown.no_head_covers']],
    ['not to be told: what cannot be weighed convicts nobody', { code: 'ledger.shorter', heads: [signed('now', undefined, undefined), signed('log', true, undefined)] }, ['cannot_be_told', 'unknown.not_taken_in']],
    ['not to be told: two first keys, and none was kept', { firstKeys: { ...sameKeys, differ: true } }, ['cannot_be_told', 'unknown.two_first_keys']],
    ['not to be told: nobody gives the source', { code: 'source.unknown' }, ['cannot_be_told', 'unknown.nobody_to_ask']],
  ])('is %s', (_, evidence, answer) => expect(told(evidence)).toEqual(answer));
});
