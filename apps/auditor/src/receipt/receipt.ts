import { Refused } from '@tillid/kernel';
import { checkReceiptByPolicy, leafHash, parseReceipt, type Policy } from '@tillid/transparency';

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

/** Whether this entry is in a log of the policy, in a tree that its quorum of witnesses saw. Asks nobody. */
export function checkedReceipt(receipt: Uint8Array, entry: Uint8Array, policy: Policy): ReceiptVerdict {
  try {
    const { index, checkpoint, cosigned } = checkReceiptByPolicy(parseReceipt(receipt), leafHash(entry), policy);
    const witnesses = cosigned.map(({ witness, seconds }) => ({ witness, at: instantOf(seconds) }));
    return { holds: true, origin: checkpoint.origin, leafIndex: index, size: checkpoint.size, witnesses };
  } catch (error) {
    if (error instanceof Refused) return { holds: false, wrong: error.code };
    throw error;
  }
}

function instantOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}
