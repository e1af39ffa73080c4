import type { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import type { ProgressBook } from '@tillid/eventsourcing';
import type { RpcClient } from './rpc-client.js';

/** "consent/0@17". Undefined for anything else. */
export function parsePosition(text: string): { readonly source: string; readonly position: number } | undefined {
  const [, source, digits] = /^([a-z]{1,20}\/\d{1,4})@(\d{1,15})$/.exec(text) ?? [];
  return source && digits ? { source, position: Number(digits) } : undefined;
}

/** True once every consumer of the source in this service has applied the position; false when the signal aborts first. */
export async function waitForPosition(book: ProgressBook, wanted: { readonly source: string; readonly position: number }, signal: AbortSignal): Promise<boolean> {
  const consumers = book.list().filter(({ source }) => source === wanted.source);
  const reached = await Promise.all(consumers.map(({ consumer }) => book.waitFor(consumer, wanted.source, wanted.position, signal)));
  return reached.every(Boolean);
}

/**
 * "Unknown" may only mean "not heard of yet": asks the other service how far it is and waits until this one has taken in
 * as much. True when it has; look again then. False when the deadline came first.
 */
export async function catchUp(
  feed: Pick<RpcClient<typeof FeedServiceService>, 'getHead'>,
  book: ProgressBook,
  source: string,
  options: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { head } = await feed.getHead({ source }, options);
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(Math.max(1, Math.min(options.deadlineMs - Date.now(), 60_000)))]);
  return waitForPosition(book, { source, position: head?.position ?? 0 }, deadline);
}
