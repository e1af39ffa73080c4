import { afterPrefix, indexKey, rightAfter, type PageQuery } from '@tillid/eventsourcing';
import { pageKey } from './read-model-row.js';

/** `equals` is a prefix of the key; a cursor narrows one of its ends, and never widens it: it may come from a caller. */
export function pageBounds({ equals = [], after, descending }: { readonly [Name in 'equals' | 'after' | 'descending']: PageQuery[Name] | undefined }): { readonly from: string; readonly below: string } {
  const prefix = indexKey(equals);
  const [from, below] = [pageKey(prefix), pageKey(afterPrefix(prefix))];
  if (!after) return { from, below };
  if (descending) return { from, below: smaller(pageKey(indexKey(after)), below) };
  return { from: larger(pageKey(rightAfter(indexKey(after))), from), below };
}

function smaller(left: string, right: string): string {
  return left < right ? left : right;
}

function larger(left: string, right: string): string {
  return left > right ? left : right;
}
