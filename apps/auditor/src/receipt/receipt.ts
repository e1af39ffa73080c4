import { Refused } from '@tillid/kernel';
import { checkReceiptByPolicy, LogKeys, parseReceipt, type Policy } from '@tillid/transparency';

export interface ReceiptVerdict {
  readonly holds: boolean;
  /** Refusal code of what is wrong; absent when it holds. */
  readonly wrong?: string;
  readonly origin?: string;
  readonly leafIndex?: number;
  readonly size?: number;
  /** Witnesses of the policy that saw this very tree, and when. */
  readonly witnesses?: readonly { readonly witness: string; readonly at: string }[];
}

/**
 * Whether the entry with this leaf hash is in a log of the policy, in a tree that its quorum of witnesses saw. Asks nobody. A receipt is under
 * the key of its time: `keys` are those of the policy's logs with their successors, as far as they are known.
 */
export function checkedReceipt(receipt: Uint8Array, leaf: Uint8Array, policy: Policy, keys: readonly LogKeys[] = policy.logs.map(({ key }) => new LogKeys(key))): ReceiptVerdict {
  try {
    const parsed = parseReceipt(receipt);
    const accepted = { ...policy, logs: keys.flatMap(({ all }) => all).map((key) => ({ key, url: undefined })) };
    const { index, checkpoint, cosigned } = checkReceiptByPolicy(parsed, leaf, accepted);
    requireInForce(parsed.checkpoint, keys);
    const witnesses = cosigned.map(({ witness, seconds }) => ({ witness, at: instantOf(seconds) }));
    return { holds: true, origin: checkpoint.origin, leafIndex: index, size: checkpoint.size, witnesses };
  } catch (error) {
    if (error instanceof Refused) return { holds: false, wrong: error.code };
    throw error;
  }
}

/** One that had a successor by then may be in other hands. */
function requireInForce(checkpoint: string, keys: readonly LogKeys[]): void {
  let refused: unknown;
  for (const each of keys) {
    try {
      return void each.open(checkpoint);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (refused === undefined || error.code === 'key.replaced') refused = error;
    }
  }
  throw refused;
}

function instantOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}
