import type { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { SignedHead } from '@tillid/contracts/event/v1/event';

/** What to record this second: nothing, unless a source other than audit itself has gone on. Time never goes back. */
export function headsToRecord(last: HeadsSeen | undefined, heads: readonly SignedHead[], nowMs: number): HeadsSeen | undefined {
  const before = new Map(last?.heads.map((head) => [head.source, head.position]));
  const advanced = heads.some((head) => !head.source.startsWith('audit/') && head.position > (before.get(head.source) ?? 0));
  if (!advanced) return undefined;
  // A head heard again after a restart may be older than the one recorded: positions never go back either.
  const newest = new Map(last?.heads.map((head) => [head.source, head]));
  for (const head of heads) if (head.position >= (before.get(head.source) ?? 0)) newest.set(head.source, head);
  const sorted = [...newest.values()].sort((one, other) => (one.source < other.source ? -1 : 1));
  return { timeMs: Math.max(nowMs, (last?.timeMs ?? 0) + 1), heads: sorted };
}

/** Per source the position that is dated before an instant; sources the heads do not name stand at 0. */
export function positionsIn(seen: HeadsSeen | undefined): ReadonlyMap<string, number> {
  return new Map(seen?.heads.map(({ source, position }) => [source, position]));
}
