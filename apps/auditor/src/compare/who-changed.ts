import type { SignedHead } from '@tillid/contracts/event/v1/event';
import type { DifferenceCode } from './difference-code.js';

/**
 * A head that the source signed, weighed against what the tree and the source have at its position. Where it was found:
 * `log`, audit recorded it in a HeadsSeen; `kept`, an earlier compare that held kept it, so that the tree had it then;
 * `now`, the source says it today.
 */
export interface WeighedHead {
  readonly from: 'log' | 'kept' | 'now';
  readonly head: SignedHead;
  /** The source's key that it is signed by. */
  readonly publicKey: Uint8Array;
  /** Undefined: not known, because that side has not come so far, or does not say. */
  readonly fitsTree: boolean | undefined;
  readonly fitsSource: boolean | undefined;
}

/** All that the rule looks at. */
export interface Evidence {
  readonly code: DifferenceCode;
  /** At or after the first difference; those of now wherever they are. */
  readonly heads: readonly WeighedHead[];
  /** The tree is not one that continues the checkpoint that was kept. */
  readonly treeForked: boolean;
  /** The tree has had it for ten minutes, and audit recorded no head of the source that covers it. */
  readonly unconfirmed: boolean;
  /** Its feed, or the head it shows, is not what its key signs. */
  readonly feedNotSigned: boolean;
  /** The keys that tree and source begin with: whether they are one, and the one that was kept. Undefined: none was kept, or that side has none. */
  readonly firstKeys: { readonly differ: boolean; readonly treeIsKept: boolean | undefined; readonly sourceIsKept: boolean | undefined };
}

/** Why, each with what it means. Codes are stable: the auditor prints them, tests assert them. */
export const reasons = {
  'source.signed_otherwise': 'the source signed something else than what it gives now',
  'source.feed_not_signed': 'what the source gives is not what its own key signs',
  'source.key_not_kept': 'the source begins with another key than when it was last looked at',
  'tree.differs_from_recorded_head': "audit recorded a head that the source signed, and the tree's entries are not what that head covers",
  'tree.differs_from_kept_head': 'the tree does not have what it had when it was last looked at, as the source had signed it',
  'tree.forked': 'audit signed another tree before, which this one does not continue',
  'tree.never_signed': 'the tree has it for ten minutes and no head of its source covers it: it was never the source that said so',
  'tree.key_not_kept': 'the tree has the source begin with another key than when it was last looked at',
  'unknown.no_head_covers': 'no head that the source signed covers it yet in the log, and none was kept: look again, with --state',
  'unknown.not_taken_in': 'the source has it and the tree has not: audit is behind, has parked it, withholds it, or was not told; `tillid status` says which',
  'unknown.two_first_keys': "tree and source begin with different keys, and none was kept: which is the source's own, somebody else must say",
  'unknown.nobody_to_ask': 'no service gives this source',
} as const satisfies Record<string, string>;
export type Reason = keyof typeof reasons;

export interface Judgement {
  readonly changed: 'service' | 'audit' | 'both' | 'cannot_be_told';
  readonly because: readonly Reason[];
}

/**
 * Who must have changed it, when tree and source differ. Nobody's word counts, only what a party signed and cannot have
 * signed of one history: a source is convicted by a head of its own that what it gives now does not have, audit by one
 * that it recorded, or had under a checkpoint that was kept, and that its tree does not have. Each of the two is looked at
 * for itself: it may be both. (Audit's own rule, apps/audit/src/take-in/who-changed.ts, asks another thing: whether its store is
 * still what it took in. It trusts its memory; this trusts neither.)
 */
export function whoChanged({ code, heads, treeForked, unconfirmed, feedNotSigned, firstKeys }: Evidence): Judgement {
  const treeLacks = (from: WeighedHead['from']) => heads.some((head) => head.from === from && head.fitsTree === false);
  const service = holding({
    'source.signed_otherwise': heads.some(({ fitsSource }) => fitsSource === false),
    'source.feed_not_signed': feedNotSigned,
    'source.key_not_kept': firstKeys.sourceIsKept === false,
  });
  const audit = holding({
    'tree.differs_from_recorded_head': treeLacks('log'),
    'tree.differs_from_kept_head': treeLacks('kept'),
    // A fork elsewhere: what the tree has here, the source signed.
    'tree.forked': treeForked && !heads.some(({ from, fitsTree }) => from !== 'now' && fitsTree === true),
    'tree.never_signed': unconfirmed,
    'tree.key_not_kept': firstKeys.treeIsKept === false,
  });
  if (service.length > 0 || audit.length > 0) return { changed: audit.length === 0 ? 'service' : service.length === 0 ? 'audit' : 'both', because: [...service, ...audit] };
  return { changed: 'cannot_be_told', because: [code === 'source.unknown' ? 'unknown.nobody_to_ask' : firstKeys.differ ? 'unknown.two_first_keys' : code === 'ledger.shorter' ? 'unknown.not_taken_in' : 'unknown.no_head_covers'] };
}

function holding(each: Partial<Record<Reason, boolean>>): readonly Reason[] {
  return (Object.keys(each) as Reason[]).filter((reason) => each[reason]);
}
