import { refuse } from './transparency.refusals.js';

/** An entry's length is written in two bytes. */
export const maxEntryBytes = 65_535;

/** Each entry as its length, big-endian, and its bytes. */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  let bytes = 0;
  for (const entry of entries) {
    if (entry.length > maxEntryBytes) throw refuse('entry.too_large');
    bytes += 2 + entry.length;
  }
  const bundle = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const entry of entries) {
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** Exactly `count` entries and not a byte more; they are views into the bundle, not copies. */
export function parseBundle(bundle: Uint8Array, count: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    if (entries.length === count) throw refuse('bundle.too_many_entries');
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined) throw refuse('bundle.truncated');
    const end = at + 2 + high * 256 + low;
    if (end > bundle.length) throw refuse('bundle.truncated');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (entries.length < count) throw refuse('bundle.too_few_entries');
  return entries;
}

/** The first `count` entries of a longer bundle, still encoded; undefined when there are not so many. */
export function bundlePrefix(bundle: Uint8Array, count: number): Uint8Array | undefined {
  let at = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined) return undefined;
    at += 2 + high * 256 + low;
  }
  return at > bundle.length ? undefined : bundle.subarray(0, at);
}
